"""The depth map and the matte that a phone's portrait holds beside its photo.

Read are: HEIC's depth image and Apple's portrait matte; GDepth (XMP, also the extended one);
Google's and Android's dynamic depth (XMP that names images behind the JPEG); JPEGs with a second
image (MPF): Apple's, by what their XMP says, others if they are grey and no copy of the photo.
"""

import base64
import binascii
import io
from dataclasses import dataclass
from xml.etree import ElementTree

import cv2
import numpy as np
import pillow_heif
from PIL import Image

from autofocus.files import jpeg, xmp
from autofocus.files.colour import channel_mean, channel_spread
from autofocus.files.depth_map import invert_distances, stretch
from autofocus.files.source import DAMAGE, check_size

MATTE = "urn:com:apple:photo:2018:aux:portraiteffectsmatte"
UNIFORM_Z = 2  # representation type: distances; the others are disparities
ASPECT_TOLERANCE = 0.03
GREY_TOLERANCE = 12  # levels between the channels, after a JPEG's chroma
COPY = 0.9  # correlation above which a second image is the photo again
LARGEST = 64  # megapixels of a map
PRIMARY, LARGE_THUMBNAIL = "Baseline MP Primary Image", "Large Thumbnail"
LOST = (
    "This photo says that it has a depth map of its own, but the map is not in the file. "
    "The original from the phone may still have it."
)


@dataclass(frozen=True)
class PhoneDepth:
    """What a portrait holds; the maps have their own size, upright as the photo."""

    depth: np.ndarray | None = None  # H×W float32 in [0, 1], 1 nearest
    matte: np.ndarray | None = None  # H×W float32 in [0, 1], 1 the person
    note: str = ""


@dataclass(frozen=True)
class Stored:
    """A map as stored, and how its numbers are meant."""

    values: np.ndarray  # H×W float32 in [0, 1]
    kind: str  # "disparity" (near is bright), "inverse" (GDepth's RangeInverse) or "distance"
    near: float = 0.0
    far: float = 0.0

    def depth(self) -> np.ndarray:
        """H×W float32 in [0, 1], 1 nearest."""
        if self.kind == "disparity":
            return stretch(self.values)
        if self.kind == "inverse" or not 0 < self.near < self.far:
            return stretch(1 - self.values)
        return stretch(invert_distances(self.near + self.values * (self.far - self.near)))


def may_hold_depth(data: bytes) -> bool:
    """Whether a file is of a kind that phones put maps into."""
    return jpeg.is_jpeg(data) or data[4:8] == b"ftyp"


def read_phone_depth(data: bytes, image: Image.Image) -> PhoneDepth:
    """The maps in a photo's file, as stored; a damaged map is no map. `image` is the photo."""
    if image.format == "HEIF":
        return of_heif(data, image)
    packets = jpeg.xmp_packets(data)
    matte, stored, claimed = None, None, any(b"GDepth" in part for part in packets)
    if claimed:
        stored = of_gdepth(packets)
    if stored is None:
        stored = of_dynamic_depth(data, packets)
    if stored is None and image.format == "MPO":
        stored, matte = of_further_images(data, image)
    if stored is None or not fits(stored.values, image.size):
        return PhoneDepth(matte=matte, note=LOST if claimed else "")
    return PhoneDepth(stored.depth(), matte, note_of(stored))


def note_of(stored: Stored) -> str:
    """What is said of a map that was found."""
    height, width = stored.values.shape
    return f"This photo holds a depth map of its own ({width}×{height})."


def fits(values: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether a map has the aspect of a photo of this size (width, height)."""
    height, width = values.shape
    if min(height, width) < 2:
        return False
    ratio = (width / height) / (size[0] / size[1])
    return abs(ratio - 1) <= max(ASPECT_TOLERANCE, 1.5 / min(height, width))


def of_heif(data: bytes, image: Image.Image) -> PhoneDepth:
    """The depth image and the portrait matte of a HEIC."""
    if not image.info.get("depth_images") and MATTE not in image.info.get("aux", {}):
        return PhoneDepth()
    try:
        # Opened anew: Pillow's plugin leaves the padding of rows in side images.
        opened = pillow_heif.open_heif(data)
        depths, ids = opened.info["depth_images"], opened.info["aux"].get(MATTE, [])
        mattes = [opened[opened.primary_index].get_aux_image(number) for number in ids[:1]]
    except DAMAGE:
        return PhoneDepth()
    values = first_fitting(depths, image.size)
    matte = first_fitting(mattes, image.size)
    if values is None:
        return PhoneDepth(matte=matte)
    stored = of_representation(values, depths[0].info.get("metadata") or {})
    return PhoneDepth(stored.depth(), matte, note_of(stored))


def first_fitting(
    images: list[pillow_heif.HeifDepthImage | pillow_heif.HeifAuxImage], size: tuple[int, int]
) -> np.ndarray | None:
    """The first side image, if it can be read and has the photo's aspect."""
    values = heif_map(images[0]) if images else None
    return values if values is not None and fits(values, size) else None


def of_representation(values: np.ndarray, facts: dict) -> Stored:
    """How a HEIC's depth image is meant, by its depth representation information."""
    if facts.get("representation_type") != UNIFORM_Z:
        return Stored(values, "disparity")
    near, far = (float(facts.get(name) or 0) for name in ("z_near", "z_far"))
    return Stored(values, "distance", near, far)


def heif_map(image: pillow_heif.HeifDepthImage | pillow_heif.HeifAuxImage) -> np.ndarray | None:
    """A HEIC's grey side image → H×W float32 in [0, 1]; None if it is damaged."""
    try:
        check_size(*image.size, LARGEST)
        values = np.asarray(image)
    except DAMAGE:
        return None
    grey = values if values.ndim == 2 else values[..., 0]
    return grey.astype(np.float32) / np.float32(np.iinfo(grey.dtype).max)


def of_gdepth(packets: list[bytes]) -> Stored | None:
    """GDepth: the map in base64, its format and range."""
    said = {}
    for packet in packets:
        for name, value in xmp.properties(packet).items():
            text = value if isinstance(value, str) else value.text
            said.setdefault(name.rpartition("}")[2] if "depthmap" in name else "", text or "")
    try:
        values = grey_map(base64.b64decode(said.get("Data", "")))
    except (binascii.Error, ValueError):
        return None
    return None if values is None else of_range(values, said)


def of_range(values: np.ndarray, said: dict[str, str]) -> Stored:
    """How Google's maps are meant: 0 is near, 1 far, by inverse distance or by distance."""
    linear = said.get("Format", "").endswith("Linear")
    try:
        near, far = float(said.get("Near", 0)), float(said.get("Far", 0))
    except ValueError:
        near, far = 0.0, 0.0
    return Stored(values, "distance" if linear else "inverse", near, far)


def of_dynamic_depth(data: bytes, packets: list[bytes]) -> Stored | None:
    """The image behind the JPEG that its container calls the depth map."""
    items, said = [], {}
    for packet in packets:
        for description in xmp.parse(packet):
            for element in description.iter():
                facts = local_names(element)
                if "Mime" in facts and ("Semantic" in facts or "DataURI" in facts):
                    items.append(facts)
                if facts.keys() & {"DepthURI", "Near", "Far"}:
                    said |= facts
    end = len(data)
    for item in reversed(items):
        length = int(item["Length"]) if item.get("Length", "").isdigit() else 0
        start = end - length
        if length and start > 0 and is_depth(item, said):
            values = grey_map(data[start:end])
            return None if values is None else of_range(values, said)
        end = start
    return None


def is_depth(item: dict[str, str], said: dict[str, str]) -> bool:
    """Whether a container's item is the depth map, by its meaning or its address."""
    address = item.get("DataURI", "")
    return item.get("Semantic", "").lower() == "depth" or (
        bool(address) and (address == said.get("DepthURI") or address.endswith("depthmap"))
    )


def local_names(element: ElementTree.Element) -> dict[str, str]:
    """An element's attributes and simple children, by their names without name space."""
    named = [*element.attrib.items(), *((child.tag, child.text or "") for child in element)]
    return {name.rpartition("}")[2]: value for name, value in named}


def of_further_images(data: bytes, image: Image.Image) -> tuple[Stored | None, np.ndarray | None]:
    """Depth map and matte among the images behind a JPEG."""
    depth, matte = None, None
    entries = image.mpinfo.get(0xB002, [])
    parts = jpeg.further_images(data, entries)
    for entry, part in zip(entries[1:], parts, strict=True):
        label = b"".join(jpeg.xmp_packets(part)).lower()
        if b"portraiteffectsmatte" in label:
            matte = grey_map(part)
        elif b"auxiliaryimagetype" in label:
            if b"disparity" in label or b"depth" in label:
                depth = depth or as_disparity(grey_map(part))
        elif b"hdrgm" not in label and entry["Attribute"]["MPType"] == "Undefined":
            depth = depth or as_disparity(unlabelled_map(part, data))
    return depth, matte if matte is None or fits(matte, image.size) else None


def as_disparity(values: np.ndarray | None) -> Stored | None:
    """A map whose near is bright."""
    return None if values is None else Stored(values, "disparity")


def unlabelled_map(part: bytes, photo: bytes) -> np.ndarray | None:
    """A second image that is a map: grey, and not the photo again."""
    values = grey_map(part, only_grey=True)
    if values is None:
        return None
    copy = grey_map(photo, long_side=values.shape[1])
    if copy is None:
        return None
    copy = cv2.resize(copy, values.shape[::-1], interpolation=cv2.INTER_AREA)
    alike = np.corrcoef(copy.ravel(), values.ravel())[0, 1] if values.std() and copy.std() else 1
    return values if alike < COPY else None


def grey_map(
    data: bytes, *, only_grey: bool = False, long_side: int | None = None
) -> np.ndarray | None:
    """An image's grey values, H×W float32 in [0, 1], as stored; None if it cannot be read."""
    try:
        image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
        check_size(*image.size, LARGEST)
        if long_side:
            image.draft("L", (long_side, long_side))
        if image.mode.startswith("I"):
            return np.asarray(image).astype(np.float32) / 65535
        values = np.asarray(image.convert("RGB"))
    except DAMAGE:
        return None
    if only_grey and channel_spread(values) > GREY_TOLERANCE:
        return None
    return channel_mean(values) / 255
