"""Raw files: the camera's own full-size preview where there is one, else developed, else refused.

A raw file holds several JPEGs, a thumbnail among them that a careless reader takes for the photo.
The largest one is used if it is at least half as long as the raw image. Without one, `rawpy`
(the extra `raw`) develops the file if it is installed.
"""

import io
import re
import struct
from itertools import islice

import numpy as np
import tifffile

from autofocus.errors import PhotoError
from autofocus.files import jpeg, tiff
from autofocus.files.decode import Decoded, decode, upright
from autofocus.files.exif import ORIENTATION
from autofocus.files.metadata import Facts, facts_of_tiff
from autofocus.files.source import DAMAGE, check_size, decoder, is_side

EXPORT = "This is a raw file: export it as JPEG or TIFF first."
STARTS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")
CR2, CR3 = b"CR", b"ftypcrx "  # at 8 and at 4
DNG_VERSION = 50706
SENSOR = (32803, 34892)  # photometric: a colour filter array, and linear raw
PACKED = (34713, 32767, 32769, 32770, 65535)  # compression: Nikon, Sony, Epson, Samsung, Pentax
PAGES = 8  # directories that are looked at
PREVIEW_PART = 0.5  # of the raw image's long side
PREVIEW_ALONE = 1000  # pixels of the long side, where the raw image's size is not known
ASPECT_TOLERANCE = 0.06  # the sensor has a border
DCT = (0xC0, 0xC1, 0xC2)  # frames that are images; sensors' data are in lossless ones
IMAGE = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")


def is_raw(data: bytes) -> bool:
    """Whether a file is a camera's raw data, by its beginning or its directories."""
    if data.startswith(STARTS) or data[4:12] == CR3:
        return True
    if not tiff.is_tiff(data):
        return False
    return data[8:10] == CR2 or any(is_sensor(page) for page in directories(data))


def directories(data: bytes) -> list[tifffile.TiffPage]:
    """The first directories of a TIFF and the inner ones; none if they are damaged."""
    try:
        pages = list(islice(tifffile.TiffFile(io.BytesIO(data)).pages, PAGES))
        inner = [islice(page.pages, PAGES) for page in pages if page.subifds]
        return [page for page in [*pages, *(p for part in inner for p in part)] if page]
    except DAMAGE:
        return []


def is_sensor(page: tifffile.TiffPage) -> bool:
    """Whether a directory is of raw data, or of a DNG."""
    photometric, packed = tiff.tag(page, 262), tiff.tag(page, 259)
    return DNG_VERSION in page.tags or photometric in SENSOR or packed in PACKED


def read_raw(data: bytes, max_megapixels: float) -> Decoded:
    """The image of a raw file and a note on where it comes from.

    Raises:
        PhotoError: it has no large preview and cannot be developed here, or is damaged.

    """
    size = sensor_size(data)
    preview = largest_preview(data, size)
    if preview is not None:
        return read_preview(data, preview, max_megapixels)
    return develop(data, max_megapixels)


def sensor_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of the raw image, where a directory says it."""
    pages = directories(data) if tiff.is_tiff(data) else []
    sizes = [(page.imagewidth, page.imagelength) for page in pages]
    usable = (size for size in sizes if all(map(is_side, size)))
    return max(usable, key=lambda size: size[0] * size[1], default=None)


def largest_preview(data: bytes, sensor: tuple[int, int] | None) -> bytes | None:
    """The largest JPEG inside, if it is large enough for the raw image's size."""
    area, start, largest = 0, 0, None
    for match in IMAGE.finditer(data):
        size = jpeg_size(data[match.start() :])
        if size and size[0] * size[1] > area:
            area, start, largest = size[0] * size[1], match.start(), size
    if largest is None or not is_large(largest, sensor):
        return None
    return data[start:]


def is_large(size: tuple[int, int], sensor: tuple[int, int] | None) -> bool:
    """Whether a preview can stand for the raw image."""
    if sensor is None:
        return max(size) >= PREVIEW_ALONE
    ratio = (max(size) / min(size)) / (max(sensor) / min(sensor))
    return abs(ratio - 1) < ASPECT_TOLERANCE and max(size) >= PREVIEW_PART * max(sensor)


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG in colour; None if it is grey, lossless or none."""
    for marker, _, content in jpeg.segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker not in DCT or len(content) < 6:
                return None
            bits, height, width, channels = struct.unpack_from(">BHHB", content)
            return (width, height) if bits == 8 and channels == 3 and width and height else None
    return None


def read_preview(data: bytes, preview: bytes, max_megapixels: float) -> Decoded:
    """A raw file's preview, turned as the raw file says where the preview does not."""
    decoded = decode(preview, max_megapixels)
    pixels, facts = decoded.pixels, decoded.facts
    stated = facts_of_tiff(data) if tiff.is_tiff(data) else Facts()
    if ORIENTATION not in facts.exif.main:
        pixels = upright(pixels, stated.exif.main.get(ORIENTATION, 1))
    if not facts.exif.main:
        facts = stated
    height, width = pixels.shape[:2]
    note = f"This is a raw file; its embedded preview ({width}×{height}) is used."
    return Decoded(pixels, None, 8, facts, (note,))


def develop(data: bytes, max_megapixels: float) -> Decoded:
    """Develop raw data with the camera's white balance, if `rawpy` is installed."""
    try:
        import rawpy
    except ImportError as error:
        raise PhotoError(EXPORT) from error
    try:
        with decoder(EXPORT), rawpy.imread(io.BytesIO(data)) as opened:
            check_size(opened.sizes.width, opened.sizes.height, max_megapixels)
            values = opened.postprocess(use_camera_wb=True, output_bps=16, gamma=(2.4, 12.92))
    except rawpy.LibRawError as error:
        raise PhotoError(EXPORT) from error
    facts = facts_of_tiff(data) if tiff.is_tiff(data) else Facts()
    note = "This is a raw file; it was developed with the camera's white balance."
    return Decoded(values.astype(np.float32) / 65535, None, 16, facts, (note,))
