"""How much of a photo is at each depth, and the band of it that is sharp."""

import numpy as np

from autofocus.page.text import fill

BINS = 64
TALLEST = 56  # of a bar, in units of the drawing


def histogram(depth: np.ndarray | None = None, defaults: dict | None = None) -> str:
    """The depths (H×W in [0, 1]) as bars from far to near.

    `defaults`: the lens's fields that this photo begins with, to which Auto goes back.
    """
    heights = [] if depth is None else bar_heights(depth)
    return fill("histogram.html", heights=heights, defaults=defaults)


def bar_heights(depth: np.ndarray) -> list[float]:
    """One for each bin; square roots, so that small things are seen beside large ones."""
    counts = np.histogram(depth, bins=BINS, range=(0, 1))[0]
    return (TALLEST * np.sqrt(counts / max(1, counts.max()))).tolist()
