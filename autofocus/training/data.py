"""What there is to train on: items on disk, frames of one size, labels with their validity.

A data folder is laid out as `docs/training.md` says. Every photo is brought to one of four frames
(two sizes, upright or lying), so that batches and cached features line up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

LARGE, SMALL = (384, 512), (288, 384)  # frames: height and width of a lying photo
SMALL_UP_TO = 384  # pixels of the long side up to which a photo gets the small frame
MEASURED = ("nyu/train", "kitchen", "table", "lab", "toy")
MASKED = ("ecssd/train", "people", "human", "bags", "video")
UNLABELLED = ("objects", "bsds", "animals", "fashion", "pets", "caltech")
HELD_OUT_FOLDERS = ("people", "animals", "fashion", "objects")
HELD_OUT_EVERY = 10
SURE = 0.15  # a soft mask is sure if less than this share of its energy is undecided


@dataclass(frozen=True)
class Item:
    """One photo and what is known about it."""

    photo: Path
    depth: Path | None = None  # disparity, nearest brightest
    mask: Path | None = None  # the subject, 0-255
    exact: bool = False  # the depth steps lie on the true outlines
    soft: bool = False  # the mask is a network's, not a person's
    guessed: bool = False  # the depth is the teacher's, not a sensor's

    @property
    def key(self) -> str:
        """A name that is unique among all folders, for caches."""
        return "-".join(self.photo.with_suffix("").parts[-3:])


def photos_in(folder: Path) -> list[Path]:
    """The photos (not the masks) of one folder, in a stable order."""
    return sorted(p for p in folder.glob("*.webp") if not p.name.endswith(".mask.webp"))


def is_held_out(folder: str, index: int) -> bool:
    """Whether the photo at this place of its folder is kept for validation."""
    return folder in HELD_OUT_FOLDERS and index % HELD_OUT_EVERY == 0


def depth_items(data: Path, folders: Iterable[str] = MEASURED, exact: bool = False) -> list[Item]:
    """Photos with measured disparity (`NAME.png`), and their soft masks where there are any."""
    return [item for folder in folders for item in scenes_in(data / "depth" / folder, exact)]


def scenes_in(folder: Path, exact: bool = False) -> list[Item]:
    """The photos of one folder with their disparity, and their soft masks where there are any."""
    return [
        Item(p, p.with_suffix(".png"), existing(p.with_suffix(".mask.webp")), exact, soft=True)
        for p in photos_in(folder)
    ]


def mask_items(data: Path, held_out: bool = False) -> list[Item]:
    """Photos with true subject masks (`NAME.png`)."""
    return [
        Item(p, mask=p.with_suffix(".png"))
        for folder in MASKED
        for i, p in enumerate(photos_in(data / "saliency" / folder))
        if is_held_out(folder, i) == held_out
    ]


def photo_items(data: Path, held_out: bool = False) -> list[Item]:
    """Photos with nothing but a soft mask (`NAME.mask.webp`)."""
    return [
        Item(p, mask=p.with_suffix(".mask.webp"), soft=True)
        for folder in UNLABELLED
        for i, p in enumerate(photos_in(data / "photos" / folder))
        if is_held_out(folder, i) == held_out
    ]


def existing(path: Path) -> Path | None:
    """The path, or None where there is no such file."""
    return path if path.is_file() else None


def frame_size(height: int, width: int) -> tuple[int, int]:
    """Height and width of the frame for a photo of this size."""
    short, long = SMALL if max(height, width) <= SMALL_UP_TO else LARGE
    return (long, short) if height > width else (short, long)


def read_frame(path: Path) -> np.ndarray:
    """A photo as its frame: RGB uint8 of `frame_size`."""
    photo = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return resize(photo, frame_size(*photo.shape[:2]))


def read_disparity(path: Path) -> np.ndarray:
    """A label as H×W float32 in [0, 1], 1 nearest, NaN where unknown; at the file's own size.

    8-bit: `((v − 1) / 254)²`, the data folder's encoding. 16-bit: `(v − 1) / 65534`, ours.
    """
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if values.dtype == np.uint16:
        disparity = (values.astype(np.float32) - 1) / 65534
    else:
        disparity = ((values.astype(np.float32) - 1) / 254) ** 2
    disparity[values == 0] = np.nan
    return disparity


def write_disparity(disparity: np.ndarray, path: Path) -> None:
    """Write H×W disparity in [0, 1], NaN unknown, as the 16-bit label of `read_disparity`."""
    values = np.nan_to_num(1 + np.round(disparity * 65534), nan=0)
    cv2.imwrite(str(path), values.astype(np.uint16))


def write_scene(
    photo: np.ndarray, disparity: np.ndarray, mask: np.ndarray | None, file: Path
) -> None:
    """Write what `scenes_in` finds (RGB uint8, and maps in [0, 1]); the photo comes last."""
    write_disparity(disparity, file.with_suffix(".png"))
    if mask is not None:
        cv2.imwrite(str(file.with_suffix(".mask.webp")), np.uint8(np.round(mask * 255)))
    bgr = np.ascontiguousarray(photo[..., ::-1])
    cv2.imwrite(str(file), bgr, [cv2.IMWRITE_WEBP_QUALITY, 95])


def read_mask(path: Path) -> np.ndarray:
    """A subject mask as H×W float32 in [0, 1]."""
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255


def is_sure(mask: np.ndarray) -> bool:
    """Whether a soft mask shows one decided subject that is neither tiny nor everything."""
    undecided = (4 * mask * (1 - mask)).sum() / max(mask.sum(), 1.0)
    return undecided < SURE and 0.02 < mask.mean() < 0.85


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """To `size` (height, width): by area where it shrinks, else bilinear."""
    if image.shape[:2] == size:
        return image
    shrinks = image.shape[0] > size[0]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (size[1], size[0]), interpolation=method)


def resize_label(label: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map with NaN holes to `size` (height, width), nearest: edges stay edges."""
    return cv2.resize(label, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT)
