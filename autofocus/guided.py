"""Maps of the network's size brought to the photo's, their edges on the photo's edges.

The fast guided filter (He, Sun, Tang 2013; He & Sun 2015, arXiv 1505.00996): in every window a map
is a linear function of the photo's colours. The function is fitted at the network's size and
applied at the photo's, which costs little more than a bilinear upsampling. Depth is filtered twice,
and its ramps are steepened in between: a network's outlines are softer than the photo's.
"""

import cv2
import numpy as np
import torch

from autofocus.lens.edges import sharpen

RADIUS = 12  # of the windows, in pixels of the network's input
STEEPER = 3, 4  # reach in pixels and rounds of the steepening, at the network's size
SOFTNESS = 4e-4  # variance of colour below which a window is taken for flat


def upsample_depth(depth: np.ndarray, small: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """As `upsample_guided`, with the depth's steps drawn to the photo's outlines first."""
    drawn = torch.from_numpy(upsample_guided(depth, small, small))
    return upsample_guided(sharpen(drawn, *STEEPER).numpy(), small, photo)


def upsample_guided(values: np.ndarray, small: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """Bring a map to the photo's size.

    Args:
        values: h×w float32, of the network's size.
        small: h×w×3 float32, the photo at that size.
        photo: H×W×3 float32 in [0, 1].

    Returns:
        H×W float32, within the range of `values`.

    """
    slope, offset = fit(values, small)
    size = photo.shape[1::-1]
    result = cv2.resize(offset, size, interpolation=cv2.INTER_LINEAR)
    for channel in range(3):  # one at a time: a photo may have 64 megapixels
        part = cv2.resize(slope[..., channel], size, interpolation=cv2.INTER_LINEAR)
        part *= photo[..., channel]
        result += part
    return np.clip(result, values.min(), values.max(), out=result)


def fit(values: np.ndarray, small: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope (h×w×3) and offset (h×w) of the map as a function of the photo, smoothed."""
    mean, mean_values = window(small), window(values)
    covariance = window(small * values[..., None]) - mean * mean_values[..., None]
    slope = np.linalg.solve(spread_of(small, mean), covariance[..., None])[..., 0]
    offset = mean_values - (slope * mean).sum(axis=2)
    return window(slope.astype(np.float32)), window(offset.astype(np.float32))


def spread_of(small: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The colours' covariance in every window, h×w×3×3, made safe to invert."""
    products = [
        window(small[..., i] * small[..., j]) - mean[..., i] * mean[..., j]
        for i in range(3)
        for j in range(3)
    ]
    spread = np.stack(products, axis=-1).reshape(*small.shape[:2], 3, 3)
    return spread + SOFTNESS * np.eye(3, dtype=np.float32)


def window(x: np.ndarray) -> np.ndarray:
    """The mean over every window."""
    side = 2 * RADIUS + 1
    return cv2.blur(x, (side, side), borderType=cv2.BORDER_REFLECT)
