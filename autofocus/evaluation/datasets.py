"""Photos on disk with depth and masks: the folders that are read, and what is held out.

A data folder is laid out as `docs/training.md` says. Several may be given: a set is then the photos
of the folder of this name in each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from autofocus.files.atomic import write_image
from autofocus.photo import resize

MASKED = ("ecssd/train", "people", "human", "bags", "video")
UNLABELLED = ("objects", "bsds", "animals", "fashion", "pets", "caltech")
WITH_PEOPLE = ("people", "human", "portraits")  # one person's mask on each photo
ROOMS = ("bathroom", "bedroom", "kitchen")  # in `photos/houses`; the rest are house fronts
HELD_OUT_FOLDERS = ("people", "animals", "fashion", "objects", "nature", "houses")
HELD_OUT_EVERY = 10
CONFIDENT = 0.15  # a soft mask is confident if less than this fraction of its energy is undecided


@dataclass(frozen=True)
class Item:
    """One photo and what is known about it."""

    photo: Path
    depth: Path | None = None  # disparity, nearest brightest
    mask: Path | None = None  # the subject, 0-255
    exact: bool = False  # the depth's discontinuities lie on the true boundaries
    soft: bool = False  # the mask is a network's, not a person's
    pseudo: bool = False  # the depth is a network's: its scale and shift mean nothing
    person: bool = False  # the mask is of one person
    empty: bool = False  # there is no subject: the mask is zero everywhere

    @property
    def key(self) -> str:
        """A name that is unique among all folders, for files about the photo."""
        return "-".join(self.photo.with_suffix("").parts[-3:])


def photos_in(folder: Path) -> list[Path]:
    """The photos (not the masks) of one folder, in a stable order."""
    return sorted(p for p in folder.glob("*.webp") if not p.name.endswith(".mask.webp"))


def photos_of(data: Sequence[Path], folder: str, held_out: bool | None = None) -> list[Path]:
    """The photos of a folder in every data folder: all, those held out, or the others."""
    return [
        photo
        for root in data
        for index, photo in enumerate(photos_in(root / folder))
        if held_out is None or is_held_out(Path(folder).name, index) == held_out
    ]


def is_held_out(folder: str, index: int) -> bool:
    """Whether the photo at this place of its folder is kept for validation."""
    return folder in HELD_OUT_FOLDERS and index % HELD_OUT_EVERY == 0


def depth_items(data: Sequence[Path], folder: str) -> list[Item]:
    """Photos of `depth/FOLDER` with disparity (`NAME.png`), and soft masks if there are any."""
    return [item for root in data for item in scenes_in(root / "depth" / folder)]


def scenes_in(folder: Path) -> list[Item]:
    """The photos of one folder with their disparity, and their soft masks if there are any."""
    return [
        Item(p, p.with_suffix(".png"), existing(p.with_suffix(".mask.webp")), soft=True)
        for p in photos_in(folder)
    ]


def mask_items(data: Sequence[Path], folder: str, held_out: bool | None = None) -> list[Item]:
    """Photos of `saliency/FOLDER` with true subject masks (`NAME.png`)."""
    photos = photos_of(data, f"saliency/{folder}", held_out)
    return [Item(p, mask=p.with_suffix(".png"), person=folder in WITH_PEOPLE) for p in photos]


def soft_mask_items(data: Sequence[Path], held_out: bool) -> list[Item]:
    """Photos with nothing but a soft mask (`NAME.mask.webp`)."""
    return [
        Item(p, mask=p.with_suffix(".mask.webp"), soft=True)
        for folder in UNLABELLED
        for p in photos_of(data, f"photos/{folder}", held_out)
        if p.with_suffix(".mask.webp").is_file()
    ]


def empty_items(data: Sequence[Path], held_out: bool) -> list[Item]:
    """Landscapes and rooms, mostly without a subject: their mask is zero, as a soft label."""
    landscapes = photos_of(data, "photos/nature", held_out)
    houses = photos_of(data, "photos/houses", held_out)
    rooms = [photo for photo in houses if photo.stem.endswith(ROOMS)]
    return [Item(photo, soft=True, empty=True) for photo in landscapes + rooms]


def confident_items(data: Sequence[Path]) -> list[Item]:
    """The held-out photos whose soft mask is confident."""
    return [i for i in soft_mask_items(data, held_out=True) if is_confident(read_mask(i.mask))]


def existing(path: Path) -> Path | None:
    """The path, or None where there is no such file."""
    return path if path.is_file() else None


def read_rgb(path: Path) -> np.ndarray:
    """A photo of a data folder as H×W×3 uint8."""
    return cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


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
    write_image(path, values.astype(np.uint16))


def write_scene(photo: np.ndarray, disparity: np.ndarray, mask: np.ndarray, file: Path) -> None:
    """Write what `scenes_in` finds (H×W×3 uint8, and maps in [0, 1]); the photo comes last."""
    write_disparity(disparity, file.with_suffix(".png"))
    write_image(file.with_suffix(".mask.webp"), np.uint8(np.round(mask * 255)))
    bgr = np.ascontiguousarray(photo[..., ::-1])
    write_image(file, bgr, cv2.IMWRITE_WEBP_QUALITY, 95)


def read_mask(path: Path) -> np.ndarray:
    """A subject mask as H×W float32 in [0, 1]."""
    return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255


def is_confident(mask: np.ndarray) -> bool:
    """Whether a soft H×W mask in [0, 1] shows one clear subject, neither tiny nor everything."""
    undecided = (4 * mask * (1 - mask)).sum() / max(mask.sum(), 1.0)
    return undecided < CONFIDENT and 0.02 < mask.mean() < 0.85


def has_boundary(item: Item) -> bool:
    """Whether the item's mask shows a boundary: one made by hand does, a soft one if confident."""
    if item.mask is None:
        return False
    return not item.soft or is_confident(read_mask(item.mask))


def resize_label(label: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map with NaN holes to `size` (height, width), nearest: discontinuities stay sharp."""
    return cv2.resize(label, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT)


def resize_to(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """A predicted H×W map at the size of its truth."""
    return resize(values, truth.shape)
