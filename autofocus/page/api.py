"""Named endpoints for programs: `/predict` and `/refocus`, for `gradio_client` and the like.

Errors become sentences at the border (`border`), which every call passes; ranges are those of the
components below.
"""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import Field, fields, replace
from functools import partial
from pathlib import Path

import gradio as gr

from autofocus.errors import PhotoError, RequestError
from autofocus.focus import AUTO, Focus, describe, parse_focus
from autofocus.lens.lens import BLADES, Lens
from autofocus.lens.parameters import spread
from autofocus.page import depth_maps
from autofocus.page.focusing import focus_under
from autofocus.page.limits import read_upload
from autofocus.page.models import analyse, version_choices
from autofocus.page.session import (
    Scene,
    discard,
    hand_out,
    make_scene,
    write_depth_map,
    write_refocused,
    write_saliency_map,
)
from autofocus.photo import read_correction
from autofocus.predict import ENOUGH, predict_photo
from autofocus.versions.catalog import find_version

F_STOPS = (1, 64)
# The lens's fields that have a parameter of their own: the focus and its range are one question.
FIELDS = [field for field in fields(Lens) if field.name not in ("focus", "focus_range")]


LENS_WORDS = "        lens: fields of `Lens`."  # the line of `refocus` that the fields replace


def wire_api() -> None:
    """Add both endpoints to the page that is being built; nothing of them is seen on it."""
    with gr.Row(visible=False):
        photo, depth = gr.File(label="photo"), gr.File(label="depth")
        version = gr.Dropdown(version_choices()[0], value=None, label="version")
        outputs = gr.File(label="depth"), gr.File(label="saliency"), gr.JSON(label="facts")
        settings = [
            gr.Textbox(AUTO, label="focus"),
            number("range", None, 0, 1),
            *map(lens_component, FIELDS),
            depth,
            gr.Checkbox(False, label="invert"),
            gr.File(label="correction"),
            version,
        ]
        refocused = gr.File(label="refocused"), gr.JSON(label="facts")
    limits = {"concurrency_id": "network", "concurrency_limit": 1}
    gr.Button(visible=False).click(
        predict, [photo, version], list(outputs), api_name="predict", **limits
    )
    gr.Button(visible=False).click(
        refocus_endpoint(), [photo, *settings], list(refocused), api_name="refocus", **limits
    )


def lens_component(field: Field) -> gr.Number | gr.Dropdown:
    """What a field of the lens is asked by."""
    if field.name == "blades":
        return gr.Dropdown(list(BLADES), value=field.default, label=field.name)
    if field.name == "f_stop":
        return number(field.name, None, *F_STOPS)  # the default is the photo's
    return number(field.name, field.default, field.metadata["low"], field.metadata["high"])


def refocus_endpoint() -> Callable:
    """`refocus` as programs call it: the lens's fields one by one, each with its words."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    endpoint = spread(
        refocus,
        [
            inspect.Parameter(
                field.name,
                kind,
                default=None if field.name == "f_stop" else field.default,
                annotation=field.type,
            )
            for field in FIELDS
        ],
        dict,
    )
    words = [f"        {field.name}: {field.metadata['text']}." for field in FIELDS]
    endpoint.__doc__ = refocus.__doc__.replace(LENS_WORDS, "\n".join(words))
    return endpoint


def number(label: str, value: float | None, least: float, most: float) -> gr.Number:
    """A number of the lens, with its range."""
    return gr.Number(value, minimum=least, maximum=most, label=label)


def predict(photo: str, version: str | None = None) -> tuple[str, str, dict]:
    """Depth and subject of a photo.

    Args:
        photo: JPEG, PNG, WebP, AVIF, HEIC, TIFF or GIF.
        version: a model version of this server; its default if there is none.

    Returns:
        Depth (16-bit grey PNG of the photo's size, 65535 is nearest), saliency (8-bit grey PNG,
        probability · 255), and facts: focus, range, reason, salient_pixels, width, height, version.

    """
    with open_photo(photo, version) as scene:
        maps = [str(hand_out(write(scene))) for write in (write_depth_map, write_saliency_map)]
        return *maps, describe(scene.focus, scene.size, find_version(version).name)


def refocus(
    photo: str,
    focus: str = AUTO,
    range: float | None = None,  # the name that the command line has
    lens: dict[str, float] | None = None,
    depth: str | None = None,
    invert: bool = False,
    correction: str | None = None,
    version: str | None = None,
) -> tuple[str, dict]:
    """Refocus a photo with a wide aperture, at its full size.

    Args:
        photo: JPEG, PNG, WebP, AVIF, HEIC, TIFF or GIF.
        focus: "auto" (on the subject), a depth from 0 (farthest) to 1 (nearest), or a pixel "X,Y".
        range: width of the depths around the focus that are wholly sharp, 0 to 1. Without it, what
            the subject fills if the focus is "auto", else 0.
        lens: fields of `Lens`.
        depth: a grey map (nearest brightest) to use instead of the network's.
        invert: whether the nearest is darkest in that map.
        correction: an 8-bit grey PNG; 128 changes nothing, 255 sharpens, 0 blurs.
        version: a model version of this server; its default if there is none.

    Returns:
        The photo (JPEG) and facts: focus, range, reason, salient_pixels, width, height, version.

    """
    with open_photo(photo, version) as scene:
        used = with_custom(scene, Path(depth), invert) if depth else scene
        chosen = focus_of(used, focus)
        chosen = chosen if range is None else replace(chosen, range=range)
        given = {name: value for name, value in (lens or {}).items() if value is not None}
        made = Lens(**(chosen.lens | given))
        painted = read_correction(Path(correction)) if correction else None
        file = hand_out(write_refocused(used, made, correction=painted))
        return str(file), describe(chosen, scene.size, find_version(version).name)


def with_custom(scene: Scene, depth: Path, invert: bool) -> Scene:
    """The scene by a grey map of the program's."""
    depth_maps.keep_custom(scene, depth, invert=invert)
    return depth_maps.use_depth(scene, depth_maps.CUSTOM)


@contextlib.contextmanager
def open_photo(photo: str | None, version: str | None) -> Iterator[Scene]:
    """A predicted photo, which is discarded when it is done with."""
    if photo is None:
        raise PhotoError("There is no photo. Give one as `photo`.")
    scene = None
    try:
        opened = read_upload(photo, ENOUGH)
        prediction = predict_photo(partial(analyse, find_version(version).name), opened)
        scene = make_scene(Path(photo), opened, prediction)
        yield scene
    finally:
        discard(scene)


def focus_of(scene: Scene, text: str) -> Focus:
    """The focus that a text asks for; RequestError if it means nothing here."""
    try:
        wanted = parse_focus(text)
    except ValueError as error:
        raise RequestError(f"The focus {error}.") from error
    if wanted == AUTO:
        return scene.focus
    if isinstance(wanted, float):
        return Focus(wanted, "as given")
    (x, y), (height, width) = wanted, scene.size
    if not (0 <= x < width and 0 <= y < height):
        raise RequestError(f"{x}, {y} is outside the photo, which is {width}×{height}.")
    return focus_under(scene, (x + 0.5) / width, (y + 0.5) / height)
