"""Transparent pixels: over white for eyes and network, and back for files that keep them."""

from collections.abc import Callable

import numpy as np

from autofocus.files.colour import srgb_to_linear
from autofocus.files.hdr import linear_to_srgb

FAINTEST = 1 / 65535


def over_white(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """H×W×3 in [0, 1] over white by alpha, H×W in [0, 1]; as it is without one."""
    if alpha is None:
        return pixels
    alpha = alpha[..., None]
    return pixels * alpha + (1 - alpha)


def from_white(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Undo `over_white`: the colours themselves; black where nothing is to be seen."""
    alpha = alpha[..., None]
    colours = (pixels - (1 - alpha)) / np.maximum(alpha, FAINTEST)
    return np.where(alpha > FAINTEST, np.clip(colours, 0, 1), 0).astype(np.float32)


def blur_premultiplied(
    pixels: np.ndarray, alpha: np.ndarray, lens: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Pass a transparent photo through a lens so that no background shines in at its edges.

    A lens averages linear light. Colours are multiplied by alpha in linear light, both go through
    the lens, and are divided again: exact for any lens that is a weighted mean.

    Returns:
        the pixels, H×W×3 over white, and their alpha, H×W.

    """
    light = srgb_to_linear(from_white(pixels, alpha)) * alpha[..., None]
    colours = srgb_to_linear(lens(linear_to_srgb(light).astype(np.float32)))
    grey = np.repeat(linear_to_srgb(alpha)[..., None], 3, axis=2).astype(np.float32)
    cover = np.clip(srgb_to_linear(lens(grey)).mean(axis=2), 0, 1).astype(np.float32)
    straight = np.clip(colours / np.maximum(cover[..., None], FAINTEST), 0, 1)
    return over_white(linear_to_srgb(straight).astype(np.float32), cover), cover
