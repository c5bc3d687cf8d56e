"""Bytes of any known format → upright sRGB pixels, and the facts that stand beside them."""

import io
import math
import warnings
from dataclasses import dataclass

import cv2
import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image, ImageOps

from autofocus.errors import PhotoError
from autofocus.files import png, tiff
from autofocus.files.colour import (
    ADOBE_RGB,
    SRGB_CURVE,
    UNSPECIFIED,
    Colour,
    convert_image,
    convert_values,
    in_rgb,
)
from autofocus.files.exif import ORIENTATION, SIDEWAYS
from autofocus.files.metadata import Facts, facts_of_image, facts_of_tiff, says_adobe_rgb
from autofocus.files.source import DAMAGE, check_size, decoder, not_a_photo
from autofocus.files.tiff import CMYK, DeepTiff

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "GIF")
AS_STORED = ("CMYK", "L", "LAB")  # converted by a profile as they are; the others as RGB

pillow_heif.register_heif_opener(thumbnails=False)
# The limit on size is ours (see `check_size`) and comes with a sentence instead of a warning.
Image.MAX_IMAGE_PIXELS = None
# The decoders remark on odd metadata that we do not need. Said once, here: to set a filter round
# each call would not be safe among threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
tifffile.logger().setLevel("CRITICAL")


@dataclass(frozen=True)
class Decoded:
    """A photo as its file has it, upright and in sRGB."""

    pixels: np.ndarray  # H×W×3 float32 in [0, 1]
    alpha: np.ndarray | None  # H×W float32 in [0, 1]; the pixels are not multiplied by it
    bits: int  # 8 or 16 a channel
    facts: Facts
    notes: tuple[str, ...] = ()
    full_size: tuple[int, int] | None = None  # height, width, where the pixels are a smaller copy


def decode(data: bytes, max_megapixels: float, enough: int | None = None) -> Decoded:
    """Decode a photo; PhotoError if it is unknown, damaged or too large.

    Where so many pixels are `enough`, a JPEG is decoded smaller, which takes a third of the time.
    """
    deep = deep_page(data)
    if deep is not None:
        return decode_deep_tiff(data, deep, max_megapixels)
    image = open_image(data, max_megapixels)
    with decoder():
        facts = facts_of_image(image)
        orientation = image.getexif().get(ORIENTATION, 1)
    colour = colour_of(data, image, facts)
    values = deep_values(data, image)
    if values is None:
        full_size = decode_smaller(image, enough, orientation) if enough else None
        return Decoded(*decode_image(image, colour), 8, facts, hdr_note(colour), full_size)
    if image.format == "HEIF":
        orientation = 1  # its decoder has turned it
    values = upright(values, orientation)
    values, alpha = values[..., : -1 if values.shape[2] in (2, 4) else None], alpha_of(values)
    return Decoded(convert_values(values, colour), alpha, 16, facts, hdr_note(colour))


def decode_smaller(image: Image.Image, enough: int, orientation: int) -> tuple[int, int] | None:
    """Have a JPEG decoded at 1/2, 1/4 or 1/8 of its sides, if that leaves `enough` pixels.

    Returns:
        The upright photo's own height and width, or None if the image stays as it is.

    """
    width, height = image.size
    scale = math.sqrt(enough / (width * height))
    if scale < 1:
        with decoder():
            image.draft(None, (math.ceil(scale * width), math.ceil(scale * height)))
    if image.size == (width, height):
        return None
    return (width, height) if orientation in SIDEWAYS else (height, width)


def deep_page(data: bytes) -> tifffile.TiffPage | None:
    """The page of a TIFF that Pillow would cut or misread."""
    if not tiff.is_tiff(data):
        return None
    try:
        page = tiff.full_page(data)
    except PhotoError:
        return None  # Pillow finds the words for it
    return page if tiff.is_deep(page) else None


def decode_deep_tiff(data: bytes, page: tifffile.TiffPage, max_megapixels: float) -> Decoded:
    """A TIFF of more than 8 bits or of floating point."""
    deep = tiff.read_deep(data, page, max_megapixels)
    facts = facts_of_tiff(data)
    colour = Colour(deep.profile)
    if not deep.profile and says_adobe_rgb(facts.exif):
        colour = ADOBE_RGB
    pixels = deep_tiff_colours(deep, colour, int(page.photometric))
    orientation = tiff.tag(page, ORIENTATION, 1)
    alpha = None if deep.alpha is None else upright(deep.alpha, orientation)
    notes = ()
    if deep.stretched:
        notes = ("The floating-point values of this TIFF were scaled to the range of a photo.",)
    return Decoded(upright(pixels, orientation), alpha, 16, facts, notes)


def deep_tiff_colours(deep: DeepTiff, colour: Colour, photometric: int) -> np.ndarray:
    """Stored colours → sRGB; four inks go through Pillow, in 8 bits."""
    if photometric != CMYK:
        return convert_values(deep.values, colour)
    inks = (np.clip(deep.values, 0, 1) * 255 + 0.5).astype(np.uint8)
    return convert_image(Image.fromarray(inks, "CMYK"), colour)


def open_image(data: bytes, max_megapixels: float) -> Image.Image:
    """Open an image of a known format lazily, and refuse what is too large before decoding it."""
    with decoder(not_a_photo(data)):
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    check_size(*image.size, max_megapixels)
    return image


def colour_of(data: bytes, image: Image.Image, facts: Facts) -> Colour:
    """What a file says about its colours, the say that counts most in its format first."""
    icc, cicp = image.info.get("icc_profile"), None
    if image.format == "PNG":
        cicp = png.cicp(data)
        if cicp is not None:
            return Colour(cicp=cicp)
    elif image.format in ("HEIF", "AVIF"):
        cicp = nclx_of(data, image)
        if Colour(cicp=cicp).is_hdr:
            return Colour(cicp=cicp)
    if icc:
        return Colour(icc)
    if says_adobe_rgb(facts.exif):
        return ADOBE_RGB
    return Colour(cicp=cicp)


def nclx_of(data: bytes, image: Image.Image) -> tuple[int, int] | None:
    """Primaries and transfer of a HEIC's or AVIF's nclx box."""
    profile = image.info.get("nclx_profile")
    if image.format == "AVIF":
        profile = heif_info(data).get("nclx_profile")
    if not profile:
        return None
    transfer = profile["transfer_characteristics"]
    return profile["color_primaries"], SRGB_CURVE if transfer == UNSPECIFIED else transfer


def heif_info(data: bytes) -> dict:
    """What libheif finds in the boxes of a HEIC or AVIF, without decoding it."""
    try:
        return pillow_heif.open_heif(data, convert_hdr_to_8bit=False).info
    except DAMAGE:
        return {}


def deep_values(data: bytes, image: Image.Image) -> np.ndarray | None:
    """More than 8 bits, which Pillow would cut: H×W×C float32 in [0, 1] as stored; else None.

    C is 1 (grey), 2 (grey, alpha), 3 or 4 (RGB, alpha). HEIC comes turned upright, the others not.
    """
    with decoder():
        if image.format == "PNG" and png.bits(data) == 16:
            return channels_last(imagecodecs.png_decode(data), 16)
        if image.format == "AVIF" and heif_info(data).get("bit_depth", 8) > 8:
            return channels_last(imagecodecs.avif_decode(data), heif_info(data)["bit_depth"])
        if image.format == "HEIF" and image.info.get("bit_depth", 8) > 8:
            heif = pillow_heif.open_heif(data, convert_hdr_to_8bit=False)
            return channels_last(np.asarray(heif), 16)
    return None


def channels_last(values: np.ndarray, bits: int) -> np.ndarray:
    """Whole numbers of so many bits → H×W×C float32 in [0, 1]."""
    if values.dtype == np.uint8:
        bits = 8
    while values.ndim > 3:
        values = values[0]  # the first frame
    if values.ndim == 2:
        values = values[..., None]
    return values.astype(np.float32) / np.float32(2**bits - 1)


def alpha_of(values: np.ndarray) -> np.ndarray | None:
    """The last of two or four channels, unless it hides nothing."""
    if values.shape[2] not in (2, 4) or (values[..., -1] == 1).all():
        return None
    return np.ascontiguousarray(values[..., -1])


def decode_image(image: Image.Image, colour: Colour) -> tuple[np.ndarray, np.ndarray | None]:
    """An opened image of 8 bits → upright sRGB and alpha."""
    with decoder():
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        transparent = image.has_transparency_data
        if image.mode == "P" and transparent:
            image = image.convert("RGBA")
        alpha = np.asarray(image.convert("RGBA").getchannel("A")) if transparent else None
        image = image if image.mode in AS_STORED else in_rgb(image)
    pixels = convert_image(image, colour)
    if alpha is None or (alpha == 255).all():
        return pixels, None
    return pixels, alpha / np.float32(255)


def hdr_note(colour: Colour) -> tuple[str, ...]:
    """What is said of an HDR photo."""
    return ("This is an HDR photo; its highlights were fitted to SDR.",) if colour.is_hdr else ()


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn and mirror as EXIF's orientation (1-8) says."""
    if orientation in SIDEWAYS:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
