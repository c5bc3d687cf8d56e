"""Where to focus: on the subject, or where somebody pointed; always with its reason in words."""

from dataclasses import dataclass

import numpy as np

SALIENT = 0.8
MIDWAY = 0.5
DISC = 0.006  # radius of what a click picks, as a share of the photo's diagonal


@dataclass(frozen=True)
class Focus:
    """A depth to focus on."""

    depth: float  # in [0, 1], 1 nearest
    reason: str
    salient_pixels: int = 0


def choose_focus(depth: np.ndarray, saliency: np.ndarray) -> Focus:
    """The median depth of all salient pixels; midway where nothing is salient.

    Args:
        depth: H×W in [0, 1], 1 nearest.
        saliency: H×W in [0, 1]; salient means at least 0.8, a threshold that leaves photos without
            a distinct subject alone ("Going Deeper with Depth Maps").

    Raises:
        ValueError: the maps differ in shape, or the depth is not finite.

    """
    check_depth(depth)
    if depth.shape != saliency.shape:
        raise ValueError(f"depth is {depth.shape} but saliency is {saliency.shape}")
    salient = saliency >= SALIENT
    count = int(salient.sum())
    if not count:
        return Focus(MIDWAY, "no salient region: midway")
    pixels = "pixel" if count == 1 else "pixels"
    reason = f"median of {count:,} salient {pixels}, {100 * count / depth.size:.1f} % of the photo"
    return Focus(float(np.median(depth[salient])), reason, count)


def focus_at(depth: np.ndarray, x: float, y: float) -> Focus:
    """The median depth of a small disc around pixel (x, y), from the left and from the top.

    Raises:
        ValueError: the point is outside the photo, or the depth is not finite.

    """
    check_depth(depth)
    height, width = depth.shape
    column, row = round(x), round(y)
    if not (0 <= column < width and 0 <= row < height):
        raise ValueError(f"{column}, {row} is outside the photo, which is {width}×{height}")
    radius = max(1, round(DISC * float(np.hypot(height, width))))
    top, left = max(0, row - radius), max(0, column - radius)
    patch = depth[top : row + radius + 1, left : column + radius + 1]
    rows, columns = np.ogrid[: patch.shape[0], : patch.shape[1]]
    disc = (rows + top - row) ** 2 + (columns + left - column) ** 2 <= radius**2
    return Focus(float(np.median(patch[disc])), f"picked at {column}, {row}")


def parse_focus(text: str) -> str | float | tuple[int, int]:
    """What a text asks for: "auto", a depth in [0, 1] (1 nearest), or a pixel "X,Y".

    Raises:
        ValueError: it is none of these.

    """
    if text == "auto":
        return text
    x, comma, y = text.partition(",")
    try:
        found = (int(x), int(y)) if comma else float(text)
    except ValueError:
        what = "a pixel such as 640,480" if comma else '"auto", a number or a pixel X,Y'
        raise ValueError(f"{text!r} is not {what}") from None
    if not comma and not 0 <= found <= 1:
        raise ValueError(f"{text} is not between 0 (farthest) and 1 (nearest)")
    return found


def check_depth(depth: np.ndarray) -> None:
    """Refuse what is no finite map."""
    if depth.ndim != 2 or not depth.size:
        raise ValueError(f"depth must be H×W, not {depth.shape}")
    if not np.isfinite(depth).all():
        raise ValueError("depth must be finite everywhere")
