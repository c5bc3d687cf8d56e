"""Any photo file that people have, to RGB and back: the only conversions of the project.

Inside, a photo is H×W×3 float32 in [0, 1], sRGB-encoded and upright. Everything that makes files
differ ends here; what is read and what is written is listed in docs/files.md, and how it is done
is in `autofocus.files`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from autofocus.errors import DepthMapError, RequestError
from autofocus.files import atomic, encode, png
from autofocus.files.alpha import blur_premultiplied, over_white
from autofocus.files.decode import decode, open_image, upright
from autofocus.files.depth_map import DepthMap, read_depth_map, runs_against
from autofocus.files.encode import format_of, to_bytes, to_floats, to_type, to_words
from autofocus.files.exif import ORIENTATION
from autofocus.files.metadata import Facts, write_facts
from autofocus.files.phone_depth import PhoneDepth, may_hold_depth, read_phone_depth
from autofocus.files.raw import is_raw, read_raw
from autofocus.files.source import Source, decoder, read_bytes

__all__ = [
    "PREVIEW", "DepthMap", "Photo", "compact", "fit", "format_of", "preview", "read_depth",
    "read_photo", "resize", "runs_against", "through_lens", "to_bytes", "to_floats", "to_type",
    "to_words", "write_depth", "write_photo", "write_saliency",
]  # fmt: skip

MAX_MEGAPIXELS = 64
PREVIEW = 1280  # pixels of a preview's long side
SHORTEST, LONGEST = 480, 4096  # pixels: a panorama's preview is longer, for its short side
ASPECT_TOLERANCE = 0.02  # between a photo's and a depth map's aspect
UNTOUCHED = 128  # the byte of a correction that changes nothing; 255 is sharp, 0 blurred
MAP_COMPRESSION = 1  # of a PNG; maps are written often and read soon


@dataclass(frozen=True)
class Photo:
    """A photo and what its file said about it."""

    pixels: np.ndarray  # H×W×3 float32 in [0, 1], sRGB-encoded, upright, over white; see `compact`
    alpha: np.ndarray | None = None  # H×W float32 in [0, 1]; None if nothing is transparent
    bits: int = 8  # 8 or 16 a channel
    metadata: Facts = Facts()
    depth: np.ndarray | None = None  # the phone's own map, at its own size, as a custom one
    matte: np.ndarray | None = None  # the phone's cut-out of people, at its own size, 1 the person
    notes: tuple[str, ...] = ()  # sentences that its owner should read
    full_size: tuple[int, int] | None = None  # height, width, where the pixels are a smaller copy

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the photo itself."""
        return self.full_size or self.pixels.shape[:2]


def read_photo(
    source: Source, *, max_megapixels: float = MAX_MEGAPIXELS, enough: int | None = None
) -> Photo:
    """Read a photo from a path, bytes or a binary file.

    Args:
        source: see above.
        max_megapixels: of the photo; a larger one is refused before it is decoded.
        enough: so many pixels are needed. A JPEG that has several times as many is read as a
            smaller copy, in a fraction of the time; `Photo.size` is the photo's own.

    Raises:
        PhotoError: it is missing, empty, not a photo, damaged, or larger than is allowed.

    """
    data = read_bytes(source)
    if is_raw(data):
        decoded, phone = read_raw(data, max_megapixels), PhoneDepth()
    else:
        decoded = decode(data, max_megapixels, enough)
        phone = phone_depth(data, decoded.facts, max_megapixels)
    notes = (*decoded.notes, *([phone.note] if phone.note else []))
    return Photo(
        over_white(decoded.pixels, decoded.alpha),
        decoded.alpha,
        decoded.bits,
        decoded.facts,
        phone.depth,
        phone.matte,
        notes,
        decoded.full_size,
    )


def compact(photo: Photo) -> Photo:
    """The photo with pixels of uint8, or uint16 if it has 16 bits, whose largest number is 1.

    A quarter or half of the memory, for the lens and for writing. A transparent photo stays as it
    is, since `through_lens` divides it by its alpha.
    """
    if photo.alpha is not None:
        return photo
    return replace(photo, pixels=to_type(photo.pixels, np.uint16 if photo.bits > 8 else np.uint8))


def phone_depth(data: bytes, facts: Facts, max_megapixels: float) -> PhoneDepth:
    """The maps in a phone's portrait, upright."""
    if not may_hold_depth(data):
        return PhoneDepth()
    stored = read_phone_depth(data, open_image(data, max_megapixels))
    orientation = facts.exif.main.get(ORIENTATION, 1)
    maps = {"depth": stored.depth, "matte": stored.matte}
    turned = {name: upright(kept, orientation) for name, kept in maps.items() if kept is not None}
    return replace(stored, **turned)


def read_depth(
    source: Source, *, invert: bool = False, max_megapixels: float = MAX_MEGAPIXELS
) -> DepthMap:
    """A custom depth map of any program → its depth and what it was taken for.

    Read are images of 8 and 16 bits and floating point, in grey or in a known colour map, and
    OpenEXR, NPY, NPZ, PFM. A map that fills its range (0..65535) is used to the letter; others are
    stretched. `invert` says that its nearest is darkest, as it is in
    distances anyway. `runs_against` tells when that seems to be needed.

    Raises:
        PhotoError: as `read_photo`.
        DepthMapError: it holds no depth, or is in colours that mean nothing here.

    """
    return read_depth_map(source, invert=invert, max_megapixels=max_megapixels)


def read_correction(source: Source) -> np.ndarray:
    """A painted correction → H×W float32 in [-1, 1], + sharper, as `render.correct` takes it.

    Raises:
        PhotoError: as `read_photo`.
        RequestError: it is not an 8-bit grey PNG.

    """
    image = open_image(read_bytes(source), MAX_MEGAPIXELS)
    if (image.format, image.mode) != ("PNG", "L"):
        raise RequestError("A correction is an 8-bit grey PNG: 128 as it is, 255 sharp, 0 blurred.")
    with decoder("This correction is damaged. Save it again."):
        values = np.asarray(image, np.float32)
    return np.clip((values - UNTOUCHED) / (255 - UNTOUCHED), -1, 1)


def correction_bytes(correction: np.ndarray) -> np.ndarray:
    """A correction (any shape, in [-1, 1]) as the bytes that `read_correction` reads."""
    return np.uint8(np.round(UNTOUCHED + correction * (255 - UNTOUCHED)))


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A photo or map to `size` (height, width): by area where it shrinks, else bilinear."""
    if image.shape[:2] == size:
        return image
    shrinks = image.shape[0] * image.shape[1] > size[0] * size[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (size[1], size[0]), interpolation=method)


def preview(image: np.ndarray, long_side: int = PREVIEW) -> np.ndarray:
    """A photo or map with a long side of at most so many pixels.

    It is longer where the short side would fall below its share (480 of 1280), up to 4096.
    """
    short, long = sorted(image.shape[:2])
    scale = max(long_side / long, SHORTEST / PREVIEW * long_side / short)
    scale = min(scale, max(long_side, LONGEST) / long)
    if scale >= 1:
        return image
    return resize(image, tuple(max(1, round(side * scale)) for side in image.shape[:2]))


def fit(depth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A map at a photo's size (height, width); DepthMapError if it is of another aspect."""
    if depth.shape == size:
        return depth
    if not has_aspect(depth, size):
        raise DepthMapError(
            f"This depth map is {depth.shape[1]}×{depth.shape[0]}, which is another aspect than "
            f"the photo's {size[1]}×{size[0]}. Use a map of the same photo."
        )
    return resize(depth, size)


def has_aspect(image: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether a map may belong to a photo of this height and width."""
    ratio = (image.shape[1] / image.shape[0]) / (size[1] / size[0])
    # One pixel of rounding is no other aspect, however small the map.
    return abs(ratio - 1) <= max(ASPECT_TOLERANCE, 1.5 / min(image.shape))


def through_lens(photo: Photo, lens: Callable[[np.ndarray], np.ndarray]) -> Photo:
    """A photo whose pixels went through a lens: a function of H×W×3 to the same.

    A transparent photo goes through it twice, as colours without background and as alpha, so that
    no white shines in at its edges.
    """
    if photo.alpha is None:
        return replace(photo, pixels=lens(photo.pixels))
    pixels, alpha = blur_premultiplied(photo.pixels, photo.alpha, lens)
    return replace(photo, pixels=pixels, alpha=alpha)


def write_photo(
    pixels: np.ndarray,
    path: str | Path,
    like: Photo | None = None,
    *,
    keep_location: bool = False,
) -> None:
    """Write a photo as JPEG (quality 95), PNG, WebP or TIFF, by the path's suffix.

    `pixels` are H×W×3 in [0, 1], or whole numbers as in `compact`.

    `like` is the photo that the pixels were made of: its facts are repeated as far as they may be
    (docs/files.md), its alpha is kept where it has the same size and the format can, and PNG and
    TIFF have 16 bits if it has. The file is written whole or not at all.

    Raises:
        PhotoError: the suffix is not one of these, or the file cannot be written.

    """
    kind, like = format_of(Path(path)), like or Photo(pixels)
    same_size = like.alpha is not None and like.alpha.shape == pixels.shape[:2]
    said = write_facts(
        like.metadata,
        (pixels.shape[1], pixels.shape[0]),
        turned=like.metadata.exif.turned,
        keep_location=keep_location,
    )
    alpha = like.alpha if same_size else None
    atomic.write_bytes(path, encode.encode(pixels, alpha, like.bits, kind, said))


def write_depth(depth: np.ndarray, path: str | Path) -> None:
    """Write H×W depth in [0, 1] as a 16-bit grey PNG, nearest = 65535, marked for `read_depth`."""
    data = encode.encode_png(to_words(depth), MAP_COMPRESSION)
    atomic.write_bytes(path, png.with_chunks(data, [png.OUR_DEPTH]))


def write_saliency(saliency: np.ndarray, path: str | Path) -> None:
    """Write H×W saliency in [0, 1] as an 8-bit grey PNG, probability · 255."""
    atomic.write_bytes(path, encode.encode_png(to_bytes(saliency), MAP_COMPRESSION))
