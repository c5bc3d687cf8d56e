"""EXIF: the tags that a new file may repeat, and those that are written anew."""

from dataclasses import dataclass, field

from PIL import Image

from autofocus.files.source import DAMAGE

ORIENTATION, CAMERA, GPS, INTEROPERABILITY = 0x0112, 0x8769, 0x8825, 0xA005
SIDEWAYS = (5, 6, 7, 8)  # orientations whose rows are the photo's columns
COLOUR_SPACE, SRGB, WIDTH, HEIGHT = 0xA001, 1, 0xA002, 0xA003
KEPT = {
    0x010E: "image description",
    0x010F: "camera maker",
    0x0110: "camera model",
    0x0131: "software",
    0x0132: "date",
    0x013B: "artist",
    0x4746: "rating",
    0x4749: "rating in percent",
    0x8298: "copyright",
    0x9C9B: "title (Windows)",
    0x9C9D: "author (Windows)",
    0x9C9E: "keywords (Windows)",
    0x9C9F: "subject (Windows)",
}
KEPT_CAMERA = {
    0x829A: "exposure time",
    0x829D: "f-number",
    0x8822: "exposure program",
    0x8827: "ISO",
    0x8830: "sensitivity type",
    0x8831: "output sensitivity",
    0x8832: "recommended exposure index",
    0x9000: "EXIF version",
    0x9003: "date taken",
    0x9004: "date digitised",
    0x9010: "time zone of the date",
    0x9011: "time zone of the date taken",
    0x9012: "time zone of the date digitised",
    0x9201: "shutter speed",
    0x9202: "aperture",
    0x9203: "brightness",
    0x9204: "exposure bias",
    0x9205: "largest aperture",
    0x9206: "subject distance",
    0x9207: "metering mode",
    0x9208: "light source",
    0x9209: "flash",
    0x920A: "focal length",
    0x9290: "fraction of the date's second",
    0x9291: "fraction of the date taken's second",
    0x9292: "fraction of the date digitised's second",
    0xA217: "sensing method",
    0xA300: "file source",
    0xA301: "scene type",
    0xA401: "custom rendering",
    0xA402: "exposure mode",
    0xA403: "white balance",
    0xA404: "digital zoom",
    0xA405: "focal length in 35 mm film",
    0xA406: "scene type (capture)",
    0xA407: "gain control",
    0xA408: "contrast",
    0xA409: "saturation",
    0xA40A: "sharpness",
    0xA40C: "subject distance range",
    0xA432: "lens specification",
    0xA433: "lens maker",
    0xA434: "lens model",
}
RESOLUTION = (0x011A, 0x011B, 0x0128)
LONGEST = 30_000  # bytes of one value; a JPEG's EXIF holds 65,533


@dataclass(frozen=True)
class Exif:
    """The tags of the main directory and of the inner ones."""

    main: dict[int, object] = field(default_factory=dict)
    camera: dict[int, object] = field(default_factory=dict)
    gps: dict[int, object] = field(default_factory=dict)
    interoperability: str = ""

    @property
    def turned(self) -> bool:
        """Whether the orientation swaps width and height."""
        return self.main.get(ORIENTATION, 1) in SIDEWAYS


def read(exif: Image.Exif) -> Exif:
    """All directories of a file's EXIF; what is damaged is left out."""
    index = directory(exif, INTEROPERABILITY).get(1, "")
    index = index.decode("ascii", "replace") if isinstance(index, bytes) else str(index)
    return Exif(main(exif), directory(exif, CAMERA), directory(exif, GPS), index.strip("\0 "))


def main(exif: Image.Exif) -> dict[int, object]:
    """The main directory; empty if it is damaged."""
    try:
        return dict(exif)
    except DAMAGE:
        return {}


def directory(exif: Image.Exif, tag: int) -> dict[int, object]:
    """An inner directory; empty if it is missing or damaged."""
    try:
        return dict(exif.get_ifd(tag))
    except DAMAGE:
        return {}


def keep(
    exif: Exif, size: tuple[int, int], dpi: tuple[float, float] | None, *, keep_location: bool
) -> dict[int, object]:
    """The tags of a new file of this size (width, height); empty if there is nothing to say."""
    kept = {tag: as_stored(exif.main[tag]) for tag in KEPT if tag in exif.main}
    kept = {tag: value for tag, value in kept.items() if is_writable({tag: value})}
    camera = {tag: exif.camera[tag] for tag in KEPT_CAMERA if tag in exif.camera}
    camera = {tag: value for tag, value in camera.items() if is_writable({CAMERA: {tag: value}})}
    place = exif.gps if keep_location and is_writable({GPS: exif.gps}) else {}
    if not (kept or camera or place or dpi):
        return {}
    kept[CAMERA] = camera | {COLOUR_SPACE: SRGB, WIDTH: size[0], HEIGHT: size[1]}
    if place:
        kept[GPS] = place
    if dpi:
        kept |= dict(zip(RESOLUTION, (*dpi, 2), strict=True))
    return kept


def as_stored(value: object) -> object:
    """Text as its bytes: Pillow reads UTF-8 as Latin-1, and would write ASCII only."""
    return value.encode("latin-1", "replace") if isinstance(value, str) else value


def is_writable(tags: dict[int, object]) -> bool:
    """Whether Pillow can write these tags, and they are not huge."""
    try:
        return len(to_bytes(tags)) < LONGEST
    except DAMAGE:
        return False


def to_bytes(tags: dict[int, object]) -> bytes:
    """EXIF's bytes; empty for no tags."""
    if not tags:
        return b""
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    return exif.tobytes()
