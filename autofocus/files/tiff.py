"""TIFF of more than 8 bits, or of floating point, by tifffile; Pillow reads the others.

The array is handed to the decoder filled with zeros, and no strip may lie beyond the file's end:
what comes back was in the file.
"""

import io
from dataclasses import dataclass

import numpy as np
import tifffile

from autofocus.errors import PhotoError
from autofocus.files.source import check_size, decoder

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK = 0, 1, 2, 5
CHANNELS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4}
PREMULTIPLIED, STRAIGHT = 1, 2
LARGEST_FLOAT = 1e9  # beyond it, values are not an image's
REDUCED = 1  # NewSubfileType of a smaller copy
NO_IMAGE = (
    "This floating-point TIFF holds values up to {:.0e}, which are not brightness. "
    "Export it with values from 0 to 1."
)


@dataclass(frozen=True)
class DeepTiff:
    """A TIFF's image as stored, and what its tags say."""

    values: np.ndarray  # H×W×C float32, C 1, 3 or 4 (CMYK), 1 the brightest, not clipped if float
    alpha: np.ndarray | None  # H×W float32 in [0, 1]; the colours are not multiplied by it
    profile: bytes | None
    stretched: bool  # floating-point values beyond [0, 1] were scaled to it


def is_tiff(data: bytes) -> bool:
    """Whether a file begins as a TIFF does."""
    return data[:4] in STARTS


def full_page(data: bytes) -> tifffile.TiffPage:
    """The first page that is not marked as a smaller copy of another."""
    with decoder():
        pages = tifffile.TiffFile(io.BytesIO(data)).pages
        full = (page for page in pages if not tag(page, 254, 0) & REDUCED)
        return next(full, None) or pages[0]


def tag(page: tifffile.TiffPage, code: int, otherwise: object = None) -> object:
    """The value of a page's tag."""
    return page.tags[code].value if code in page.tags else otherwise


def is_deep(page: tifffile.TiffPage) -> bool:
    """Whether a page has samples that Pillow would cut or misread."""
    return page.dtype is not None and (page.dtype.itemsize > 1 or page.bitspersample > 8)


def read_deep(data: bytes, page: tifffile.TiffPage, max_megapixels: float) -> DeepTiff:
    """Decode a page of 9 to 32 bits or of floating point.

    Raises:
        PhotoError: it is damaged, too large, of colours that are not handled, or no image.

    """
    photometric = int(page.photometric)
    values, extra = read_samples(data, page, max_megapixels)
    values, stretched = to_unit(values, page.bitspersample)
    if photometric == WHITE_IS_ZERO:
        values = 1 - values
    alpha = None if extra is None else np.clip(to_unit(extra, page.bitspersample)[0], 0, 1)
    if alpha is not None and PREMULTIPLIED in page.extrasamples:
        values = values / np.maximum(alpha, 1 / 65535)[..., None]
    return DeepTiff(values, alpha, tag(page, 34675), stretched)


def read_numbers(
    data: bytes, page: tifffile.TiffPage, max_megapixels: float
) -> tuple[np.ndarray, bool]:
    """A page's numbers as stored, H×W×C, and whether white is zero; PhotoError as `read_deep`."""
    values, _ = read_samples(data, page, max_megapixels)
    return values, int(page.photometric) == WHITE_IS_ZERO


def read_samples(
    data: bytes, page: tifffile.TiffPage, max_megapixels: float
) -> tuple[np.ndarray, np.ndarray | None]:
    """A page's colours as stored, H×W×C, and its alpha, H×W, or None."""
    check_size(page.imagewidth, page.imagelength, max_megapixels)
    if int(page.photometric) not in CHANNELS or page.imagedepth > 1:
        raise PhotoError(
            "This TIFF stores its colours in a way that cannot be read. Export it as RGB."
        )
    check_complete(data, page)
    with decoder():
        stored = np.zeros(page.shape, page.dtype)
        page.asarray(out=stored)
    return split(stored, page, CHANNELS[int(page.photometric)])


def check_complete(data: bytes, page: tifffile.TiffPage) -> None:
    """Refuse a page with strips or tiles that are missing or beyond the file's end."""
    places = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    with decoder():
        if not places or any(size <= 0 or at + size > len(data) for at, size in places):
            raise ValueError("a strip is missing")


def split(
    stored: np.ndarray, page: tifffile.TiffPage, colours: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Any layout → H×W×colours and alpha, H×W, or None."""
    with decoder():
        if stored.ndim == 2:
            return stored[..., None], None
        samples = np.moveaxis(stored, 0, 2) if page.axes.startswith("S") else stored
        samples = samples.reshape(page.imagelength, page.imagewidth, -1)
    kinds = [int(kind) for kind in page.extrasamples]
    known = next((at for at, kind in enumerate(kinds) if kind in (PREMULTIPLIED, STRAIGHT)), None)
    if samples.shape[2] < colours:
        raise PhotoError("This TIFF has fewer channels than its kind of colours. Export it again.")
    return samples[..., :colours], None if known is None else samples[..., colours + known]


def to_unit(values: np.ndarray, bits: int) -> tuple[np.ndarray, bool]:
    """Stored numbers → float32, 1 the brightest; and whether floats had to be scaled to it."""
    if values.dtype.kind in "iub":
        bits -= values.dtype.kind == "i"
        return np.maximum(values, 0).astype(np.float32) / np.float32(2.0**bits - 1), False
    floats = np.nan_to_num(values.astype(np.float32), nan=0, posinf=0, neginf=0)
    low, high = float(floats.min()), float(floats.max())
    if max(-low, high) > LARGEST_FLOAT:
        raise PhotoError(NO_IMAGE.format(max(-low, high)))
    if low >= -1 and high <= 16:  # light beyond white is common and is clipped in the end
        return floats, False
    return (floats - low) / max(high - low, 1e-12), True
