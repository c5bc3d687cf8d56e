"""What the browser needs of one photo, as files that it fetches once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from gradio.data_classes import FileData, GradioModel

from autofocus.focus import SALIENT
from autofocus.lens.highlights import expand_highlights
from autofocus.lens.layers import Layer, split
from autofocus.lens.srgb import encode_srgb, to_linear
from autofocus.photo import to_bytes, to_words
from autofocus.render import Lens

WIDEST = 0.05 / 1.4  # the aperture for which the hidden layer reaches far enough
STOPS = 8.0  # of the largest gain of a clipped light
SMALLEST_SUBJECT = 0.004  # of the picture's pixels
MOST_DOTS = 9


class ViewerData(GradioModel):
    """The value of a `Viewer`: a photo's files and how the lens begins; see docs/viewer.md.

    A photo that is still being analysed has no maps yet: it is shown dimmed.
    """

    photo: FileData
    front: FileData | None = None
    hidden: FileData | None = None
    maps: FileData | None = None
    run: str
    size: list[int]  # width and height of the photo itself
    focus: float = 0.5
    reason: str = ""
    aperture: float = 0.025
    blades: int = 0
    rotation: float = 0.0
    highlights: float = 1.0
    dots: list[list[float]] = []


def waiting_data(photo: np.ndarray, folder: Path, size: tuple[int, int]) -> ViewerData:
    """A photo (as in `viewer_data`) that is shown dimmed; `size`: the photo's own height, width."""
    run = uuid.uuid4().hex
    path = folder / f"{run}.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(to_bytes(photo), cv2.COLOR_RGB2BGR))
    return ViewerData(photo=FileData(path=str(path)), run=run, size=[size[1], size[0]])


def viewer_data(
    photo: np.ndarray,
    depth: np.ndarray,
    saliency: np.ndarray,
    folder: Path,
    lens: Lens,
    size: tuple[int, int] | None = None,
    reason: str = "",
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

    Raises ValueError if the sizes differ.

    """
    if photo.shape[:2] != depth.shape or depth.shape != saliency.shape:
        raise ValueError(
            f"photo {photo.shape}, depth {depth.shape} and saliency {saliency.shape} "
            "do not belong together"
        )
    run = uuid.uuid4().hex
    front, back = layers(photo, depth)
    planes = (depth, back.depth.numpy(), front.alpha.numpy())
    maps = np.stack([*map(to_words, planes), to_bytes(saliency)], -1)
    path = folder / f"{run}.maps.bin"
    path.write_bytes(maps.astype("<u2").tobytes())
    pictures = {"photo": photo, "front": with_gain(front.light), "hidden": with_gain(back.light)}
    with ThreadPoolExecutor() as pool:
        files = pool.map(lambda name: write(pictures[name], folder / f"{run}.{name}.png"), pictures)
    return ViewerData(
        **dict(zip(pictures, files, strict=True)),
        maps=FileData(path=str(path)),
        run=run,
        size=[size[1], size[0]] if size else [photo.shape[1], photo.shape[0]],
        reason=reason,
        dots=subjects(saliency),
        focus=lens.focus,
        aperture=lens.aperture,
        blades=lens.blades,
        rotation=lens.rotation,
        highlights=lens.highlights,
    )


def layers(photo: np.ndarray, depth: np.ndarray) -> tuple[Layer, Layer]:
    """The front layer and the hidden one, as the lens sees them, clipped lights expanded.

    Where nothing is hidden, the second layer is the photo itself.
    """
    light = to_linear(torch.from_numpy(np.ascontiguousarray(photo, np.float32))).numpy()
    expanded = torch.from_numpy(expand_highlights(light, 1.0)).movedim(-1, 0)
    flat = torch.from_numpy(np.ascontiguousarray(depth, np.float32))
    scene = split(expanded, flat, WIDEST * float(np.hypot(*depth.shape)))
    found = scene.back.alpha > 0
    behind = torch.where(found, scene.back.light, scene.light)
    return scene.front, Layer(behind, torch.where(found, scene.back.depth, flat), found.float())


def with_gain(light: torch.Tensor) -> np.ndarray:
    """3×H×W linear light of up to 2^`STOPS` → H×W×4 in [0, 1]: sRGB-encoded, and the gain.

    Light is that of the first three times 2^(`STOPS` · (1 − the fourth)).
    """
    stops = torch.log2(light.amax(0).clamp(1, 2**STOPS))
    gain = 1 - torch.ceil(stops / STOPS * 255) / 255
    coloured = encode_srgb(light * torch.exp2(-STOPS * (1 - gain)))
    return torch.cat([coloured, gain[None]]).movedim(0, -1).numpy()


def write(picture: np.ndarray, path: Path) -> FileData:
    """An 8-bit PNG of three or four channels, written quickly."""
    pixels = to_bytes(picture)
    order = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    cv2.imwrite(str(path), cv2.cvtColor(pixels, order), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return FileData(path=str(path))


def subjects(saliency: np.ndarray) -> list[list[float]]:
    """Where the separate salient regions are, largest first: points inside, as shares (x, y)."""
    count, labels, facts, _ = cv2.connectedComponentsWithStats(np.uint8(saliency >= SALIENT))
    order = sorted(range(1, count), key=lambda k: -facts[k, cv2.CC_STAT_AREA])
    large = [k for k in order if facts[k, cv2.CC_STAT_AREA] >= SMALLEST_SUBJECT * saliency.size]
    return [middle(labels == k) for k in large[:MOST_DOTS]]


def middle(mask: np.ndarray) -> list[float]:
    """The place in a mask that is farthest from its outline, as shares (x, y)."""
    distance = cv2.distanceTransform(np.pad(np.uint8(mask), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    row, column = np.unravel_index(distance.argmax(), mask.shape)
    return [(column + 0.5) / mask.shape[1], (row + 0.5) / mask.shape[0]]
