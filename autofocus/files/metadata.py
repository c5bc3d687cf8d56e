"""The facts that a file states about its photo: what is read, and what a new file repeats.

A list of what may be kept, not of what is dropped: what nobody has thought of stays behind. Who
took the photo, when, with what and under which rights is kept; where, only on request; what
identifies a device or a person in secret (serial numbers, makers' notes, unique numbers, comments
of programs, thumbnails) never. What describes the old file (sizes, orientation, colour space) is
written anew.
"""

from dataclasses import dataclass, field

from PIL import Image, TiffImagePlugin

from autofocus.files import exif as exif_tags
from autofocus.files import iptc as iptc_sets
from autofocus.files import xmp as xmp_names
from autofocus.files.exif import Exif
from autofocus.files.source import DAMAGE

PHOTOSHOP_IPTC = 0x0404
TIFF_XMP, TIFF_IPTC = 700, 33723
INCH, CENTIMETRE = 2, 3
# PNG's own texts, and what they are called in XMP.
PNG_TEXTS = {
    "Title": "dc:title",
    "Author": "dc:creator",
    "Description": "dc:description",
    "Copyright": "dc:rights",
}


@dataclass(frozen=True)
class Facts:
    """What a file said, as it said it; what of it may be written is decided on writing."""

    exif: Exif = field(default_factory=Exif)
    xmp: bytes | None = None
    iptc: bytes | None = None  # IPTC-IIM
    texts: dict[str, str] = field(default_factory=dict)  # names as in XMP
    dpi: tuple[float, float] | None = None  # across and down, as stored


def facts_of_image(image: Image.Image) -> Facts:
    """What Pillow finds beside the pixels of an opened image."""
    tags = getattr(image, "tag_v2", {})
    texts = getattr(image, "text", {}) if image.format == "PNG" else {}
    return Facts(
        exif_tags.read(image.getexif()),
        as_bytes(image.info.get("xmp") or tags.get(TIFF_XMP)),
        as_bytes(iptc_of(image.info.get("photoshop")) or tags.get(TIFF_IPTC)),
        {PNG_TEXTS[name]: str(text) for name, text in texts.items() if name in PNG_TEXTS},
        dpi_of(image),
    )


def facts_of_tiff(data: bytes) -> Facts:
    """What the tags of a TIFF's first page say, where Pillow cannot open it."""
    exif = Image.Exif()
    try:
        exif.load(data)
    except DAMAGE:
        return Facts()
    return Facts(
        exif_tags.read(exif),
        as_bytes(exif.get(TIFF_XMP)),
        as_bytes(exif.get(TIFF_IPTC)),
        dpi=resolution(exif.get(282), exif.get(283), exif.get(296, INCH)),
    )


def as_bytes(value: object) -> bytes | None:
    """A tag's value as bytes: some writers store bytes as numbers."""
    if isinstance(value, tuple) and value and all(isinstance(n, int) for n in value):
        width = 1 if max(value) < 256 else 4
        return b"".join((n & (2 ** (8 * width) - 1)).to_bytes(width, "little") for n in value)
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) else None


def iptc_of(resources: object) -> bytes | None:
    """IPTC-IIM in a JPEG's Photoshop resources."""
    return resources.get(PHOTOSHOP_IPTC) if isinstance(resources, dict) else None


def dpi_of(image: Image.Image) -> tuple[float, float] | None:
    """The resolution that a file states; not the 72 that Pillow takes for granted."""
    if image.format in ("JPEG", "MPO") and image.info.get("jfif_unit") in (1, 2):
        across, down = image.info["jfif_density"]
        return resolution(across, down, INCH if image.info["jfif_unit"] == 1 else CENTIMETRE)
    if image.format == "PNG" and "dpi" in image.info:
        return resolution(*image.info["dpi"], INCH)
    stated = image.getexif()
    return resolution(stated.get(282), stated.get(283), stated.get(296, INCH))


def resolution(across: object, down: object, unit: object) -> tuple[float, float] | None:
    """Pixels an inch; None where they are not stated in inches or centimetres."""
    try:
        scale = {INCH: 1.0, CENTIMETRE: 2.54}[unit]
        dpi = round(float(across) * scale, 2), round(float(down) * scale, 2)
    except DAMAGE:
        return None
    return dpi if min(dpi) > 1 and max(dpi) < 65_536 else None


def says_adobe_rgb(exif: Exif) -> bool:
    """Whether EXIF says Adobe RGB, in DCF's way (R03) or by the unofficial colour space 2."""
    stated = exif.camera.get(exif_tags.COLOUR_SPACE)
    return stated == 2 or (exif.interoperability == "R03" and stated != 1)


@dataclass(frozen=True)
class Written:
    """What a new file says, in the forms that files take."""

    exif: dict[int, object]  # tags, with the inner directories as dicts
    xmp: bytes | None
    iptc: bytes | None
    dpi: tuple[float, float] | None

    def exif_bytes(self) -> bytes:
        """EXIF's bytes; empty if there is nothing to say."""
        return exif_tags.to_bytes(self.exif)


def write_facts(
    facts: Facts, size: tuple[int, int], *, turned: bool, keep_location: bool
) -> Written:
    """What may be kept, for an upright photo of this size (width, height) in sRGB.

    `turned` says that the file's orientation swapped width and height.
    """
    dpi = facts.dpi[::-1] if facts.dpi and turned else facts.dpi
    iptc = iptc_sets.keep(facts.iptc, keep_location=keep_location)
    texts = facts.texts | iptc_sets.as_texts(iptc)
    return Written(
        exif_tags.keep(facts.exif, size, dpi, keep_location=keep_location),
        xmp_names.keep(facts.xmp, texts, keep_location=keep_location),
        iptc,
        dpi,
    )


def tiff_directory(written: Written) -> TiffImagePlugin.ImageFileDirectory_v2:
    """The facts as a TIFF's directory; the image's own tags are added by the encoder."""
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in written.exif.items():
        directory[tag] = value
    for tag, value in ((TIFF_XMP, written.xmp), (TIFF_IPTC, written.iptc)):
        if value:
            directory.tagtype[tag] = 1 if tag == TIFF_XMP else 7
            directory[tag] = value
    return directory
