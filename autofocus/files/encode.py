"""Pixels and facts → the bytes of a JPEG, PNG, WebP or TIFF, always in sRGB and saying so."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import DTypeLike
from PIL import Image

from autofocus.errors import PhotoError
from autofocus.files import iptc, png
from autofocus.files.alpha import from_white
from autofocus.files.colour import SRGB_BYTES
from autofocus.files.metadata import Written, tiff_directory
from autofocus.files.source import DAMAGE

FORMATS = {  # by suffix
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".png": "PNG",
    ".webp": "WebP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
DEEP, TRANSPARENT = ("PNG", "TIFF"), ("PNG", "TIFF", "WebP")
JPEG_QUALITY, WEBP_QUALITY = 95, 95
# The lower half of 16 bits is noise: to pack it harder takes long and saves nothing.
PNG_COMPRESSION, DEEP_COMPRESSION = 3, 1
EXIF_LIMIT = 65_533  # bytes, in a JPEG
INCHES_IN_A_METRE = 39.3701
DITHER_SEED = 0
STRAIGHT_ALPHA = 2
BAND = 64  # rows that are converted at once: a large photo needs no second copy in floats


def format_of(path: Path) -> str:
    """The format that a path's suffix names; PhotoError if it is none that we write."""
    if path.suffix.lower() not in FORMATS:
        raise PhotoError(f"{path.name}: unsupported format. Use one of {', '.join(FORMATS)}.")
    return FORMATS[path.suffix.lower()]


def encode(
    pixels: np.ndarray, alpha: np.ndarray | None, bits: int, kind: str, said: Written
) -> bytes:
    """Encode H×W×3 in [0, 1], over white where alpha (H×W) is below 1.

    PNG and TIFF take 16 bits where `bits` is 16; the others are dithered then. JPEG has no alpha.
    Without alpha, pixels may also be uint8 or uint16, whose largest number is 1.
    Facts that are too long for a format are left out: the image matters more.

    Raises:
        PhotoError: the image does not fit the format.

    """
    if alpha is not None and kind in TRANSPARENT:
        pixels = np.dstack([from_white(pixels, alpha), alpha])
    if bits > 8:
        values = to_words(pixels) if kind in DEEP else dithered(pixels)
    else:
        values = to_bytes(pixels)
    try:
        return {"JPEG": jpeg, "PNG": png_file, "WebP": webp, "TIFF": tiff}[kind](values, said)
    except DAMAGE as error:
        raise PhotoError(f"This image cannot be written as {kind} ({error}).") from error


def jpeg(values: np.ndarray, said: Written) -> bytes:
    """A JPEG."""
    exif = said.exif_bytes()
    options = {"dpi": said.dpi} if said.dpi else {}
    if said.xmp:
        options["xmp"] = said.xmp
    file = io.BytesIO()
    Image.fromarray(values).save(
        file,
        "JPEG",
        quality=JPEG_QUALITY,
        subsampling=0,
        icc_profile=SRGB_BYTES,
        exif=exif if len(exif) <= EXIF_LIMIT else b"",
        extra=iptc.photoshop_segment(said.iptc) if said.iptc else b"",
        **options,
    )
    return file.getvalue()


def webp(values: np.ndarray, said: Written) -> bytes:
    """A WebP."""
    file = io.BytesIO()
    facts = {"exif": said.exif_bytes(), "xmp": said.xmp or b""}
    Image.fromarray(values).save(
        file, "WEBP", quality=WEBP_QUALITY, icc_profile=SRGB_BYTES, **facts
    )
    return file.getvalue()


def png_file(values: np.ndarray, said: Written) -> bytes:
    """A PNG of 8 or 16 bits."""
    chunks = [(b"iCCP", b"sRGB\0\0" + zlib.compress(SRGB_BYTES))]
    if said.dpi:
        across, down = (round(value * INCHES_IN_A_METRE) for value in said.dpi)
        chunks.append((b"pHYs", across.to_bytes(4, "big") + down.to_bytes(4, "big") + b"\1"))
    if said.exif:
        chunks.append((b"eXIf", said.exif_bytes().removeprefix(b"Exif\0\0")))
    if said.xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + said.xmp))
    compression = DEEP_COMPRESSION if values.itemsize > 1 else PNG_COMPRESSION
    return png.with_chunks(encode_png(values, compression), chunks)


def encode_png(values: np.ndarray, compression: int) -> bytes:
    """A plain PNG of grey, RGB or RGBA, 8 or 16 bits."""
    if values.ndim == 3:
        to_bgr = cv2.COLOR_RGBA2BGRA if values.shape[2] == 4 else cv2.COLOR_RGB2BGR
        values = cv2.cvtColor(values, to_bgr)
    return cv2.imencode(".png", values, [cv2.IMWRITE_PNG_COMPRESSION, compression])[1].tobytes()


def tiff(values: np.ndarray, said: Written) -> bytes:
    """A TIFF of 8 or 16 bits, not compressed, with EXIF's inner directories."""
    height, width, channels = values.shape
    directory = tiff_directory(said)
    directory[256], directory[257] = width, height
    directory[258] = (8 * values.itemsize,) * channels
    directory[259], directory[262], directory[277], directory[284] = 1, 2, channels, 1
    directory[278], directory[279] = height, values.nbytes
    if channels == 4:
        directory[338] = STRAIGHT_ALPHA
    if said.dpi:
        directory[282], directory[283], directory[296] = *said.dpi, 2
    directory.tagtype[34675] = 7
    directory[34675] = SRGB_BYTES
    directory.tagtype[273] = 4
    directory[273] = 0  # the directory adds where it ends
    file = io.BytesIO()
    directory.save(file)
    file.write(np.ascontiguousarray(values, values.dtype.newbyteorder("<")))
    return file.getvalue()


def dithered(values: np.ndarray) -> np.ndarray:
    """[0, 1] → uint8 with noise of one step in place of rounding, the same at each call."""
    noise = np.random.default_rng(DITHER_SEED)
    return to_whole(values, np.uint8, lambda shape: noise.random(shape, np.float32))


def to_words(values: np.ndarray) -> np.ndarray:
    """[0, 1] → uint16, rounded."""
    return to_type(values, np.uint16)


def to_bytes(values: np.ndarray) -> np.ndarray:
    """[0, 1] → uint8, rounded."""
    return to_type(values, np.uint8)


def to_type(values: np.ndarray, kind: DTypeLike) -> np.ndarray:
    """[0, 1] → uint8 or uint16, rounded, 1 its largest number; not copied if it is of that type."""
    return values if values.dtype == kind else to_whole(values, kind, lambda shape: 0.5)


def to_whole(
    values: np.ndarray, kind: DTypeLike, rounding: Callable[[tuple[int, ...]], np.ndarray | float]
) -> np.ndarray:
    """[0, 1] → whole numbers of a type; `rounding` gives what is added before they are cut."""
    result, largest = np.empty(values.shape, kind), np.iinfo(kind).max
    for top in range(0, len(values), BAND):
        part = to_floats(values[top : top + BAND]).clip(0, 1)
        part *= largest
        part += rounding(part.shape)
        # A step of 1 − 1/16777216, and float32 above 128, can round up to the next whole number.
        result[top : top + BAND] = np.minimum(part, largest, out=part)
    return result


def to_floats(values: np.ndarray) -> np.ndarray:
    """The inverse of `to_type`, float32 in [0, 1]; floats are not copied if they are float32."""
    if values.dtype.kind == "u":
        return np.divide(values, np.float32(np.iinfo(values.dtype).max), dtype=np.float32)
    return np.asarray(values, np.float32)
