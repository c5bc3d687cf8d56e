"""Depth discontinuities that a network or upsampling has softened, made sharp again.

A soft one puts a ramp of depths between a subject and its background, which would be rendered as
a rim of half-blurred subject.
"""

import cv2
import numpy as np
import torch
from torch.nn import functional

DISCONTINUITY = 0.06  # a depth range within the window that can be no slanted surface
ON_RAMP = 0.03  # of that range: on a ramp, some neighbours are so much nearer, and some farther
ROUNDS = 3  # a wider ramp is eaten from both its ends
RADIUS = 2  # pixels, the window's in a photo of up to `SMALL` pixels on its short side
SMALL = 512


def sharpen(depth: torch.Tensor, radius: int, rounds: int = ROUNDS) -> torch.Tensor:
    """H×W depth with ramps steepened, in windows of a radius in pixels; see `window_radius`.

    A pixel that has both clearly nearer and clearly farther neighbours, within a window whose range
    is a discontinuity, takes the depth of the closer end. Exact maps have few such pixels, and
    slanted surfaces none.
    """
    for _ in range(rounds):
        far, near = lowest(depth, radius), -lowest(-depth, radius)
        span = near - far
        close = max(1, radius // 2)
        least = torch.minimum(depth - lowest(depth, close), -lowest(-depth, close) - depth)
        ramp = (span > DISCONTINUITY) & (least > ON_RAMP * span)
        if not ramp.any():
            return depth
        depth = torch.where(ramp, torch.where(near - depth < depth - far, near, far), depth)
    return depth


def window_radius(short_side: int) -> int:
    """The radius of the window in pixels, for a photo of some size."""
    return max(RADIUS, round(RADIUS * short_side / SMALL))


def lowest(values: torch.Tensor, radius: int) -> torch.Tensor:
    """The minimum over a square window of H×W values.

    On a CPU OpenCV is ten times as fast as torch.
    """
    on_cpu = values.device.type == "cpu"
    return erode(values, radius) if on_cpu else pool_lowest(values, radius)


def erode(values: torch.Tensor, radius: int) -> torch.Tensor:
    """`lowest` by OpenCV."""
    window = np.ones((2 * radius + 1,) * 2, np.uint8)
    return torch.from_numpy(cv2.erode(values.numpy(), window))


def pool_lowest(values: torch.Tensor, radius: int) -> torch.Tensor:
    """`lowest` on any device."""
    side = 2 * radius + 1
    row = functional.max_pool2d(-values[None, None], (1, side), 1, (0, radius))
    return -functional.max_pool2d(row, (side, 1), 1, (radius, 0))[0, 0]
