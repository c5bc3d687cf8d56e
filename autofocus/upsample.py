"""Maps of the network's size brought to the photo's, their boundaries on the photo's edges.

The fast guided filter (He, Sun, Tang 2013; He & Sun 2015, arXiv 1505.00996): in every window a map
is a linear function of the photo's colours. The function is fitted at the network's size and
applied at the photo's, which costs little more than a bilinear upsampling.

A network's boundaries are softer than the photo's, so a map is first snapped to them at its size,
in wide windows, and its ramps are sharpened. Wide windows also carry texture over: the dark strands
of hair in front of a bright wall would come out nearer than the light ones. Therefore nothing may
leave the range that the network gave to a pixel's surroundings, a median takes out specks, and the
last step, to the photo's size, uses narrow windows.

Edges are followed in at most `LARGEST` pixels. In a larger photo an edge is some pixels wide
anyway, and time and memory would grow with it.
"""

from functools import partial

import cv2
import numpy as np
import torch

from autofocus.depth_edges import sharpen
from autofocus.photo import resize

# All in pixels at the network's size.
DEPTH_RADIUS, SALIENCY_RADIUS = 12, 6  # of the windows in which edges are found
FINE_RADIUS = 3  # of those in which the map is upsampled
SURROUNDINGS, FINE_SURROUNDINGS = 4, 2  # how far away a value may come from, in either step
SHARPEN = 3, 4  # radius and rounds of the sharpening
SPECK = 5  # side of the median's window
SOFTNESS = 4e-4  # variance of colour below which a window is taken for flat
LARGEST = 2_000_000  # pixels of the photo


def upsample_snapped(
    values: np.ndarray, small: np.ndarray, photo: np.ndarray, radius: int
) -> np.ndarray:
    """Bring a map to the photo's size, its boundaries snapped to the photo's edges.

    Args:
        values: h×w float32, of the network's size.
        small: h×w×3 float32, the photo at that size.
        photo: H×W×3 float32 in [0, 1].
        radius: pixels of `values` within which an edge of the photo is looked for.

    Returns:
        H×W float32, within the range of `values`.

    """
    snapped = clip_to_surroundings(
        upsample_guided(values, small, small, radius), values, SURROUNDINGS
    )
    snapped = cv2.medianBlur(sharpen(torch.from_numpy(snapped), *SHARPEN).numpy(), SPECK)
    guide = bounded(photo, max(LARGEST, values.size))
    fine = upsample_guided(snapped, small, guide, FINE_RADIUS)
    return resize(clip_to_surroundings(fine, snapped, FINE_SURROUNDINGS), photo.shape[:2])


upsample_depth = partial(upsample_snapped, radius=DEPTH_RADIUS)
upsample_saliency = partial(upsample_snapped, radius=SALIENCY_RADIUS)


def bounded(photo: np.ndarray, pixels: int) -> np.ndarray:
    """A photo, made smaller if it has more than so many pixels."""
    height, width = photo.shape[:2]
    scale = min(1.0, (pixels / (height * width)) ** 0.5)
    return resize(photo, (max(1, round(scale * height)), max(1, round(scale * width))))


def clip_to_surroundings(values: np.ndarray, source: np.ndarray, radius: int) -> np.ndarray:
    """H×W values, in place, clipped to the range of an h×w map around each of them."""
    window = np.ones((2 * radius + 1,) * 2, np.uint8)
    size = values.shape[1::-1]
    lowest = cv2.resize(cv2.erode(source, window), size, interpolation=cv2.INTER_LINEAR)
    np.maximum(values, lowest, out=values)
    highest = cv2.resize(cv2.dilate(source, window), size, interpolation=cv2.INTER_LINEAR)
    return np.minimum(values, highest, out=values)


def upsample_guided(
    values: np.ndarray, small: np.ndarray, photo: np.ndarray, radius: int
) -> np.ndarray:
    """One guided filter, whose values may overshoot; arguments as in `upsample_snapped`."""
    slope, offset = fit_windows(values, small, radius)
    size = photo.shape[1::-1]
    result = cv2.resize(offset, size, interpolation=cv2.INTER_LINEAR)
    for channel in range(3):  # one at a time: a photo may have 64 megapixels
        part = cv2.resize(slope[..., channel], size, interpolation=cv2.INTER_LINEAR)
        part *= photo[..., channel]
        result += part
    return result


def fit_windows(
    values: np.ndarray, small: np.ndarray, radius: int
) -> tuple[np.ndarray, np.ndarray]:
    """Slope (h×w×3) and offset (h×w) of the map as a function of the photo, smoothed."""
    window = partial(mean_around, radius=radius)
    mean, mean_values = window(small), window(values)
    covariance = window(small * values[..., None]) - mean * mean_values[..., None]
    slope = solve(spread_around(small, mean, radius), covariance)
    offset = mean_values - np.einsum("hwc,hwc->hw", slope, mean)
    return window(slope), window(offset)


def spread_around(small: np.ndarray, mean: np.ndarray, radius: int) -> np.ndarray:
    """Covariance of the colours in every window, softened: h×w×6 for rr, rg, rb, gg, gb, bb."""
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    spread = np.empty((*small.shape[:2], len(pairs)), np.float32)
    for number, (i, j) in enumerate(pairs):
        product = mean_around(small[..., i] * small[..., j], radius)
        spread[..., number] = product - mean[..., i] * mean[..., j] + SOFTNESS * (i == j)
    return spread


def solve(spread: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """The slope h×w×3 for which spread · slope = covariance, by Cramer's rule.

    LAPACK takes ten times as long for as many small systems. In float64, since what is nearly of
    one colour leaves a small difference of large products.
    """
    rr, rg, rb, gg, gb, bb = np.moveaxis(spread.astype(np.float64), -1, 0)
    r, g, b = np.moveaxis(covariance.astype(np.float64), -1, 0)
    inverse = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    inverse += rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    a, d, e, f, h, i = inverse
    slope = np.stack([a * r + d * g + e * b, d * r + f * g + h * b, e * r + h * g + i * b], axis=2)
    return (slope / (rr * a + rg * d + rb * e)[..., None]).astype(np.float32)


def mean_around(x: np.ndarray, radius: int) -> np.ndarray:
    """The mean over the window around every pixel."""
    side = 2 * radius + 1
    return cv2.blur(np.ascontiguousarray(x), (side, side), borderType=cv2.BORDER_REFLECT)
