"""Known ways to blur a photo by its depth, to compare the lens with.

All take a photo (H×W×3 in [0, 1], sRGB-encoded), its depth (H×W in [0, 1], 1 nearest), a focus in
[0, 1] and a round aperture (radius over diagonal for a depth difference of 1), and return H×W×3.
They work in linear light (2.2 for the gamma, as published). None fills in what is hidden or expands
highlights.
"""

import cv2
import numpy as np

GAMMA = 2.2
GAUSSIAN_LAYERS = 8
PLANES = 32


def radius_of(depth: np.ndarray, focus: float, aperture: float) -> np.ndarray:
    """Signed circle of confusion radius in pixels, positive nearer than the focus."""
    return np.float32(aperture * np.hypot(*depth.shape)) * (depth - np.float32(focus))


def gaussian_layers(
    photo: np.ndarray, depth: np.ndarray, focus: float, aperture: float
) -> np.ndarray:
    """The photo blurred by several Gaussians, blended at each pixel by its own radius."""
    radius = np.abs(radius_of(depth, focus, aperture))
    light = photo**GAMMA
    levels = np.linspace(0, max(float(radius.max()), 1e-3), GAUSSIAN_LAYERS)
    total = np.zeros_like(light)
    for level in levels:
        weight = np.clip(1 - np.abs(radius - level) / (levels[1] - levels[0]), 0, 1)
        # A disc's variance along an axis is radius² / 4.
        blurred = cv2.GaussianBlur(light, (0, 0), level / 2) if level > 0 else light
        total += weight[..., None] * blurred
    return total ** (1 / GAMMA)


def scatter(photo: np.ndarray, depth: np.ndarray, focus: float, aperture: float) -> np.ndarray:
    """Every pixel spread over its disc: BokehMe's classical renderer (Peng et al., CVPR 2022).

    Weight (0.5 + 0.5 tanh(4 (r − d))) / (r² + 0.2) at distance d from a pixel of radius r.
    """
    radius = np.abs(radius_of(depth, focus, aperture))
    light = np.dstack([photo**GAMMA, np.ones_like(radius)]) / (radius**2 + 0.2)[..., None]
    extent = int(np.ceil(radius.max())) + 1
    shape = (radius.shape[0] + 2 * extent, radius.shape[1] + 2 * extent, 4)
    total = np.zeros(shape, np.float32)
    height, width = radius.shape
    for (y, x), distance in offsets(extent):
        weight = 0.5 + 0.5 * np.tanh(4 * (radius - distance))
        total[extent + y : extent + y + height, extent + x : extent + x + width] += (
            light * weight[..., None]
        )
    total = total[extent : extent + height, extent : extent + width]
    return (total[..., :3] / np.maximum(total[..., 3:], 1e-6)) ** (1 / GAMMA)


def offsets(extent: int) -> list[tuple[tuple[int, int], float]]:
    """All whole steps (y, x) within a radius, with their lengths."""
    steps = range(-extent, extent + 1)
    every = [((y, x), float(np.hypot(y, x))) for y in steps for x in steps]
    return [item for item in every if item[1] <= extent]


def back_to_front(
    photo: np.ndarray, depth: np.ndarray, focus: float, aperture: float
) -> np.ndarray:
    """32 planes composited back to front, normalised by blurred alpha (MPIB, ECCV 2022)."""
    light = np.dstack([photo**GAMMA, np.ones(depth.shape, np.float32)])
    number = np.minimum((depth * PLANES).astype(np.int32), PLANES - 1)
    total = np.zeros_like(light)
    for plane in range(PLANES):
        mask = (number == plane).astype(np.float32)
        if mask.any():
            middle = np.array([[(plane + 0.5) / PLANES]], np.float32)
            kernel = soft_disc(abs(radius_at(middle, focus, aperture, depth.shape)))
            blurred = cv2.filter2D(
                light * mask[..., None], -1, kernel, borderType=cv2.BORDER_CONSTANT
            )
            total = total * (1 - blurred[..., 3:]) + blurred
    light = np.maximum(total[..., :3], 0)  # spectra leave a little less than nothing
    return (light / np.maximum(total[..., 3:], 1e-6)) ** (1 / GAMMA)


def radius_at(depth: np.ndarray, focus: float, aperture: float, shape: tuple[int, int]) -> float:
    """The signed radius at one depth in a photo of some shape."""
    return float(aperture * np.hypot(*shape) * (depth.item() - focus))


def soft_disc(radius: float) -> np.ndarray:
    """A disc whose rim is one pixel soft, of sum 1."""
    extent = int(np.ceil(radius))
    steps = np.arange(-extent, extent + 1, dtype=np.float32)
    kernel = np.clip(radius + 0.5 - np.hypot(*np.meshgrid(steps, steps)), 0, 1)
    return kernel / kernel.sum()


BASELINES = {
    "blended Gaussian layers": gaussian_layers,
    "classical scatter": scatter,
    "32 planes back to front": back_to_front,
}
