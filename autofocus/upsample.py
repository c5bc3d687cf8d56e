"""Maps of the network's size brought to the photo's, their boundaries on the photo's edges.

The fast guided filter (He, Sun, Tang 2013; He & Sun 2015, arXiv 1505.00996): in every window a map
is a linear function of the photo's colours. The function is fitted at the network's size and
applied at the photo's, which costs little more than a bilinear upsampling.

A network's boundaries are softer than the photo's, so a map is first snapped to them at its size,
in wide windows, and its ramps are sharpened. Wide windows also carry texture over: the dark strands
of hair in front of a bright wall would come out nearer than the light ones. Therefore nothing may
leave the range that the network gave to a pixel's surroundings, a median takes out specks, and the
last step, to the photo's size, uses narrow windows. Where the network saw nothing but a slope, such
as a road with lines painted on it, no boundary is looked for: the map is interpolated.

Edges are followed in at most `LARGEST` pixels. In a larger photo an edge is some pixels wide
anyway, and time and memory would grow with it.
"""

from collections.abc import Sequence
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
SLOPE = 12  # radius of the window whose mean a slope goes through
NEAR_EDGE = 6  # how far from a boundary the photo's edges are followed
FLAT, STEEP = 0.01, 0.02  # ranges of a map in [0, 1], less its slope: no boundary, and surely one
SOFTNESS = 4e-4  # variance of colour below which a window is taken for flat
LARGEST = 2_000_000  # pixels of the photo


def upsample_snapped(
    values: np.ndarray, small: np.ndarray, photo: np.ndarray, radius: int
) -> np.ndarray:
    """Bring a map to the photo's size, its boundaries snapped to the photo's edges.

    Args:
        values: h×w float32 in [0, 1], of the network's size.
        small: h×w×3 float32, the photo at that size.
        photo: H×W×3 float32 in [0, 1].
        radius: pixels of `values` within which an edge of the photo is looked for.

    Returns:
        H×W float32, within the range of `values`.

    """
    guide = bounded(photo, values.size)
    snapped = snap(values, small, radius)
    fine = upsample_guided(snapped, small, guide, FINE_RADIUS)
    fine = clip_to_surroundings(fine, snapped, FINE_SURROUNDINGS)
    smooth = resize(values, fine.shape)
    fine -= smooth  # in place: the maps are large
    fine *= resize(find_edges(values), fine.shape)
    fine += smooth
    return resize(fine, photo.shape[:2])


upsample_depth = partial(upsample_snapped, radius=DEPTH_RADIUS)
upsample_saliency = partial(upsample_snapped, radius=SALIENCY_RADIUS)


def snap(values: np.ndarray, small: np.ndarray, radius: int) -> np.ndarray:
    """A map whose boundaries lie on the photo's edges and are sharp, at the network's size."""
    guided = upsample_guided(values, small, small, radius)
    snapped = clip_to_surroundings(guided, values, SURROUNDINGS)
    return cv2.medianBlur(sharpen(torch.from_numpy(snapped), *SHARPEN).numpy(), SPECK)


def find_edges(values: np.ndarray) -> np.ndarray:
    """H×W in [0, 1]: 1 where a map has a boundary near by, 0 where it is flat or slopes evenly."""
    # Past the border a slope goes on: it is mirrored in the border's value too.
    beyond = np.pad(values, SLOPE, mode="reflect", reflect_type="odd")
    bent = values - mean_around(beyond, SLOPE)[SLOPE:-SLOPE, SLOPE:-SLOPE]
    lowest, highest = range_around(bent, NEAR_EDGE)
    certain = ((highest - lowest - FLAT) / (STEEP - FLAT)).clip(0, 1)
    return cv2.GaussianBlur(certain, (0, 0), NEAR_EDGE / 3)


def bounded(photo: np.ndarray, pixels: int) -> np.ndarray:
    """A photo, made smaller if it has more pixels than `LARGEST` and than the map it guides."""
    height, width = photo.shape[:2]
    scale = min(1.0, (max(LARGEST, pixels) / (height * width)) ** 0.5)
    return resize(photo, (max(1, round(scale * height)), max(1, round(scale * width))))


def clip_to_surroundings(values: np.ndarray, source: np.ndarray, radius: int) -> np.ndarray:
    """H×W values, in place, clipped to the range of an h×w map around each of them."""
    lowest, highest = range_around(source, radius)
    upsample = partial(cv2.resize, dsize=values.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    np.maximum(values, upsample(lowest), out=values)
    return np.minimum(values, upsample(highest), out=values)


def range_around(x: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest value in the window around every pixel."""
    window = np.ones((2 * radius + 1,) * 2, np.uint8)
    return cv2.erode(x, window), cv2.dilate(x, window)


def upsample_guided(
    values: np.ndarray, small: np.ndarray, photo: np.ndarray, radius: int
) -> np.ndarray:
    """One guided filter, whose values may overshoot; arguments as in `upsample_snapped`."""
    *slopes, offset = fit_windows(values, small, radius)
    upsample = partial(cv2.resize, dsize=photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    result = upsample(offset)
    part = np.empty_like(result)
    for channel, slope in enumerate(slopes):
        upsample(slope, dst=part)
        part *= photo[..., channel]
        result += part
    return result


def fit_windows(values: np.ndarray, small: np.ndarray, radius: int) -> list[np.ndarray]:
    """Slope in red, green and blue, and offset, of the map as a function of the photo, smoothed.

    Each is h×w. Whole planes are contiguous, which NumPy reads several times as fast as pixels.
    """
    window = partial(mean_around, radius=radius)
    colours = cv2.split(small)
    means, mean_values = [window(c) for c in colours], window(values)
    covariance = [window(c * values) - m * mean_values for c, m in zip(colours, means, strict=True)]
    slopes = solve(spread_around(colours, means, radius), covariance)
    offset = mean_values - sum(s * m for s, m in zip(slopes, means, strict=True))
    return [window(plane) for plane in (*slopes, offset)]


def spread_around(
    colours: Sequence[np.ndarray], means: Sequence[np.ndarray], radius: int
) -> list[np.ndarray]:
    """Covariance of the colours in every window, softened: h×w of rr, rg, rb, gg, gb and bb."""
    return [
        mean_around(colours[i] * colours[j], radius) - means[i] * means[j] + SOFTNESS * (i == j)
        for i in range(3)
        for j in range(i, 3)
    ]


def solve(spread: Sequence[np.ndarray], covariance: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The slopes, three h×w, for which spread · slope = covariance, by LDLᵀ on whole planes.

    Its pivots keep what float32 can tell, since the softened spread is well conditioned; LAPACK
    takes ten times as long for as many small systems.
    """
    rr, rg, rb, gg, gb, bb = spread
    r, g, b = covariance
    gr, br = rg / rr, rb / rr
    second, rest = gg - gr * rg, gb - gr * rb
    bg = rest / second
    third = bb - br * rb - bg * rest
    g = g - gr * r
    blue = (b - br * r - bg * g) / third
    green = g / second - bg * blue
    return [r / rr - gr * green - br * blue, green, blue]


def mean_around(x: np.ndarray, radius: int) -> np.ndarray:
    """The mean over the window around every pixel."""
    side = 2 * radius + 1
    return cv2.blur(x, (side, side), borderType=cv2.BORDER_REFLECT)
