"""The shape that one point of light takes out of focus: a disc, or a polygon of blades."""

import math

import torch

SUBSAMPLES = 8  # per pixel and axis, for kernels whose edge pixels count by the area they cover
CROSS = 1.0  # pixels: smaller circles are no discs yet


def disc_kernel(radius: float, blades: int = 0, rotation: float = 0.0) -> torch.Tensor:
    """What a point of light becomes: (2n+1)×(2n+1) float32 that sums to 1, n = ⌈|radius|⌉.

    `radius` in pixels, positive nearer than the focus, negative farther: through a polygon of
    `blades` ≥ 3 corners, what lies behind the focus has a corner at `rotation` degrees
    counter-clockwise from the right, what lies before it is turned by 180°. A polygon's radius is
    that of its corners. Each pixel counts by the area that the shape covers in it.
    """
    if abs(radius) < CROSS:
        return small_kernel(radius)
    reach = max(math.ceil(abs(radius) - 0.5), 0)
    size = (2 * reach + 1) * SUBSAMPLES
    steps = (torch.arange(size, dtype=torch.float64) + 0.5) / SUBSAMPLES - reach - 0.5
    inside = inside_aperture(
        steps[None, :], -steps[:, None], abs(radius), blades, rotation + 180.0 * (radius > 0)
    ).double()
    kernel = torch.nn.functional.avg_pool2d(inside[None, None], SUBSAMPLES)[0, 0]
    return (kernel / kernel.sum()).float()


def small_kernel(radius: float) -> torch.Tensor:
    """A cross with a disc's variance, radius² / 4 along each axis: a pixel cannot show more."""
    side = radius * radius / 8
    return torch.tensor([[0, side, 0], [side, 1 - 4 * side, side], [0, side, 0]])


def inside_aperture(
    x: torch.Tensor, y: torch.Tensor, radius: float, blades: int, rotation: float
) -> torch.Tensor:
    """Which points (x right, y up) lie in the disc or the polygon (`rotation`: of a corner)."""
    if blades < 3:
        return x * x + y * y <= radius * radius
    half = math.pi / blades
    inside = torch.ones(torch.broadcast_shapes(x.shape, y.shape), dtype=torch.bool)
    for side in range(blades):
        angle = math.radians(rotation) + half * (2 * side + 1)
        inside &= x * math.cos(angle) + y * math.sin(angle) <= radius * math.cos(half)
    return inside
