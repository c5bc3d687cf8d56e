"""A visitor's photo with its maps: everything that the page shows of it and hands out.

The page shows previews; what is downloaded is made from the photo's own file at its full size.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from autofocus.batch.refocusing import PHONE as PHONE_DEPTH
from autofocus.batch.settings import NETWORK
from autofocus.files.atomic import replace_file, write_text
from autofocus.focus import Focus, choose_focus
from autofocus.focus_pull import PULL_SECONDS, focus_path, write_focus_pull
from autofocus.page.limits import read_upload
from autofocus.page.visits import is_left, new_folder
from autofocus.photo import (
    PREVIEW,
    Photo,
    compact,
    preview,
    resize,
    through_lens,
    to_bytes,
    to_words,
    write_depth,
    write_photo,
    write_saliency,
)
from autofocus.predict import Prediction, resize_depth
from autofocus.render import Lens, correct, render

DRAGGED = 640  # the same while a slider moves, and of a video
PHONE = str(PHONE_DEPTH)  # a source of depth maps, as NETWORK is
SALIENCY = "saliency.npy"  # in 8 bits; depth maps are in 16
FORMATS = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp", "TIFF": ".tif"}


@dataclass(frozen=True)
class Scene:
    """One photo, predicted: previews for the page and files for downloads."""

    name: str  # the photo's file name without its suffix
    source: Path  # the photo's file
    folder: Path  # of everything made for this photo
    photo: np.ndarray  # h×w×3 preview, float32 in [0, 1]
    depth: np.ndarray  # h×w preview, 1 nearest
    saliency: np.ndarray  # h×w preview
    focus: Focus  # the default
    size: tuple[int, int]  # height and width of the photo itself
    depth_source: str = NETWORK  # which of the scene's depth maps is used

    def full_depth(self) -> np.ndarray:
        """Depth at full size, H×W float32, 1 nearest."""
        kept = np.load(depth_file(self.folder, self.depth_source)).astype(np.float32) / 65535
        return resize_depth(kept, self.size)  # the network's may be that of a smaller copy

    def full_saliency(self) -> np.ndarray:
        """Saliency at full size, H×W float32."""
        return resize(np.load(self.folder / SALIENCY).astype(np.float32) / 255, self.size)


def depth_file(folder: Path, source: str) -> Path:
    """Where a depth map is kept."""
    return folder / f"{source}.depth.npy"


def make_scene(source: Path, photo: Photo, prediction: Prediction) -> Scene:
    """Keep a predicted photo as previews, and its maps as files in a folder of its own."""
    scene = Scene(
        name=source.stem or "photo",
        source=source,
        folder=new_folder(),
        photo=preview(photo.pixels),
        depth=preview(prediction.depth),
        saliency=preview(prediction.saliency),
        focus=choose_focus(prediction.depth, prediction.saliency, photo.size),
        size=photo.size,
    )
    write_map(depth_file(scene.folder, NETWORK), to_words(prediction.depth))
    write_map(scene.folder / SALIENCY, to_bytes(prediction.saliency))
    return scene


def write_map(file: Path, values: np.ndarray) -> None:
    """Keep a map (H×W integers) as an array; PhotoError if it cannot be written."""
    with replace_file(file) as temporary:
        # Unpacked: a compressed map of 12 megapixels takes longer than the network.
        np.save(temporary, values)


def hand_out(file: Path) -> Path:
    """Move a file out of its scene's folder, to where it outlives the scene."""
    return file.rename(new_folder() / file.name)


def discard(scene: Scene | None) -> None:
    """Delete what was made for a photo."""
    if scene is not None:
        shutil.rmtree(scene.folder, ignore_errors=True)


def refocused(
    scene: Scene, lens: Lens, long_side: int = PREVIEW, correction: np.ndarray | None = None
) -> np.ndarray:
    """The preview through the lens; `correction` as in `render.correct`."""
    photo, depth = preview(scene.photo, long_side), preview(scene.depth, long_side)
    depth = depth if correction is None else correct(depth, correction, lens)
    return render(photo, depth, lens, cancelled=is_left)


def write_refocused(
    scene: Scene, lens: Lens, suffix: str = ".jpg", *, correction: np.ndarray | None = None
) -> Path:
    """The photo through the lens at its full size, in a file named after what it is.

    `correction`: H×W float32 in [-1, 1], see `render.correct`.
    """
    photo, depth = compact(read_upload(scene.source)), scene.full_depth()
    depth = depth if correction is None else correct(depth, correction, lens)
    result = through_lens(photo, lambda pixels: render(pixels, depth, lens, cancelled=is_left))
    file = scene.folder / f"{scene.name}-f{lens.f_stop:g}-focus{lens.focus:.2f}{suffix}"
    write_photo(result.pixels, file, result)
    return file


def write_depth_map(scene: Scene) -> Path:
    """Depth at full size as a 16-bit PNG, 65535 nearest."""
    file = scene.folder / f"{scene.name}.depth.png"
    write_depth(scene.full_depth(), file)
    return file


def write_saliency_map(scene: Scene) -> Path:
    """Saliency at full size as an 8-bit PNG, probability · 255."""
    file = scene.folder / f"{scene.name}.saliency.png"
    write_saliency(scene.full_saliency(), file)
    return file


def write_video(
    scene: Scene,
    lens: Lens,
    start: float,
    ticked: Callable[[], None],
    *,
    correction: np.ndarray | None = None,
) -> Path:
    """The focus pulled from `start` to the lens's, as MP4; `ticked` is called at each frame."""
    photo, depth = preview(scene.photo, DRAGGED), preview(scene.depth, DRAGGED)
    name = f"{scene.name}-f{lens.f_stop:g}-focus{start:.2f}-{lens.focus:.2f}.mp4"
    path = focus_path(start, lens.focus, PULL_SECONDS)
    file = scene.folder / name
    write_focus_pull(photo, depth, lens, path, file, correction=correction, before_frame=ticked)
    return file


def write_settings(scene: Scene, lens: Lens, version: str, correction: Path | None = None) -> Path:
    """What was chosen, as JSON; a correction is a file beside it."""
    settings = {
        "photo": scene.source.name,
        **asdict(lens),
        "default_focus": scene.focus.depth,
        "reason": scene.focus.reason,
        "version": version,
    }
    if scene.depth_source in (NETWORK, PHONE):
        settings["depth"] = scene.depth_source
    if correction is not None:
        settings["correction"] = correction.name
    file = scene.folder / f"{scene.name}.settings.json"
    write_text(file, json.dumps(settings, indent=2) + "\n")
    return file
