"""A custom depth map, as any depth program writes it → H×W in [0, 1], 1 nearest.

Inside, depth is like disparity: it falls with the inverse of the distance. So distances
(millimetres, metres) are inverted, and everything else is taken as it is, near bright.
"""

import io
import zipfile
from dataclasses import dataclass

import cv2
import imagecodecs
import numpy as np
import OpenEXR
import tifffile
from PIL import ImageOps

from autofocus.errors import DepthMapError
from autofocus.files import png, tiff
from autofocus.files.colour import channel_mean, channel_spread
from autofocus.files.colour_maps import TABLES, unmap
from autofocus.files.decode import deep_page, open_image, upright
from autofocus.files.exif import ORIENTATION
from autofocus.files.raw import is_raw
from autofocus.files.source import Source, check_size, decoder, read_bytes

NUMPY, ZIP, PFM, EXR = b"\x93NUMPY", b"PK\x03\x04", (b"Pf", b"PF"), b"\x76\x2f\x31\x01"
DAMAGED = "This depth map is damaged. Try another copy of it."
EMPTY = "This depth map holds no depth: hardly any of its values is a number that can be used."
COLOURED = (
    "This depth map is in colour, and in none of the colour maps that can be read back "
    "({}). Export it in grey."
)
PERCENTILES = (0.5, 99.5)  # what a map is stretched between
LARGEST = 1e30  # values beyond it mark what was not measured
DISPARITY_NAMES = ("disparity", "disp", "inverse_depth", "inv_depth")
DISTANCE_NAMES = ("depth", "distance", "z", "depth_metric", "metric_depth")
NEAR_ENOUGH = 0.01  # fraction of values that must be usable
CHANNEL_TOLERANCE = 10  # levels between the channels of a grey map after a JPEG
PROGRAM_BITS = (255, 1023, 4095, 16383)  # full scale of 8, 10, 12, 14 bits in a 16-bit file
AGAINST, GRID = -0.3, 64  # rank correlation; pixels a side that it is measured on
OURS = "A depth map of this program."
METRES_BELOW = 500  # median above which a distance is in millimetres


@dataclass(frozen=True)
class DepthMap:
    """A custom depth map, and what its numbers were taken for."""

    depth: np.ndarray  # H×W float32 in [0, 1], 1 nearest
    note: str  # one or more sentences


@dataclass(frozen=True)
class Stored:
    """A map as its file has it, upright."""

    values: np.ndarray  # H×W float32
    full: float | None  # the largest number that the file's whole numbers can be; None for floats
    meaning: str | None = None  # "disparity" or "distance" where the file says so
    note: str = ""


def read_depth_map(source: Source, *, invert: bool, max_megapixels: float) -> DepthMap:
    """Read and judge a map; `invert` says that its nearest is darkest, as it is in distances.

    Raises:
        PhotoError: the file is missing, empty, damaged, too large or not known.
        DepthMapError: it holds no depth, or is in colours that mean nothing here.

    """
    data = read_bytes(source)
    stored = read_stored(data, max_megapixels)
    if stored.full == 65535 and png.is_our_depth(data):
        depth, meaning, near_is_dark = stored.values / np.float32(65535), OURS, False
    else:
        depth, meaning, near_is_dark = judge(stored)
    if invert and not near_is_dark:
        depth, meaning = 1 - depth, f"{meaning} Near and far were swapped, as asked."
    return DepthMap(depth, f"{stored.note} {meaning}".strip())


def read_stored(data: bytes, max_megapixels: float) -> Stored:
    """A file of any known kind → its numbers."""
    if data.startswith(NUMPY):
        return Stored(*numbers(read_npy(data), max_megapixels))
    if data.startswith(ZIP):
        return read_npz(data, max_megapixels)
    if data.startswith(PFM):
        return Stored(read_pfm(data, max_megapixels), None, "disparity")
    if data.startswith(EXR):
        return read_exr(data, max_megapixels)
    return read_image(data, max_megapixels)


def read_npy(data: bytes) -> np.ndarray:
    """A NumPy array, without pickles, as large as its header says."""
    with decoder(DAMAGED):
        file = io.BytesIO(data)
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, kind = read_header(file)
        if kind.hasobject:
            raise ValueError("objects")
        count = int(np.prod(shape, dtype=object))
        values = np.frombuffer(data, kind, count, file.tell())
        return values.reshape(shape, order="F" if fortran else "C")


def read_npz(data: bytes, max_megapixels: float) -> Stored:
    """The array of an NPZ that is called like a depth map, or its only one."""
    with decoder(DAMAGED), zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = {item.filename.removesuffix(".npy").lower(): item for item in archive.infolist()}
        known = (*DISTANCE_NAMES, *DISPARITY_NAMES, *names)
        name = next(name for name in known if name in names)
        if names[name].file_size > max_megapixels * 8e6 + 1e4:
            raise DepthMapError("The array in this NPZ file is too large to be a depth map.")
        content = archive.read(names[name])
    meaning = "distance" if name in DISTANCE_NAMES else None
    meaning = "disparity" if name in DISPARITY_NAMES else meaning
    values, full = numbers(read_npy(content), max_megapixels)
    return Stored(values, full, meaning if full is None and (values > 1).any() else None)


def numbers(array: np.ndarray, max_megapixels: float) -> tuple[np.ndarray, float | None]:
    """An array of any number type and of two dimensions that count → H×W float32, full scale."""
    if array.dtype.kind not in "uifb":
        raise DepthMapError("This file holds no numbers that can be read as a depth map.")
    plain = np.squeeze(array)
    if plain.ndim == 3 and plain.shape[2] in (3, 4) and (plain[..., :1] == plain[..., 1:3]).all():
        plain = plain[..., 0]
    if plain.ndim != 2 or plain.size == 0:
        raise DepthMapError(
            f"This file holds an array of shape {array.shape}; a depth map has rows and columns."
        )
    check_size(plain.shape[1], plain.shape[0], max_megapixels)
    full = float(np.iinfo(array.dtype).max) if array.dtype.kind in "ui" else None
    # Programs that work with 32 or 64 bits do not fill them.
    full = None if full and full > 65535 else full
    with np.errstate(over="ignore"):
        return plain.astype(np.float32), full


def read_pfm(data: bytes, max_megapixels: float) -> np.ndarray:
    """A portable float map: rows from the bottom up; the mean of three channels."""
    with decoder(DAMAGED):
        kind, width, height, scale, start = pfm_header(data)
    check_size(width, height, max_megapixels)
    with decoder(DAMAGED):
        order, channels = "<" if scale < 0 else ">", 3 if kind == b"PF" else 1
        values = np.frombuffer(data, f"{order}f4", width * height * channels, start)
        values = values.reshape(height, width, channels)[::-1]
        return channel_mean(values) if channels == 3 else values[..., 0].copy()


def pfm_header(data: bytes) -> tuple[bytes, int, int, float, int]:
    """Kind, width, height, scale, and where the numbers begin."""
    words, at = [], 0
    while len(words) < 4:
        end = data.index(b"\n", at)
        line = data[at:end].split(b"#")[0]
        words += line.split()
        at = end + 1
    kind, width, height, scale = words[:4]
    return kind, int(width), int(height), float(scale), at


def read_exr(data: bytes, max_megapixels: float) -> Stored:
    """An OpenEXR image: its Z or depth channel, else Y, else its first one."""
    with decoder(DAMAGED):
        header = OpenEXR.File(io.BytesIO(data), separate_channels=True, header_only=True).header()
        low, high = header["dataWindow"]
        width, height = (int(number) for number in high - low + 1)
    check_size(width, height, max_megapixels)
    with decoder(DAMAGED):
        channels = OpenEXR.File(io.BytesIO(data), separate_channels=True).channels()
        names = {name.rpartition(".")[2].lower(): name for name in sorted(channels)}
        channel = next(
            name for name in (*DISTANCE_NAMES, *DISPARITY_NAMES, "y", *names) if name in names
        )
        values = np.asarray(channels[names[channel]].pixels)
    meaning = "distance" if channel in DISTANCE_NAMES else None
    meaning = "disparity" if channel in DISPARITY_NAMES else meaning
    values, _ = numbers(values, max_megapixels)
    return Stored(values, None, meaning)


def read_image(data: bytes, max_megapixels: float) -> Stored:
    """An image: grey, grey in three channels, or one of the known colour maps."""
    if is_raw(data):
        raise DepthMapError("This is a raw file, not a depth map.")
    page = deep_page(data)
    if page is not None:
        return read_tiff(data, page, max_megapixels)
    image = open_image(data, max_megapixels)
    with decoder(DAMAGED):
        if image.format == "PNG" and png.bits(data) == 16:
            values = np.atleast_3d(imagecodecs.png_decode(data))
            values = upright(values, image.getexif().get(ORIENTATION, 1))
        else:
            ImageOps.exif_transpose(image, in_place=True)
            grey = image.mode in ("L", "LA", "1")
            values = np.atleast_3d(np.asarray(image.convert("L" if grey else "RGB")))
    full = float(np.iinfo(values.dtype).max)
    if values.shape[2] < 3:
        return Stored(values[..., 0].astype(np.float32), full)
    colours = values[..., :3]
    if channel_spread(colours) <= CHANNEL_TOLERANCE * full / 255:
        return Stored(channel_mean(colours), full)
    return read_colours(to_levels(colours))


def read_tiff(data: bytes, page: tifffile.TiffPage, max_megapixels: float) -> Stored:
    """A TIFF of more than 8 bits or of floating point."""
    values, white_is_zero = tiff.read_numbers(data, page, max_megapixels)
    values = upright(values, tiff.tag(page, ORIENTATION, 1))
    if values.shape[2] >= 3 and (values[..., :1] != values[..., 1:3]).any():
        raise DepthMapError(COLOURED.format(", ".join(TABLES)))
    whole = values.dtype.kind in "ui"
    full = float(2**page.bitspersample - 1) if whole and page.bitspersample <= 16 else None
    grey = values[..., 0].astype(np.float32)
    return Stored(full - grey if white_is_zero and full else grey, full)


def read_colours(colours: np.ndarray) -> Stored:
    """A colour-mapped image, H×W×3 uint8, back to its numbers."""
    mapped = unmap(colours)
    if mapped is None:
        raise DepthMapError(COLOURED.format(", ".join(TABLES)))
    values, name = mapped
    return Stored(values, 1.0, "disparity", f"It was read back from the colour map {name}.")


def judge(stored: Stored) -> tuple[np.ndarray, str, bool]:
    """Numbers → depth, H×W float32 in [0, 1], 1 nearest; what they were taken for; near is dark."""
    values, missing = stored.values, holes(stored.values)
    if 1 - missing.mean() < NEAR_ENOUGH:
        raise DepthMapError(EMPTY)
    low, high = float(values[~missing].min()), float(values[~missing].max())
    full = full_scale(stored.full, high)
    if is_full_range(values, missing, low, high, full):
        return values / np.float32(full or 1), "Near is taken to be bright.", False
    if is_distance(stored, missing, low, high, full):
        return *from_distances(values, missing), True
    depth = stretch(fill_holes(values, missing))
    stretched = f"Near is taken to be bright; values from {low:.4g} to {high:.4g} were stretched."
    return depth, stretched + said_of(missing), False


def holes(values: np.ndarray) -> np.ndarray:
    """Where nothing was measured: no number, or one beyond all measure."""
    with np.errstate(invalid="ignore"):
        return ~(np.abs(values) < LARGEST)


def full_scale(full: float | None, high: float) -> float | None:
    """What a file's whole numbers go up to: a 16-bit file may hold 8, 10, 12 or 14 bits."""
    if full == 65535 and high in PROGRAM_BITS:
        return high
    return full


def is_full_range(
    values: np.ndarray, missing: np.ndarray, low: float, high: float, full: float | None
) -> bool:
    """Whether a map fills its range already, so that it is used to the letter."""
    if low != 0 or high != (full or 1) or missing.any():
        return False
    return full != 255 or np.subtract(*np.percentile(values, PERCENTILES[::-1])) > high / 2


def is_distance(
    stored: Stored, missing: np.ndarray, low: float, high: float, full: float | None
) -> bool:
    """Whether numbers are distances: by what the file says, else by how photos are built.

    Only 16 bits that are not filled and floats beyond 1 can be; the lower third of nearly every
    photo is nearer than its upper third.
    """
    if stored.meaning is not None:
        return stored.meaning == "distance"
    if high <= 1 or full == 255 or (full is not None and high >= 0.98 * full) or low < 0 < high:
        return False
    third = max(1, len(stored.values) // 3)
    usable = np.where(missing | (stored.values == 0), np.nan, stored.values)
    upper, lower = usable[:third], usable[-third:]
    if np.isnan(upper).all() or np.isnan(lower).all():
        return full is not None
    return float(np.nanmedian(lower)) < float(np.nanmedian(upper))


def from_distances(values: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray, str]:
    """Distances → depth; 0 was not measured, without bound is the farthest."""
    values = -values if values[~missing].max() <= 0 else values
    endless = values >= LARGEST
    missing = (missing & ~endless) | (values <= 0)
    if 1 - missing.mean() < NEAR_ENOUGH:
        raise DepthMapError(EMPTY)
    middle = float(np.median(values[~missing & ~endless]))
    unit = "millimetres" if middle > METRES_BELOW else "metres"
    depth = stretch(fill_holes(invert_distances(np.where(missing, 1, values)), missing))
    return depth, f"Taken as distances in {unit}: near is small." + said_of(missing)


def invert_distances(distances: np.ndarray) -> np.ndarray:
    """Distances above 0 → their inverse, which is like disparity."""
    return (1 / np.maximum(distances, 1e-6)).astype(np.float32)


def said_of(missing: np.ndarray) -> str:
    """What is said of holes."""
    part = 100 * missing.mean()
    if not part:
        return ""
    return f" {max(part, 0.1):.1f} % of the map is missing and was filled from around."


def fill_holes(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Missing values take those of the nearest pixel that has one, smoothed inside the hole."""
    if not missing.any():
        return values
    _, labels = cv2.distanceTransformWithLabels(
        missing.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = np.zeros(labels.max() + 1, np.float32)
    known[labels[~missing]] = values[~missing]
    filled = known[labels]
    return np.where(missing, cv2.GaussianBlur(filled, (0, 0), 2), filled)


def stretch(values: np.ndarray) -> np.ndarray:
    """Any numbers → float32 in [0, 1] between the percentiles; a flat map is 0.5."""
    low, high = (float(value) for value in np.percentile(values, PERCENTILES))
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        low, high = float(values.min()), float(values.max())
    if high <= low:
        return np.full(values.shape, 0.5, np.float32)
    return np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1, dtype=np.float32)


def to_levels(colours: np.ndarray) -> np.ndarray:
    """Colours of 8 or 16 bits → uint8."""
    return colours if colours.dtype == np.uint8 else (colours / 257 + 0.5).astype(np.uint8)


def runs_against(depth: np.ndarray, reference: np.ndarray) -> bool:
    """Whether a map, H×W at any size, clearly has near and far the other way than a reference.

    True where Spearman's rank correlation of the two is below −0.3.
    """
    ranks = []
    for values in (depth, reference):
        small = cv2.resize(values.astype(np.float32), (GRID, GRID), interpolation=cv2.INTER_AREA)
        ranks.append(np.unique(small, return_inverse=True)[1].ravel())
    if min(np.ptp(rank) for rank in ranks) == 0:
        return False
    return float(np.corrcoef(*ranks)[0, 1]) < AGAINST
