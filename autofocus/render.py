"""The lens: photo, depth, focus and aperture → the photo that a fast lens would have taken.

A point whose inverse depth differs from the focus spreads over a circle of confusion of radius
aperture · diagonal · |depth − focus| pixels (thin lens; exact for inverse depth). All in linear
light: clipped lights get their brightness back (`lens.lamps`), soft steps in depth become sharp
(`lens.edges`), mixed pixels at outlines are separated and what near surfaces hide is continued
from behind (`lens.layers`), both layers are spread plane by plane and put together
(`lens.planes`). `docs/lens.md` has the mathematics and the measurements.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import KW_ONLY, dataclass
from typing import TypeVar

import cv2
import numpy as np
import torch

from autofocus.depth_edges import ROUNDS, sharpen, window
from autofocus.lens.highlights import expand
from autofocus.lens.layers import split
from autofocus.lens.planes import SHARP, composite
from autofocus.lens.srgb import to_linear, to_srgb

APERTURE_AT_F1 = 0.05  # circle radius over diagonal at f/1, for a depth difference of 1
LARGEST_CIRCLE = 0.25  # of the diagonal: what a larger aperture counts as
WIDEST_DIAGONAL = 2.5  # squared diagonal over the area, at 2:1
PUSH = 0.5  # of depth: how far a correction of -1 pushes
BAND_PIXELS = 3_000_000  # photos are rendered in bands of about so many pixels

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]
Array = TypeVar("Array", np.ndarray, torch.Tensor)


class RenderCancelled(Exception):  # noqa: N818
    """The caller asked to stop."""


@dataclass(frozen=True)
class Lens:
    """How a photo is photographed again; the one home of every default.

    Raises:
        ValueError: a value is out of its range.

    """

    focus: float = 0.5  # the depth that is sharp, in [0, 1], 1 nearest
    _: KW_ONLY
    focus_range: float = 0.0  # full width of the band of depth around the focus that is sharp
    f_stop: float = 2.0  # above 0; infinity is a pinhole
    blades: int = 0  # sides of the aperture, at least 3; 0 is round
    rotation: float = 0.0  # degrees, counter-clockwise, of one corner from the image's right
    highlights: float = 1.0  # how far clipped highlights are expanded: 0 not at all, 1 as estimated
    cats_eye: float = 0.0  # how far the aperture is cut towards the corners, in [0, 1]
    spherical: float = 0.0  # in [-1, 1]: -1 bright rims (soap bubbles), 1 bright centres (creamy)

    def __post_init__(self) -> None:
        for name in ("focus", "rotation", "highlights"):
            require(math.isfinite(getattr(self, name)), f"{name} must be finite", self, name)
        require(
            0 <= self.focus_range < math.inf, "focus_range must be 0 or more", self, "focus_range"
        )
        require(self.f_stop > 0, "an f-stop is a positive number such as 1.4", self, "f_stop")
        blades = self.blades == 0 or self.blades >= 3
        require(blades, "an aperture has 0 (round) or at least 3 blades", self, "blades")
        require(0 <= self.cats_eye <= 1, "cats_eye must lie in 0..1", self, "cats_eye")
        require(-1 <= self.spherical <= 1, "spherical must lie in -1..1", self, "spherical")

    @property
    def aperture(self) -> float:
        """Radius of the circle of confusion over the diagonal, for a depth difference of 1.

        f/1.4 → 0.036, f/16 → 0.003.
        """
        return APERTURE_AT_F1 / self.f_stop

    def defocus(self, depth: Array) -> Array:
        """Signed distance of each depth from the sharp band: 0 inside, positive nearer."""
        offset = depth - self.focus
        return offset - offset.clip(-self.focus_range / 2, self.focus_range / 2)


def require(holds: bool, rule: str, lens: Lens, name: str) -> None:
    """ValueError with the rule and the value that breaks it."""
    if not holds:
        raise ValueError(f"{rule}, not {getattr(lens, name)}")


def f_stop_of(aperture: float) -> float:
    """The f-number of an aperture (see `Lens.aperture`); 0 is a pinhole, infinity.

    Raises ValueError if it is negative.
    """
    if not aperture >= 0:
        raise ValueError(f"aperture {aperture} must not be negative")
    return APERTURE_AT_F1 / aperture if aperture else math.inf


def render(
    photo: np.ndarray,
    depth: np.ndarray,
    lens: Lens,
    *,
    device: str | torch.device = "cpu",
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> np.ndarray:
    """Photograph a scene again with a wide aperture.

    Args:
        photo: H×W×3 float32 in [0, 1], sRGB-encoded.
        depth: H×W in [0, 1], 1 nearest, linear in inverse distance.
        lens: where it is focused, and how it blurs.
        device: where to compute; the result is the same on every one.
        progress: called with the share that is done.
        cancelled: asked between planes; `RenderCancelled` is raised when it says so.

    Returns:
        H×W×3 float32 in [0, 1].

    Raises:
        ValueError: the photo's and the depth's sizes differ, or the depth is not finite.

    """
    check(photo, depth)
    ends = np.float32([depth.min(), depth.max()])
    farthest = float(np.abs(lens.defocus(ends)).max())
    aperture = min(lens.aperture, LARGEST_CIRCLE / max(farthest, 1e-6))
    scale = circle_scale(depth.shape, aperture)
    if scale * farthest <= SHARP:
        return np.array(photo, np.float32)
    light = expand(linear_light(photo), lens.highlights)
    result = np.empty(photo.shape, np.float32)
    for top, bottom, upper, lower in bands(*depth.shape, scale, scale * farthest):
        part = on_device(light[upper:lower], depth[upper:lower], device)
        rendered = composite(
            split(part[0], sharpen(part[1], window(min(depth.shape))), scale),
            lens.defocus,
            scale,
            (lens.blades, lens.rotation),
            between_planes(top / depth.shape[0], bottom / depth.shape[0], progress, cancelled),
        )
        shown = to_srgb(rendered[:, top - upper : bottom - upper]).movedim(0, -1)
        result[top:bottom] = shown.cpu().numpy()
    return keep_sharp(result, photo, np.float32(scale) * lens.defocus(np.float32(depth)))


def circle_scale(size: tuple[int, int], aperture: float) -> float:
    """Pixels of circle of confusion radius for a depth difference of 1, in a photo of some size.

    `size`: height and width; `aperture`: as in `Lens`. The radius goes by the diagonal up to an
    aspect of 2:1; beyond it, by the geometric mean of the sides, so that a panorama or a tall
    screenshot is blurred as its height or width lets expect.
    """
    height, width = size
    return aperture * min(math.hypot(height, width), math.sqrt(WIDEST_DIAGONAL * height * width))


def correct(depth: np.ndarray, correction: np.ndarray, lens: Lens) -> np.ndarray:
    """Depth with what somebody painted on it: sharper here, more blurred there.

    Args:
        depth: H×W in [0, 1], 1 nearest.
        correction: h×w float32 in [-1, 1], of any size with the photo's aspect. 0 changes nothing.
            A positive value c pulls the depth towards the sharp band, which it reaches at 1. A
            negative one pushes it c · `PUSH` away from the band: nearer where it is nearer than the
            band, else farther.
        lens: whose focus and range are meant.

    Returns:
        H×W float32 to give to `render`; it may leave [0, 1].

    """
    height, width = depth.shape
    painted = cv2.resize(np.float32(correction), (width, height), interpolation=cv2.INTER_LINEAR)
    offset = np.float32(depth) - np.float32(lens.focus)
    beyond = lens.defocus(np.float32(depth))
    pulled = offset - painted * beyond
    edge = np.float32(lens.focus_range / 2)
    pushed = np.where(
        beyond > 0, offset - PUSH * painted, np.minimum(offset, -edge) + PUSH * painted
    )
    return np.float32(lens.focus) + np.where(painted < 0, pushed, pulled).astype(np.float32)


def keep_sharp(result: np.ndarray, photo: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Give pixels in focus that no nearer blur can reach their exact values back.

    `radius`: H×W signed, in pixels, positive nearer than the focus.
    """
    near = radius > SHARP
    if near.any():
        side = 2 * math.ceil(float(radius.max())) + 3
        near = cv2.dilate(np.uint8(near), np.ones((side, side), np.uint8)).astype(bool)
    exact = (np.abs(radius) <= SHARP) & ~near
    result[exact] = photo[exact]
    return result


def check(photo: np.ndarray, depth: np.ndarray) -> None:
    """Refuse arguments that mean nothing."""
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.size == 0:
        raise ValueError(f"a photo is an array of height × width × 3, not {photo.shape}")
    if photo.shape[:2] != depth.shape:
        raise ValueError(f"photo {photo.shape} and depth {depth.shape} do not belong together")
    if not np.isfinite(depth).all():
        raise ValueError("depth must be finite everywhere")


def linear_light(photo: np.ndarray) -> np.ndarray:
    """H×W×3 sRGB-encoded → linear light, float32."""
    return to_linear(torch.from_numpy(np.ascontiguousarray(photo, np.float32))).numpy()


def on_device(
    light: np.ndarray, depth: np.ndarray, device: str | torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Light 3×H×W and depth H×W as float32 tensors."""
    planar = np.ascontiguousarray(np.moveaxis(light, -1, 0), np.float32)
    flat = np.ascontiguousarray(depth, np.float32)
    return torch.from_numpy(planar).to(device), torch.from_numpy(flat).to(device)


def bands(
    height: int, width: int, scale: float, largest: float
) -> Iterator[tuple[int, int, int, int]]:
    """Rows to render (top, bottom) and the rows that they depend on (upper, lower).

    The latter begin at multiples of the coarsest cells in which hidden surfaces are looked for, so
    that a band sees the same cells as the whole photo would.
    """
    cell = 2 ** math.ceil(math.log2(2 * scale + 2))
    softened = 2 * ROUNDS * window(min(height, width))
    halo = math.ceil(largest) + 2 * cell + softened + 8
    rows = max(BAND_PIXELS // width, halo, 64)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        yield top, bottom, max(0, (top - halo) // cell * cell), min(height, bottom + halo)


def between_planes(
    start: float, end: float, progress: Progress | None, cancelled: Cancelled | None
) -> Progress:
    """What to do when a share of one band is done, which is the range start..end of the whole."""

    def tick(share: float) -> None:
        if cancelled and cancelled():
            raise RenderCancelled
        if progress:
            progress(start + share * (end - start))

    return tick
