"""Any colour space to sRGB: by ICC profile, by CICP code points, by what EXIF says.

Where a file has several, the one that its format ranks first wins: PNG's cICP before iCCP, an ICC
profile before HEIF's nclx, except for HDR, which no ICC profile describes well. Colours beyond
sRGB are clipped (lcms, relative colorimetric for these profiles).
"""

import io
from dataclasses import dataclass
from functools import cache

import cv2
import imagecodecs
import numpy as np
from PIL import Image, ImageCms

from autofocus.files.hdr import HDR, hdr_to_srgb

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
SRGB_BYTES = SRGB.tobytes()

D65, CENTRE = (0.3127, 0.3290), (0.3140, 0.3510)
C_WHITE = (0.3100, 0.3160)
# Code points of ITU-T H.273: x, y of red, green and blue, and of white.
PRIMARIES = {
    1: ((0.640, 0.330, 0.300, 0.600, 0.150, 0.060), D65),  # BT.709, sRGB
    4: ((0.670, 0.330, 0.210, 0.710, 0.140, 0.080), C_WHITE),  # BT.470 M
    5: ((0.640, 0.330, 0.290, 0.600, 0.150, 0.060), D65),  # BT.470 BG, PAL
    6: ((0.630, 0.340, 0.310, 0.595, 0.155, 0.070), D65),  # SMPTE 170M, NTSC
    7: ((0.630, 0.340, 0.310, 0.595, 0.155, 0.070), D65),  # SMPTE 240M
    9: ((0.708, 0.292, 0.170, 0.797, 0.131, 0.046), D65),  # BT.2020, BT.2100
    11: ((0.680, 0.320, 0.265, 0.690, 0.150, 0.060), CENTRE),  # DCI-P3
    12: ((0.680, 0.320, 0.265, 0.690, 0.150, 0.060), D65),  # Display P3
    22: ((0.630, 0.340, 0.295, 0.605, 0.155, 0.077), D65),  # EBU
}
VIDEO, SRGB_CURVE, LINEAR = (1, 6, 11, 12, 14, 15), 13, 8
GAMMAS = {4: 2.2, 5: 2.8, LINEAR: 1.0, 17: 2.6}
UNSPECIFIED = 2
# Video's curve with sRGB's primaries is shown like sRGB by every browser and phone.
LIKE_SRGB = frozenset({(1, curve) for curve in (*VIDEO, UNSPECIFIED, SRGB_CURVE)})
CURVE_STEPS = 4096


@dataclass(frozen=True)
class Colour:
    """What a file says about its colours: at most one of an ICC profile and CICP code points."""

    icc: bytes | None = None
    cicp: tuple[int, int] | None = None  # primaries, transfer

    @property
    def is_hdr(self) -> bool:
        """Whether the values are PQ's or HLG's."""
        return self.cicp is not None and self.cicp[1] in HDR

    def profile(self) -> bytes | None:
        """The ICC profile to convert from; None for sRGB and for what nobody knows."""
        if self.icc or self.cicp is None:
            return self.icc
        return cicp_profile(*self.cicp)


ADOBE_RGB = Colour(imagecodecs.cms_profile("adobergb"))


@cache
def cicp_profile(primaries: int, transfer: int) -> bytes | None:
    """An ICC profile of SDR code points; None for sRGB's and for unknown ones."""
    if (primaries, transfer) in LIKE_SRGB or primaries not in PRIMARIES:
        return None
    corners, white = PRIMARIES[primaries]
    chosen = {"whitepoint": (*white, 1.0), "primaries": corners}
    if transfer in GAMMAS:
        return imagecodecs.cms_profile("rgb", **chosen, gamma=GAMMAS[transfer])
    curve = video_to_linear if transfer in VIDEO else srgb_to_linear
    steps = curve(np.linspace(0, 1, CURVE_STEPS)).astype(np.float32)
    return imagecodecs.cms_profile("rgb", **chosen, transferfunction=steps)


def srgb_to_linear(values: np.ndarray) -> np.ndarray:
    """SRGB's curve (IEC 61966-2-1), [0, 1] → linear light in [0, 1]."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def video_to_linear(values: np.ndarray) -> np.ndarray:
    """The inverse of BT.709's and BT.2020's camera curve, [0, 1] → linear light in [0, 1]."""
    return np.where(values < 0.081, values / 4.5, ((values + 0.099) / 1.099) ** (1 / 0.45))


def convert_image(image: Image.Image, colour: Colour) -> np.ndarray:
    """A Pillow image of 8 bits a channel → H×W×3 float32 sRGB in [0, 1]."""
    if colour.is_hdr:
        rgb = np.asarray(in_rgb(image), np.float32) / 255
        return hdr_to_srgb(rgb, PRIMARIES.get(colour.cicp[0], PRIMARIES[9]), colour.cicp[1])
    rgb = np.asarray(image_to_srgb(image, colour.profile()))
    return np.divide(rgb, np.float32(255), dtype=np.float32)


def image_to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert by a profile; one that is broken or of another kind of colours is ignored."""
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


def convert_values(values: np.ndarray, colour: Colour) -> np.ndarray:
    """H×W×1 (grey) or H×W×3 float32, 1 the container's white → H×W×3 float32 sRGB in [0, 1]."""
    if colour.is_hdr and values.shape[2] == 3:
        return hdr_to_srgb(values, PRIMARIES.get(colour.cicp[0], PRIMARIES[9]), colour.cicp[1])
    profile = colour.profile()
    if profile:
        values = values_to_srgb(values, profile)
    clipped = np.clip(values, 0, 1)
    return clipped if clipped.shape[2] == 3 else np.repeat(clipped, 3, axis=2)


def values_to_srgb(values: np.ndarray, profile: bytes) -> np.ndarray:
    """Convert in floating point; a profile that is broken or of another kind is ignored."""
    space = {1: "gray", 3: "rgb"}[values.shape[2]]
    try:
        if is_srgb(profile):
            return values
        return imagecodecs.cms_transform(
            np.ascontiguousarray(values if space == "rgb" else values[..., 0]),
            profile,
            SRGB_BYTES,
            colorspace=space,
            outcolorspace="rgb",
            outdtype=np.float32,
        )
    except (imagecodecs.CmsError, ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return values


def is_srgb(profile: bytes) -> bool:
    """Whether a profile calls itself sRGB."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.getProfileDescription(source).startswith("sRGB")


def channel_spread(colours: np.ndarray) -> float:
    """The largest difference between the three channels of any pixel, H×W×3 of any type."""
    # numpy's ptp along three channels takes a minute on a large photo.
    red, green, blue = (colours[..., channel] for channel in range(3))
    high = np.maximum(np.maximum(red, green), blue)
    return float((high - np.minimum(np.minimum(red, green), blue)).max())


def channel_mean(colours: np.ndarray) -> np.ndarray:
    """The mean of three channels, H×W float32."""
    return cv2.transform(colours.astype(np.float32), np.full((1, 3), 1 / 3, np.float32))
