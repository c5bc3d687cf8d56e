"""The shape that one point of light takes out of focus: a disc, or a polygon of blades."""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch

SUBSAMPLES = 8  # per pixel and axis, for kernels whose edge pixels count by the area they cover
CROSS = 1.0  # pixels: smaller circles are no discs yet
HALF_PIXEL = 0.5


@dataclass(frozen=True)
class Aperture:
    """Which points of the unit disc let light through, and how much; see docs/lens.md.

    `shift`: right and up, in radii: where the barrel's disc stands that cuts the cat's eye.
    """

    blades: int = 0
    rotation: float = 0.0
    spherical: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)

    def weigh(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The weight of points of the aperture (x right, y up, in radii), 0 where it is closed."""
        inside = inside_polygon(x, y, self.blades, self.rotation)
        if any(self.shift):
            inside &= (x - self.shift[0]) ** 2 + (y - self.shift[1]) ** 2 <= 1
        return inside * (1 + self.spherical * (1 - 2 * (x * x + y * y)))


@lru_cache(maxsize=4096)
def disc_kernel(radius: float, aperture: Aperture = Aperture()) -> torch.Tensor:  # noqa: B008
    """What a point of light becomes: (2n+1)×(2n+1) float32 that sums to 1, n = ⌈|radius| − ½⌉.

    `radius` in pixels, positive nearer than the focus, negative farther: what lies behind the focus
    has the aperture's shape, what lies before it is turned by 180°. A polygon's radius is that of
    its corners. Each pixel counts by the area that the shape covers in it.
    """
    if abs(radius) < (HALF_PIXEL if any(aperture.shift) else CROSS):
        return small_kernel(radius)
    half = max(math.ceil(abs(radius) - 0.5), 0)
    size = (2 * half + 1) * SUBSAMPLES
    steps = (torch.arange(size, dtype=torch.float64) + 0.5) / SUBSAMPLES - half - 0.5
    steps /= -radius
    weights = aperture.weigh(steps[None, :], -steps[:, None])
    kernel = torch.nn.functional.avg_pool2d(weights[None, None], SUBSAMPLES)[0, 0]
    return (kernel / kernel.sum()).float()


def small_kernel(radius: float) -> torch.Tensor:
    """A cross with a disc's variance, radius² / 4 along each axis: a pixel cannot show more."""
    if not radius:
        return torch.ones(1, 1)
    side = radius * radius / 8
    return torch.tensor([[0, side, 0], [side, 1 - 4 * side, side], [0, side, 0]])


def inside_polygon(x: torch.Tensor, y: torch.Tensor, blades: int, rotation: float) -> torch.Tensor:
    """Which points (x right, y up) lie in the unit disc, or in the polygon with corners on it."""
    if blades < 3:
        return x * x + y * y <= 1
    half = math.pi / blades
    inside = torch.ones(torch.broadcast_shapes(x.shape, y.shape), dtype=torch.bool)
    for side in range(blades):
        angle = math.radians(rotation) + half * (2 * side + 1)
        inside &= x * math.cos(angle) + y * math.sin(angle) <= math.cos(half)
    return inside


def cats_eye_shift(
    place: tuple[float, float], size: tuple[int, int], strength: float
) -> tuple[float, float]:
    """The `shift` of an `Aperture` at a place (row, column) of a photo (height, width).

    It points to the centre and grows with the distance from it, to `strength` in the corners.
    """
    half_diagonal = math.hypot(*size) / 2
    down, right = (
        strength * (n / 2 - at) / half_diagonal for at, n in zip(place, size, strict=True)
    )
    return right, -down
