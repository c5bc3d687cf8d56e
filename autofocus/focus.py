"""Where to focus: on the subject, or where somebody pointed; always with its reason in words."""

import math
from dataclasses import dataclass

import numpy as np

from autofocus.errors import RequestError

SALIENT = 0.8  # the probability from which a pixel belongs to the subject
MIDWAY = 0.5
LARGEST_RANGE = 0.2  # of what a subject fills: more would leave little to blur
CAUTIOUS_F_STOP = 4.0  # where no subject was found
DISC = 0.006  # radius of what a click picks, as a fraction of the photo's diagonal
AUTO = "auto"  # on the subject
AS_GIVEN = "as given"
NO_SUBJECT = "no salient region: midway"

Wanted = str | float | tuple[int, int]  # "auto", a depth, or a pixel (x, y)


@dataclass(frozen=True)
class Focus:
    """A depth to focus on."""

    depth: float  # in [0, 1], 1 nearest
    reason: str  # exact, with its figures: what a tooltip or a file says
    salient_pixels: int = 0
    range: float = 0.0  # full width of the band of depth around it that is sharp

    @property
    def headline(self) -> str:
        """The reason for people who take photos: "Focused on the subject"."""
        if self.salient_pixels:
            return "Focused on the subject"
        if self.reason == NO_SUBJECT:
            return "No clear subject: focused midway, blur reduced"
        return self.reason[:1].upper() + self.reason[1:]

    @property
    def lens(self) -> dict[str, float]:
        """The fields of `render.Lens` that follow from it; what the user sets goes before them.

        The aperture is among them only where no subject was found: f/4 then, so that a wrong guess
        does little harm.
        """
        fields = {"focus": self.depth, "focus_range": self.range}
        return fields | ({"f_stop": CAUTIOUS_F_STOP} if self.reason == NO_SUBJECT else {})


def choose_focus(
    depth: np.ndarray, saliency: np.ndarray, size: tuple[int, int] | None = None
) -> Focus:
    """The median depth of all salient pixels, and the range they fill; midway where there are none.

    The range reaches as far as the farther of the 10th and the 90th percentile on either side, and
    is at most 0.2.

    Args:
        depth: H×W in [0, 1], 1 nearest.
        saliency: H×W in [0, 1]; salient means at least 0.8, a threshold that leaves photos without
            a distinct subject alone ("Going Deeper with Depth Maps").
        size: the photo's height and width, where the maps are of a smaller copy.

    Raises:
        ValueError: the maps differ in shape, or the depth is not finite.

    """
    check_depth(depth)
    if depth.shape != saliency.shape:
        raise ValueError(f"depth is {depth.shape} but saliency is {saliency.shape}")
    subject = depth[saliency >= SALIENT]
    fraction = subject.size / depth.size
    count = round(fraction * math.prod(size or depth.shape))
    if not count:
        return Focus(MIDWAY, NO_SUBJECT)
    pixels = "pixel" if count == 1 else "pixels"
    reason = f"median of {count:,} salient {pixels}, {100 * fraction:.1f} % of the photo"
    median = float(np.median(subject, overwrite_input=True))  # a copy of ours: of any order
    return Focus(median, reason, count, filled_range(subject, median))


def filled_range(subject: np.ndarray, median: float) -> float:
    """The width of the band around the median that holds the subject's depths (N, reordered)."""
    low, high = np.percentile(subject, (10, 90), overwrite_input=True)
    return min(2 * max(float(high) - median, median - float(low), 0.0), LARGEST_RANGE)


def resolve_focus(wanted: Wanted, depth: np.ndarray, saliency: np.ndarray | None = None) -> Focus:
    """The focus that `parse_focus` found in a text, for these maps.

    Args:
        wanted: "auto", a depth in [0, 1], or a pixel (x, y) from the left and from the top.
        depth: H×W in [0, 1], 1 nearest.
        saliency: H×W in [0, 1]; needed for "auto" only.

    Raises:
        RequestError: the pixel is outside the photo.
        ValueError: as `choose_focus`.

    """
    if isinstance(wanted, tuple):
        return focus_at(depth, *wanted)
    if isinstance(wanted, str):
        return choose_focus(depth, saliency)
    return Focus(wanted, AS_GIVEN)


def describe(focus: Focus, size: tuple[int, int], version: str) -> dict:
    """The facts of a photo, as files and the API give them.

    Args:
        focus: see `choose_focus`.
        size: the photo's (height, width), in pixels.
        version: the name of the model that saw it.

    """
    height, width = size
    return {
        "focus": focus.depth,
        "range": focus.range,
        "reason": focus.reason,
        "salient_pixels": focus.salient_pixels,
        "width": width,
        "height": height,
        "version": version,
    }


def focus_at(depth: np.ndarray, x: float, y: float) -> Focus:
    """The median depth of a small disc around pixel (x, y), from the left and from the top.

    Raises:
        RequestError: the point is outside the photo.
        ValueError: the depth is not finite.

    """
    check_depth(depth)
    height, width = depth.shape
    column, row = round(x), round(y)
    if not (0 <= column < width and 0 <= row < height):
        raise RequestError(f"{column}, {row} is outside the photo, which is {width}×{height}.")
    radius = max(1, round(DISC * float(np.hypot(height, width))))
    top, left = max(0, row - radius), max(0, column - radius)
    patch = depth[top : row + radius + 1, left : column + radius + 1]
    rows, columns = np.ogrid[: patch.shape[0], : patch.shape[1]]
    disc = (rows + top - row) ** 2 + (columns + left - column) ** 2 <= radius**2
    return Focus(float(np.median(patch[disc])), f"picked at {column}, {row}")


def parse_focus(text: str) -> Wanted:
    """What a text asks for: "auto", a depth in [0, 1] (1 nearest), or a pixel "X,Y".

    Raises:
        ValueError: it is none of these.

    """
    if text == AUTO:
        return text
    x, comma, y = text.partition(",")
    try:
        wanted = (int(x), int(y)) if comma else float(text)
    except ValueError:
        what = "a pixel such as 640,480" if comma else '"auto", a number or a pixel X,Y'
        raise ValueError(f"{text!r} is not {what}") from None
    if not comma and not 0 <= wanted <= 1:
        raise ValueError(f"{text} is not between 0 (farthest) and 1 (nearest)")
    return wanted


def check_depth(depth: np.ndarray) -> None:
    """Refuse what is not a finite map."""
    if depth.ndim != 2 or not depth.size:
        raise ValueError(f"depth must be H×W, not {depth.shape}")
    if not np.isfinite(depth).all():
        raise ValueError("depth must be finite everywhere")
