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
from dataclasses import dataclass

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
BAND_PIXELS = 3_000_000  # photos are rendered in bands of about so many pixels

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


class RenderCancelled(Exception):  # noqa: N818
    """The caller asked to stop."""


@dataclass(frozen=True)
class Lens:
    """How a photo is taken again; the one home of every default.

    Raises:
        ValueError: a value is out of its range.

    """

    focus: float = 0.5  # the depth that is sharp, in [0, 1], 1 nearest
    f_stop: float = 2.0  # above 0; infinity is a pinhole
    blades: int = 0  # sides of the aperture, at least 3; 0 is round
    rotation: float = 0.0  # degrees, counter-clockwise, of one corner from the image's right
    highlights: float = 1.0  # how far clipped lights are expanded: 0 not at all, 1 as estimated

    def __post_init__(self) -> None:
        if not math.isfinite(self.focus):
            raise ValueError(f"focus must be finite, not {self.focus}")
        if not self.f_stop > 0:
            raise ValueError(f"an f-stop is a positive number such as 1.4, not {self.f_stop}")
        if self.blades != 0 and self.blades < 3:
            raise ValueError(f"an aperture has 0 (round) or at least 3 blades, not {self.blades}")

    @property
    def aperture(self) -> float:
        """Radius of the circle of confusion over the diagonal, for a depth difference of 1.

        f/1.4 → 0.036, f/16 → 0.003.
        """
        return APERTURE_AT_F1 / self.f_stop


def circle_diagonal(size: tuple[int, int]) -> float:
    """The diagonal that circles go by, in pixels, of an image of this height and width."""
    return math.hypot(*size)


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
    focus = lens.focus
    diagonal = math.hypot(*depth.shape)
    farthest = max(abs(float(depth.max()) - focus), abs(float(depth.min()) - focus))
    scale = min(lens.aperture, LARGEST_CIRCLE / max(farthest, 1e-6)) * diagonal
    if scale * farthest <= SHARP:
        return np.array(photo, np.float32)
    light = expand(linear_light(photo), lens.highlights)
    result = np.empty(photo.shape, np.float32)
    for top, bottom, upper, lower in bands(*depth.shape, scale, scale * farthest):
        part = on_device(light[upper:lower], depth[upper:lower], device)
        rendered = composite(
            split(part[0], sharpen(part[1], window(min(depth.shape))), scale),
            focus,
            scale,
            (lens.blades, lens.rotation),
            between_planes(top / depth.shape[0], bottom / depth.shape[0], progress, cancelled),
        )
        shown = to_srgb(rendered[:, top - upper : bottom - upper]).movedim(0, -1)
        result[top:bottom] = shown.cpu().numpy()
    return keep_sharp(result, photo, np.float32(scale) * (depth - np.float32(focus)))


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
