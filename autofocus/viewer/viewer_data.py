"""What the browser needs of one photo, as files that it fetches once."""

import math
import uuid
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import torch
from gradio.data_classes import FileData, GradioModel
from pydantic import create_model

from autofocus.files.atomic import write_bytes, write_image
from autofocus.focus import SALIENT
from autofocus.lens.highlights import expand_highlights
from autofocus.lens.layers import Layer, split
from autofocus.lens.lens import APERTURE_AT_F1, Lens
from autofocus.lens.srgb import encode_srgb, to_linear
from autofocus.photo import correction_bytes, resize, to_bytes, to_words
from autofocus.render import circle_scale
from autofocus.view import mark_subject

WIDEST = APERTURE_AT_F1 / 1.4  # the aperture for which the hidden layer reaches far enough
PINHOLE = 1e6  # the f-stop that stands for a pinhole: JSON has no infinity
STOPS = 8.0  # of the largest gain of a clipped light
SMALLEST_SUBJECT = 0.004  # of the image's pixels
MOST_DOTS = 9
# A sixth smaller than by zlib's quickest search, in about its time.
QUICK_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)
TILE_PIXELS = 3_000_000  # of a tile, so that a browser can refine it
TILE_SIDE = 4096  # pixels: what every WebGL 2 can hold

Box = tuple[float, float, float, float]  # left, top, right, bottom, in fractions of the image


class SceneFiles(GradioModel):
    """Files of a photo, or of a tile of it: the layers that the lens sees, and the maps.

    Without layers the photo is both of them.
    """

    photo: FileData
    front: FileData | None = None
    hidden: FileData | None = None
    maps: FileData | None = None
    run: str
    diagonal: float = 0.0  # what circles go by: `render.circle_scale` of the whole image at 1


class TileData(SceneFiles):
    """A part of the photo at a higher resolution than the preview's; see `tile_data`."""

    frame: list[float]  # what the files show: left, top, right, bottom in fractions of the image
    box: list[float]  # the part of it whose blur is complete


# The fields of `Lens`, by their names.
LensFields = create_model(
    "LensFields",
    __base__=GradioModel,
    **{field.name: (float, field.default) for field in fields(Lens)},
)


class ViewerData(SceneFiles, LensFields):
    """The value of a `Viewer`: a photo's files and how the lens begins; see docs/viewer.md.

    A photo that is still being analysed has no maps yet: it is shown dimmed.
    """

    size: list[int]  # width and height of the photo itself
    reason: str = ""
    dots: list[list[float]] = []
    tile: TileData | None = None
    correction: FileData | None = None  # what is painted: one byte a pixel, as in `photo.UNTOUCHED`


def waiting_data(photo: np.ndarray, folder: Path, size: tuple[int, int]) -> ViewerData:
    """A photo (as in `viewer_data`) that is shown dimmed; `size`: the photo's own height, width."""
    run = uuid.uuid4().hex
    file = write(photo, folder / f"{run}.jpg")
    return ViewerData(photo=file, run=run, size=[size[1], size[0]])


def viewer_data(
    photo: np.ndarray,
    depth: np.ndarray,
    saliency: np.ndarray,
    folder: Path,
    lens: Lens,
    size: tuple[int, int] | None = None,
    reason: str = "",
    *,
    layered: bool = True,
) -> ViewerData:
    """Write a photo's files into a folder.

    Args:
        photo: H×W×3 float32 in [0, 1], sRGB-encoded, as large as it is to be shown.
        depth: H×W in [0, 1], 1 nearest.
        saliency: H×W in [0, 1].
        folder: an existing folder that Gradio may serve (or copy from).
        lens: how the photo is taken at first.
        size: height and width of the photo itself, of which this may be a smaller copy.
        reason: why the focus is where it is, in words.
        layered: without layers, which take most of the time, nothing is hidden and no light
            expanded; the viewer shows this at once, and goes on with what `with_layers` gives.

    Raises:
        ValueError: the sizes differ.

    """
    check(photo, depth, saliency)
    height, width = size or depth.shape
    return ViewerData(
        **write_scene(photo, depth, saliency, folder, depth.shape, layered=layered),
        size=[width, height],
        reason=reason,
        dots=subjects(saliency),
        **lens_fields(lens),
    )


def with_layers(
    data: ViewerData, photo: np.ndarray, depth: np.ndarray, saliency: np.ndarray, folder: Path
) -> ViewerData:
    """Data of these images that has no layers, with them; to the viewer the same photo."""
    layered = write_layers(photo, depth, saliency, folder, data.run, depth.shape)
    return data.model_copy(update=layered)


def tile_data(
    photo: np.ndarray,
    depth: np.ndarray,
    saliency: np.ndarray,
    box: Box,
    folder: Path,
    lens: Lens,
) -> TileData:
    """Write the files of one part of a photo, for a visitor who has zoomed into it.

    With what lies around it, as far as its blur reaches; at the photo's own resolution unless that
    is more than a browser refines quickly.

    Args:
        photo: H×W×3 float32 in [0, 1], sRGB-encoded, at its full size.
        depth: H×W in [0, 1], 1 nearest.
        saliency: H×W in [0, 1].
        box: the part (left, top, right, bottom, in fractions of the image) that `tile` names.
        folder: an existing folder that Gradio may serve (or copy from).
        lens: the lens at the time; a wider one needs another tile.

    Raises:
        ValueError: the sizes differ, or the box is not in the image.

    """
    check(photo, depth, saliency)
    left, top, right, bottom = pixel_box(box, depth.shape)
    radius = circle_scale(depth.shape, min(lens.aperture, WIDEST)) * max(lens.focus, 1 - lens.focus)
    margin = math.ceil(radius) + 2
    rows = slice(max(0, top - margin), min(depth.shape[0], bottom + margin))
    columns = slice(max(0, left - margin), min(depth.shape[1], right + margin))
    parts = [image[rows, columns] for image in (photo, depth, saliency)]
    size = tile_size(parts[1].shape)
    scale = size[1] / parts[1].shape[1]
    whole = (depth.shape[0] * scale, depth.shape[1] * scale)
    parts = [resize(np.ascontiguousarray(part, np.float32), size) for part in parts]
    frame = (columns.start, rows.start, columns.stop, rows.stop)
    return TileData(
        **write_scene(*parts, folder, whole),
        frame=in_fractions(frame, depth.shape),
        box=in_fractions((left, top, right, bottom), depth.shape),
    )


def with_correction(
    data: ViewerData, correction: np.ndarray | None, folder: Path, lens: Lens
) -> ViewerData:
    """The same photo under another lens and with another correction; to the viewer a new photo.

    Args:
        data: as `viewer_data` made it; stays as it is.
        correction: h×w in [-1, 1] of the size of its files, as in `render.correct`, or None.
        folder: an existing folder that Gradio may serve (or copy from).
        lens: how the photo is taken at first.

    """
    run = uuid.uuid4().hex
    changes = {"run": run, "correction": None, "tile": None, **lens_fields(lens)}
    if correction is not None:
        path = folder / f"{run}.correction.bin"
        write_bytes(path, correction_bytes(correction).tobytes())
        changes["correction"] = FileData(path=str(path))
    return data.model_copy(update=changes)


def pixel_box(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box in pixels that holds all of it; ValueError if it is empty or not in the image."""
    left, top, right, bottom = box
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(f"{box} is not a part of the image: left, top, right, bottom in [0, 1]")
    height, width = size
    return (
        math.floor(left * width),
        math.floor(top * height),
        math.ceil(right * width),
        math.ceil(bottom * height),
    )


def in_fractions(box: tuple[int, int, int, int], size: tuple[int, int]) -> list[float]:
    """A box in pixels as fractions of an image of this height and width."""
    height, width = size
    return [box[0] / width, box[1] / height, box[2] / width, box[3] / height]


def tile_size(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width that a part of this size is sent at."""
    scale = min(1, math.sqrt(TILE_PIXELS / (size[0] * size[1])), TILE_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def check(photo: np.ndarray, depth: np.ndarray, saliency: np.ndarray) -> None:
    """ValueError if the sizes differ."""
    if photo.shape[:2] != depth.shape or depth.shape != saliency.shape:
        raise ValueError(
            f"photo {photo.shape}, depth {depth.shape} and saliency {saliency.shape} "
            "do not belong together"
        )


def lens_fields(lens: Lens) -> dict[str, float]:
    """A lens by the names of its fields, in numbers that JSON has."""
    values = {field.name: getattr(lens, field.name) for field in fields(lens)}
    return values | {"f_stop": min(lens.f_stop, PINHOLE)}


def write_scene(
    photo: np.ndarray,
    depth: np.ndarray,
    saliency: np.ndarray,
    folder: Path,
    whole: tuple[float, float],
    *,
    layered: bool = True,
) -> dict:
    """Write the files of `SceneFiles`, with layers or without, and return its fields.

    `whole`: height and width of the image that this is a part of, in this part's pixels.
    """
    run = uuid.uuid4().hex
    write_files = write_layers if layered else write_flat
    files = write_files(photo, depth, saliency, folder, run, whole)
    return {**files, "run": run, "diagonal": circle_scale(whole, 1.0)}


def write_flat(
    photo: np.ndarray,
    depth: np.ndarray,
    saliency: np.ndarray,
    folder: Path,
    run: str,
    whole: tuple[float, float],
) -> dict:
    """The photo and its maps without layers, quickly written and quickly sent."""
    planes = (depth, depth, np.ones(depth.shape, np.float32))
    return {
        "photo": write(photo, folder / f"{run}.photo.jpg"),
        "maps": write_maps(planes, saliency, folder / f"{run}.flat.bin", whole),
    }


def write_layers(
    photo: np.ndarray,
    depth: np.ndarray,
    saliency: np.ndarray,
    folder: Path,
    run: str,
    whole: tuple[float, float],
) -> dict:
    """The photo, both layers, and the maps that belong to them."""
    front, back = layers(photo, depth, circle_scale(whole, WIDEST))
    planes = (depth, back.depth.numpy(), front.alpha.numpy())
    images = {"photo": photo, "front": with_gain(front.light), "hidden": with_gain(back.light)}
    with ThreadPoolExecutor() as pool:
        paths = [folder / f"{run}.{name}.png" for name in images]
        files = pool.map(lambda image, path: write(image, path, *QUICK_PNG), images.values(), paths)
        maps = write_maps(planes, saliency, folder / f"{run}.maps.bin", whole)
    return {**dict(zip(images, files, strict=True)), "maps": maps}


def write_maps(
    planes: Sequence[np.ndarray], saliency: np.ndarray, path: Path, whole: tuple[float, float]
) -> FileData:
    """Depth, hidden depth and coverage of the front layer, and the Subject view's mask."""
    mask = mark_subject(saliency, math.hypot(*whole))
    write_bytes(path, pack_maps(*map(to_words, planes), mask))
    return FileData(path=str(path))


def pack_maps(
    depth: np.ndarray, hidden: np.ndarray, coverage: np.ndarray, mask: np.ndarray
) -> bytes:
    """Four maps (H×W uint16, the last uint8) in a quarter of their size; `maps.js` unpacks them.

    Zlib's format: of each map the low bytes, then the high ones, of depth's steps along a row, how
    much deeper what is hidden lies, and what coverage lacks, all modulo 2^16; then the mask.
    """
    words = (np.diff(depth, axis=1, prepend=np.uint16(0)), depth - hidden, ~coverage)
    bytes_ = [part.astype(np.uint8) for word in words for part in (word & 255, word >> 8)]
    # Runs of one byte, which most of this is, need no search for anything else.
    packer = zlib.compressobj(level=1, strategy=zlib.Z_RLE)
    return packer.compress(np.stack([*bytes_, mask]).tobytes()) + packer.flush()


def layers(photo: np.ndarray, depth: np.ndarray, radius: float) -> tuple[Layer, Layer]:
    """The front layer and the hidden one, as the lens sees them, clipped lights expanded.

    Where nothing is hidden within `radius` pixels, the second layer is the photo itself.
    """
    light = to_linear(torch.from_numpy(np.ascontiguousarray(photo, np.float32))).numpy()
    expanded = torch.from_numpy(expand_highlights(light, 1.0)).movedim(-1, 0)
    flat = torch.from_numpy(np.ascontiguousarray(depth, np.float32))
    scene = split(expanded, flat, radius)
    is_filled = scene.back.alpha > 0
    behind = torch.where(is_filled, scene.back.light, scene.light)
    behind_depth = torch.where(is_filled, scene.back.depth, flat)
    return scene.front, Layer(behind, behind_depth, is_filled.float())


def with_gain(light: torch.Tensor) -> np.ndarray:
    """3×H×W linear light of up to 2^`STOPS` → H×W×4 in [0, 1]: sRGB-encoded, and the gain.

    Light is that of the first three times 2^(`STOPS` · (1 − the fourth)).
    """
    stops = torch.log2(light.amax(0).clamp(1, 2**STOPS))
    gain = 1 - torch.ceil(stops / STOPS * 255) / 255
    coloured = encode_srgb(light * torch.exp2(-STOPS * (1 - gain)))
    return torch.cat([coloured, gain[None]]).movedim(0, -1).numpy()


def write(image: np.ndarray, path: Path, *options: int) -> FileData:
    """An 8-bit image of three or four channels, in the format of its name.

    A JPEG is written and sent sooner than a PNG, and is not exactly the image. `options`: OpenCV's.
    """
    pixels = to_bytes(image)
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    write_image(path, cv2.cvtColor(pixels, order), *options)
    return FileData(path=str(path))


def subjects(saliency: np.ndarray) -> list[list[float]]:
    """Where the separate salient regions are, largest first: points inside, as fractions (x, y)."""
    count, labels, facts, _ = cv2.connectedComponentsWithStats(np.uint8(saliency >= SALIENT))
    order = sorted(range(1, count), key=lambda k: -facts[k, cv2.CC_STAT_AREA])
    large = [k for k in order if facts[k, cv2.CC_STAT_AREA] >= SMALLEST_SUBJECT * saliency.size]
    return [middle(labels == k) for k in large[:MOST_DOTS]]


def middle(mask: np.ndarray) -> list[float]:
    """The place in a mask that is farthest from its boundary, as fractions (x, y)."""
    distance = cv2.distanceTransform(np.pad(np.uint8(mask), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(distance.argmax(), mask.shape)
    return [(column + 0.5) / mask.shape[1], (row + 0.5) / mask.shape[0]]
