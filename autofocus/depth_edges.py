"""Steps in depth that a network or an enlargement has softened, made steps again.

A soft step puts a ramp of depths between a subject and its background, which would be rendered as
a rim of half-blurred subject.
"""

import cv2
import numpy as np
import torch
from torch.nn import functional

STEP = 0.06  # a depth range within the window that can be no slanted surface
ON_RAMP = 0.03  # of that range: on a ramp, some neighbours are so much nearer, and some farther
ROUNDS = 3  # a wider ramp is eaten from both its ends
REACH = 2  # pixels, the window's in a photo of up to `SMALL` pixels on its short side
SMALL = 512


def sharpen(depth: torch.Tensor, reach: int, rounds: int = ROUNDS) -> torch.Tensor:
    """H×W depth with ramps steepened, in windows that reach so many pixels; see `window`.

    A pixel that has both clearly nearer and clearly farther neighbours, within a window whose range
    is a step, takes the depth of the closer end. Exact maps have few such pixels, and slanted
    surfaces none.
    """
    for _ in range(rounds):
        far, near = lowest(depth, reach), -lowest(-depth, reach)
        span = near - far
        close = max(1, reach // 2)
        least = torch.minimum(depth - lowest(depth, close), -lowest(-depth, close) - depth)
        ramp = (span > STEP) & (least > ON_RAMP * span)
        if not ramp.any():
            return depth
        depth = torch.where(ramp, torch.where(near - depth < depth - far, near, far), depth)
    return depth


def window(short_side: int) -> int:
    """The reach of the window in pixels, for a photo of some size."""
    return max(REACH, round(REACH * short_side / SMALL))


def lowest(values: torch.Tensor, reach: int) -> torch.Tensor:
    """The minimum over a square window of H×W values.

    On a processor OpenCV is ten times as fast as torch.
    """
    if values.device.type == "cpu":
        window = np.ones((2 * reach + 1,) * 2, np.uint8)
        return torch.from_numpy(cv2.erode(values.numpy(), window))
    row = functional.max_pool2d(-values[None, None], (1, 2 * reach + 1), 1, (0, reach))
    return -functional.max_pool2d(row, (2 * reach + 1, 1), 1, (reach, 0))[0, 0]
