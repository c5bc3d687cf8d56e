"""Named endpoints for programs: `/predict` and `/refocus`, for `gradio_client` and the like."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr

from autofocus.errors import AutoFocusError, PhotoError
from autofocus.focus import Focus, parse_focus
from autofocus.page.controls import F_STOPS
from autofocus.page.focusing import focus_under
from autofocus.page.models import analyse, version_choices
from autofocus.page.session import (
    Scene,
    discard,
    make_scene,
    with_depth,
    write_depth_map,
    write_refocused,
    write_saliency_map,
)
from autofocus.photo import read_photo
from autofocus.render import Lens
from autofocus.versions.weights import find_version

TROUBLE = (AutoFocusError, ValueError)
DEFAULT_F_STOP = Lens().f_stop


def wire_api() -> None:
    """Add both endpoints to the page that is being built; nothing of them is seen on it."""
    with gr.Row(visible=False):
        photo, own_depth = gr.File(label="photo"), gr.File(label="depth")
        version = gr.Dropdown(version_choices()[0], value=None, label="version")
        focus = gr.Textbox("auto", label="focus")
        f_stop = gr.Number(DEFAULT_F_STOP, minimum=min(F_STOPS), maximum=64, label="f_stop")
        blades = gr.Dropdown([0, 5, 6, 7, 8, 9], value=0, label="blades")
        highlights = gr.Number(1.0, minimum=0, maximum=1, label="highlights")
        depth, saliency = gr.File(label="depth"), gr.File(label="saliency")
        refocused, facts = gr.File(label="refocused"), gr.JSON(label="facts")
        limits = {"concurrency_id": "network", "concurrency_limit": 1}
        gr.Button().click(
            predict, [photo, version], [depth, saliency, facts], api_name="predict", **limits
        )
        gr.Button().click(
            refocus,
            [photo, focus, f_stop, blades, highlights, own_depth, version],
            [refocused, facts],
            api_name="refocus",
            **limits,
        )


def predict(photo: str, version: str | None = None) -> Iterator[tuple[str, str, dict]]:
    """Depth and subject of a photo.

    Args:
        photo: JPEG, PNG, WebP, AVIF, HEIC, TIFF or GIF, at most 64 megapixels.
        version: a model version of this host; its default if there is none.

    Returns:
        Depth (16-bit grey PNG of the photo's size, 65535 is nearest), saliency (8-bit grey PNG,
        probability · 255), and facts: focus, reason, salient_pixels, width, height, version.

    """
    with opened(photo, version) as scene:
        maps = str(write_depth_map(scene)), str(write_saliency_map(scene))
        yield *maps, facts_of(scene, scene.focus, version)


def refocus(
    photo: str,
    focus: str = "auto",
    f_stop: float = DEFAULT_F_STOP,
    blades: int = 0,
    highlights: float = 1.0,
    depth: str | None = None,
    version: str | None = None,
) -> Iterator[tuple[str, dict]]:
    """A photo taken again with a wide aperture, at its full size.

    Args:
        photo: JPEG, PNG, WebP, AVIF, HEIC, TIFF or GIF, at most 64 megapixels.
        focus: "auto" (on the subject), a depth from 0 (farthest) to 1 (nearest), or a pixel "X,Y".
        f_stop: the aperture's f-number, such as 1.4; smaller blurs more.
        blades: sides of the aperture, 5 to 9; 0 is round.
        highlights: from 0 (as they are) to 1, how much clipped lights are expanded.
        depth: a grey map (nearest brightest) to use instead of the network's.
        version: a model version of this host; its default if there is none.

    Returns:
        The photo (JPEG) and facts: focus, reason, salient_pixels, width, height, version.

    """
    with opened(photo, version, depth) as scene:
        chosen = focus_of(scene, focus)
        file = write_refocused(
            scene, Lens(focus=chosen.depth, f_stop=f_stop, blades=blades, highlights=highlights)
        )
        yield str(file), facts_of(scene, chosen, version)


@contextmanager
def opened(photo: str, version: str | None, depth: str | None = None) -> Iterator[Scene]:
    """A predicted photo, whose files go when it is done with; errors become sentences."""
    scene = None
    try:
        if photo is None:
            raise PhotoError("There is no photo. Give one as `photo`.")
        pixels = read_photo(photo).pixels
        scene = make_scene(Path(photo), pixels, analyse(find_version(version).name, pixels))
        yield with_depth(scene, Path(depth)) if depth else scene
    except TROUBLE as error:
        raise gr.Error(str(error), print_exception=False) from error
    finally:
        discard(scene)


def focus_of(scene: Scene, text: str) -> Focus:
    """The focus that a text asks for; ValueError if it means nothing here."""
    wanted = parse_focus(text)
    if wanted == "auto":
        return scene.focus
    if isinstance(wanted, float):
        return Focus(wanted, "as given")
    (x, y), (height, width) = wanted, scene.size
    if not (0 <= x < width and 0 <= y < height):
        raise PhotoError(f"{x}, {y} is outside the photo, which is {width}×{height}.")
    return focus_under(scene, (x + 0.5) / width, (y + 0.5) / height)


def facts_of(scene: Scene, focus: Focus, version: str | None) -> dict:
    """What a program wants to know beside the files."""
    return {
        "focus": focus.depth,
        "reason": focus.reason,
        "salient_pixels": focus.salient_pixels,
        "width": scene.size[1],
        "height": scene.size[0],
        "version": find_version(version).name,
    }
