"""Colour maps that depth programs paint with, and the way back from a colour to its number."""

from functools import cache

import cv2
import numpy as np

STEPS = 256
# Those that OpenCV has are the same numbers as Matplotlib's; near is at the end named "high".
OPENCV = {
    "turbo": cv2.COLORMAP_TURBO,
    "viridis": cv2.COLORMAP_VIRIDIS,
    "inferno": cv2.COLORMAP_INFERNO,
    "magma": cv2.COLORMAP_MAGMA,
    "plasma": cv2.COLORMAP_PLASMA,
}
# Matplotlib's jet: where each channel bends, and its value there.
JET = (
    ((0, 0.35, 0.66, 0.89, 1), (0, 0, 1, 1, 0.5)),
    ((0, 0.125, 0.375, 0.64, 0.91, 1), (0, 0, 1, 1, 0, 0)),
    ((0, 0.11, 0.34, 0.65, 1), (0.5, 1, 1, 0, 0)),
)
# ColorBrewer's Spectral, reversed: the one of Depth Anything, near is red.
SPECTRAL = (
    0x5E4FA2, 0x3288BD, 0x66C2A5, 0xABDDA4, 0xE6F598, 0xFFFFBF,
    0xFEE08B, 0xFDAE61, 0xF46D43, 0xD53E4F, 0x9E0142,
)  # fmt: skip
TABLES = (*OPENCV, "jet", "Spectral")
TOLERANCE = 6.0  # levels between a colour and the nearest of its map, in the mean
STRAY = 20.0  # levels that a pixel may be off; more than …
STRAYS = 0.02  # … of all may not
SAMPLE, AT_A_TIME = 20_000, 65_536  # pixels, colours


@cache
def table(name: str) -> np.ndarray:
    """A colour map's 256 colours, 256×3 float32 in [0, 255], far first."""
    at = np.linspace(0, 1, STEPS)
    if name in OPENCV:
        grey = np.arange(STEPS, dtype=np.uint8)[None]
        return cv2.applyColorMap(grey, OPENCV[name])[0, :, ::-1].astype(np.float32)
    if name == "jet":
        return 255 * np.stack([np.interp(at, *bends) for bends in JET], axis=1).astype(np.float32)
    anchors = np.array([[code >> 16, code >> 8 & 255, code & 255] for code in SPECTRAL])
    places = np.linspace(0, 1, len(anchors))
    channels = [np.interp(at, places, anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).astype(np.float32)


def unmap(colours: np.ndarray) -> tuple[np.ndarray, str] | None:
    """A colour-mapped image, H×W×3 uint8 → H×W float32 in [0, 1] and the map's name.

    None if it is in none of the maps.
    """
    flat = colours.reshape(-1, 3)
    sample = flat[:: max(1, len(flat) // SAMPLE)]
    off = {name: nearest(sample, table(name))[1] for name in TABLES}
    best = min(off, key=lambda name: off[name].mean())
    if off[best].mean() > TOLERANCE or (off[best] > STRAY).mean() > STRAYS:
        return None
    values = look_up(colours, table(best))
    return values.astype(np.float32) / (STEPS - 1), best


def look_up(colours: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The index of the nearest known colour for H×W×3 uint8; each colour is searched once."""
    packed = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    steps = np.zeros(1 << 24, np.uint8)
    steps[packed] = 1
    present = np.flatnonzero(steps)
    for at in range(0, len(present), AT_A_TIME):
        part = present[at : at + AT_A_TIME]
        unpacked = np.stack([part >> 16, part >> 8 & 255, part & 255], axis=1)
        steps[part] = nearest(unpacked, known)[0]
    return steps[packed]


def nearest(colours: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For N×3 colours, the index of the nearest of the known ones, and how far it is in levels."""
    colours = colours.astype(np.float32)
    squares = (known**2).sum(axis=1) - 2 * colours @ known.T
    index = squares.argmin(axis=1)
    rest = np.take_along_axis(squares, index[:, None], axis=1)[:, 0] + (colours**2).sum(axis=1)
    return index, np.sqrt(np.maximum(rest, 0))
