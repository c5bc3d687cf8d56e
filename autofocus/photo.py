"""Any photo file that people have, to RGB and back: the only conversions of the project.

Inside, a photo is H×W×3 float32 in [0, 1], sRGB-encoded and upright. Everything that makes files
differ ends here: EXIF rotation, colour profiles, CMYK, grey, palettes, 16 bits, transparency.
"""

import codecs
import io
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageOps

from autofocus.errors import DepthMapError, PhotoError

MAX_MEGAPIXELS = 64
PREVIEW = 1280  # pixels of a preview's long side
SHORTEST, LONGEST = 480, 4096  # pixels: a panorama's preview is longer, for its short side
ASPECT_TOLERANCE = 0.02  # between a photo's and a depth map's aspect
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "GIF")
ADVICE = "Try JPEG, PNG, WebP, HEIC or TIFF."
SAVED_AS = {
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".png": ("PNG", {"compress_level": 3}),
    ".webp": ("WEBP", {"quality": 95}),
    # Not compressed: Pillow's way to libtiff loses EXIF's inner directories, or fails on them.
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
}
LOOKS_LIKE = (  # how a file that is no photo begins, and what it then is
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"<", "a web page"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"8BPS", "a Photoshop file"),
    (b"BM", "a BMP picture"),
    (b"\xff\xd8\xff", "a damaged JPEG"),
    (b"\x89PNG", "a damaged PNG"),
)
ORIENTATION, GPS, TIFF_BITS = 0x0112, 0x8825, 258
# EXIF that a new file may say of the same photo: what, when, by whom and with what it was taken.
# How the old file stored its pixels (a TIFF's sizes, offsets, profile) and its XMP stay behind.
KEPT_EXIF = frozenset(
    (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x8769, GPS)
    + (0x011A, 0x011B, 0x0128)  # resolution
    + (0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F)  # title, comment, author, keywords, subject
)
EXIF_LIMIT = 65_533  # bytes, in a JPEG
# What the decoders raise on a damaged file: they are many, and few agree.
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, MemoryError, RuntimeError, TypeError,
    AttributeError, LookupError, ArithmeticError, struct.error, cv2.error,
)  # fmt: skip
PNG_BITS = 24  # where a PNG's header says how many bits a channel has
DEEP_GREY = ("I", "I;16", "I;16B", "I;16L", "F")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

pillow_heif.register_heif_opener(thumbnails=False)
# The limit on size is ours (see `check_size`) and comes with a sentence instead of a warning.
Image.MAX_IMAGE_PIXELS = None
# Both decoders remark on odd metadata that we do not need. Said once, here: to set a filter round
# each call would not be safe among threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True)
class Photo:
    """A photo and what its file said about it."""

    pixels: np.ndarray  # H×W×3 float32 in [0, 1], sRGB-encoded, upright
    exif: bytes | None = None  # without the orientation, which is applied already
    depth: np.ndarray | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DepthMap:
    """A depth map."""

    depth: np.ndarray
    note: str


def read_photo(source: str | Path | bytes | BinaryIO) -> Photo:
    """Read a photo from a path, bytes or a binary file.

    Raises:
        PhotoError: it is missing, empty, no photo, damaged or larger than 64 megapixels.

    """
    data = read_bytes(source)
    image = open_image(data)
    try:
        exif = image.getexif()
        deep = read_deep(data, image)
        pixels = upright(deep, exif.get(ORIENTATION, 1)) if deep is not None else decode(image)
    except DAMAGE as error:
        raise PhotoError(
            "This photo is damaged: the file ends early or its contents cannot be decoded. "
            "Try another copy of it."
        ) from error
    return Photo(pixels, exif_with(exif, KEPT_EXIF))


def read_bytes(source: str | Path | bytes | BinaryIO) -> bytes:
    """The contents of a source; PhotoError says why there are none."""
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str | Path):
        data = read_path(Path(source))
    else:
        data = source.read()
    if not data:
        raise PhotoError(f"This file is empty. {ADVICE}")
    return data


def read_path(path: Path) -> bytes:
    """A file's contents; PhotoError for a folder, a missing or an unreadable file."""
    if path.is_dir():
        raise PhotoError("This is a folder, not a photo. Name the photos in it.")
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise PhotoError("There is no such file. Check the path.") from error
    except OSError as error:
        raise PhotoError(f"This file cannot be opened ({error.strerror}).") from error


def open_image(data: bytes) -> Image.Image:
    """Open an image of a known format lazily, and refuse what is too large before decoding it."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except DAMAGE as error:
        kind = what_it_looks_like(data)
        raise PhotoError(f"This file is not a photo that can be read{kind}. {ADVICE}") from error
    check_size(*image.size)
    return image


def what_it_looks_like(data: bytes) -> str:
    """In brackets, what a file that is no photo seems to be; empty if nobody can tell."""
    start = data[:512].lstrip().removeprefix(b"\xef\xbb\xbf")
    for beginning, name in LOOKS_LIKE:
        if start.lower().startswith(beginning.lower()):
            return f" (it looks like {name})"
    try:
        text, _ = codecs.utf_8_decode(start, "strict", False)  # the last letter may be cut
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else " (it looks like text)"


def check_size(width: int, height: int) -> None:
    """Refuse photos above 64 megapixels."""
    megapixels = width * height / 1e6
    if megapixels > MAX_MEGAPIXELS:
        raise PhotoError(
            f"This photo has {megapixels:.0f} megapixels ({width}×{height}); "
            f"at most {MAX_MEGAPIXELS} can be used. Make it smaller first."
        )


def read_deep(data: bytes, image: Image.Image) -> np.ndarray | None:
    """Colour of 16 bits (PNG, TIFF), which Pillow would cut to 8, through OpenCV; else None.

    Only where no profile has to be applied: OpenCV knows none.
    """
    plain = image.mode in ("RGB", "RGBA") and not image.info.get("icc_profile")
    if not plain or not is_deep(data, image):
        return None
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        return None
    order = cv2.COLOR_BGRA2RGBA if values.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return over_white(cv2.cvtColor(values, order).astype(np.float32) / 65535)


def is_deep(data: bytes, image: Image.Image) -> bool:
    """Whether the file stores 16 bits a channel."""
    if image.format == "PNG":
        return data[PNG_BITS] == 16
    if image.format == "TIFF":
        return max(image.tag_v2.get(TIFF_BITS, (8,))) == 16
    return False


def decode(image: Image.Image) -> np.ndarray:
    """An opened image → upright sRGB float32."""
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode == "P" and image.has_transparency_data:
        image = image.convert("RGBA")
    if image.mode in DEEP_GREY:
        return np.repeat(to_unit(np.asarray(image))[..., None], 3, axis=2)
    colours = image if image.mode in ("CMYK", "L") else in_rgb(image)
    rgb = np.asarray(to_srgb(colours, image.info.get("icc_profile")))
    if image.has_transparency_data:
        rgb = np.dstack([rgb, np.asarray(image.convert("RGBA").getchannel("A"))])
    return over_white(np.divide(rgb, np.float32(255), dtype=np.float32))


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by an embedded profile; one that is broken or of another colour space is ignored."""
    if not profile:
        return in_rgb(image)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "RGB" and ImageCms.getProfileDescription(source).startswith("sRGB"):
            return image  # as most are: nothing to convert, and a 12-megapixel photo is read sooner
        return ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return in_rgb(image)


def in_rgb(image: Image.Image) -> Image.Image:
    """The image as RGB; not copied if it is."""
    return image if image.mode == "RGB" else image.convert("RGB")


def over_white(pixels: np.ndarray) -> np.ndarray:
    """H×W×3 as it is, H×W×4 over white."""
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:]
    return pixels[..., :3] * alpha + (1 - alpha)


def to_unit(values: np.ndarray) -> np.ndarray:
    """Grey values of any type → float32 in [0, 1]; floating point beyond that is re-scaled."""
    grey = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    if values.dtype == np.uint8:
        return grey / 255
    if np.issubdtype(values.dtype, np.integer):
        return np.clip(grey / 65535, 0, 1)
    low, high = float(grey.min()), float(grey.max())
    if low >= 0 and high <= 1:
        return grey
    return (grey - low) / max(high - low, 1e-12)


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror as EXIF's orientation (1-8) says."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def exif_with(exif: Image.Exif, tags: frozenset[int]) -> bytes | None:
    """EXIF's bytes with these tags only; None if none is left or it cannot be written again."""
    try:
        for tag in set(exif) - tags:
            del exif[tag]
        return exif.tobytes() if len(exif) else None
    except DAMAGE:
        return None


def without_location(exif: bytes | None) -> bytes | None:
    """EXIF without the place where the photo was taken."""
    if exif is None:
        return None
    parsed = Image.Exif()
    parsed.load(exif)
    return exif_with(parsed, KEPT_EXIF - {GPS})


def read_depth(source: str | Path | bytes | BinaryIO, *, invert: bool = False) -> DepthMap:
    """A shim."""
    depth = _read_depth(source)
    return DepthMap(1 - depth if invert else depth, "Brightest was taken as nearest.")


def _read_depth(source: str | Path | bytes | BinaryIO) -> np.ndarray:
    """A grey map of 8 or 16 bits, nearest brightest → H×W float32 in [0, 1].

    Raises:
        PhotoError: as `read_photo`.

    """
    data = read_bytes(source)
    image = open_image(data)
    try:
        if image.mode in (*DEEP_GREY, "L"):
            return to_unit(np.asarray(image))
        pixels = read_photo(data).pixels
    except PhotoError:
        raise
    except DAMAGE as error:
        raise PhotoError("This depth map is damaged. Try another copy of it.") from error
    return np.ascontiguousarray(pixels.mean(axis=2))


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
    ratio = (depth.shape[1] / depth.shape[0]) / (size[1] / size[0])
    # One pixel of rounding is no other aspect, however small the map.
    if abs(ratio - 1) > max(ASPECT_TOLERANCE, 1.5 / min(depth.shape)):
        raise DepthMapError(
            f"This depth map is {depth.shape[1]}×{depth.shape[0]}, which is another aspect than "
            f"the photo's {size[1]}×{size[0]}. Use a map of the same photo."
        )
    return resize(depth, size)


def write_photo(pixels: np.ndarray, path: str | Path, exif: bytes | None = None) -> None:
    """Write H×W×3 in [0, 1] as JPEG (quality 95), PNG, WebP or TIFF, by the path's suffix.

    EXIF too long for a JPEG is left out: the picture matters more.

    Raises:
        PhotoError: the suffix is not one of these, or the file cannot be written.

    """
    path = Path(path)
    name, options = format_of(path)
    image = Image.fromarray(to_bytes(pixels))
    profile = SRGB.tobytes()
    said = exif if exif and len(exif) <= EXIF_LIMIT else b""
    save(image, path, format=name, icc_profile=profile, exif=said, **options)


def format_of(path: Path) -> tuple[str, dict]:
    """Pillow's name and options for a path's suffix; PhotoError if it is none that we write."""
    if path.suffix.lower() not in SAVED_AS:
        raise PhotoError(f"{path.name} names no format that can be written: {', '.join(SAVED_AS)}.")
    return SAVED_AS[path.suffix.lower()]


def write_depth(depth: np.ndarray, path: str | Path) -> None:
    """Write H×W depth in [0, 1] as a 16-bit grey PNG over its full range, nearest = 65535."""
    save_map(to_words(depth), Path(path))


def write_saliency(saliency: np.ndarray, path: str | Path) -> None:
    """Write H×W saliency in [0, 1] as an 8-bit grey PNG, probability · 255."""
    save_map(to_bytes(saliency), Path(path))


def to_words(values: np.ndarray) -> np.ndarray:
    """[0, 1] → uint16, rounded."""
    return scaled(values, 65535).astype(np.uint16)


def to_bytes(values: np.ndarray) -> np.ndarray:
    """[0, 1] → uint8, rounded."""
    return scaled(values, 255).astype(np.uint8)


def scaled(values: np.ndarray, largest: int) -> np.ndarray:
    """[0, 1] → float32 whose whole part is the nearest number of 0..largest."""
    result = np.clip(values, 0, 1, dtype=np.float32)
    result *= largest
    result += 0.5
    return result


def save_map(values: np.ndarray, path: Path) -> None:
    """Save a grey map as PNG, quickly; PhotoError says why it cannot be."""
    _, data = cv2.imencode(".png", values, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    try:
        path.write_bytes(data)
    except OSError as error:
        raise PhotoError(f"{path.name} cannot be written ({error.strerror}).") from error


def save(image: Image.Image, path: Path, **options: object) -> None:
    """Save an image; PhotoError says why it cannot be."""
    try:
        image.save(path, **options)
    except DAMAGE as error:
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"{path.name} cannot be written ({reason}).") from error
