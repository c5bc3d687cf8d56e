"""What a lens is made of: every field with its default, its range and its words, once.

The command line, settings files, the API, the page's controls and the browser's lens read this
table. It imports nothing heavy, since `--help` reads it too.
"""

import math
from dataclasses import KW_ONLY, dataclass, field, fields
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import torch

Array = TypeVar("Array", "np.ndarray", "torch.Tensor")

APERTURE_AT_F1 = 0.05  # circle radius over diagonal at f/1, for a depth difference of 1
SMALLEST_F_STOP = 0.1  # no lens comes near it
BLADES = (0, *range(5, 10))  # sides of the apertures that are offered


def setting(default: float, low: float, high: float, text: str, option: str = "") -> float:
    """A field of `Lens`.

    Args:
        default: its value where nobody says anything.
        low: the least that is offered to people.
        high: the most.
        text: what it is, for `--help` and the API.
        option: its name on the command line and in the API, where that is not the field's.

    """
    return field(
        default=default, metadata={"low": low, "high": high, "text": text, "option": option}
    )


@dataclass(frozen=True)
class Lens:
    """How a photo is photographed again; the one home of every default.

    Raises:
        ValueError: a value is out of its range.

    """

    # The depth that is sharp, in [0, 1], 1 nearest.
    focus: float = setting(0.5, 0, 1, "0 (farthest) to 1 (nearest): the depth that is sharp")
    _: KW_ONLY
    # Full width of the band of depth around the focus that is sharp.
    focus_range: float = setting(
        0.0,
        0,
        1,
        "0..1: depth that is sharp around the focus (default: what the subject fills)",
        option="range",
    )
    # Above 0; infinity is a pinhole.
    f_stop: float = setting(
        2.0, SMALLEST_F_STOP, math.inf, "as on a lens (default: 2, or 4 where no subject is found)"
    )
    # Sides of the aperture, at least 3; 0 is round.
    blades: int = setting(0, 0, 16, "0 (round, the default) or 5 to 9")
    # Degrees, counter-clockwise, of one corner from the image's right.
    rotation: float = setting(0.0, -360, 360, "of the blades")
    # How far clipped highlights are expanded: 0 not at all, 1 as estimated.
    highlights: float = setting(1.0, 0, 1, "0..1: how far clipped highlights are expanded")
    # How far the aperture is cut towards the corners.
    cats_eye: float = setting(0.0, 0, 1, "0..1: how far discs narrow towards the corners")
    # Spherical aberration: -1 bright rims, 1 bright centres.
    spherical: float = setting(0.0, -1, 1, "-1 (soap bubbles) to 1 (creamy)")

    def __post_init__(self) -> None:
        for name in ("focus", "rotation", "highlights"):
            require(math.isfinite(getattr(self, name)), f"{name} must be finite", self, name)
        require(
            0 <= self.focus_range < math.inf, "focus_range must be 0 or more", self, "focus_range"
        )
        require(self.f_stop > 0, "an f-stop is a positive number such as 1.4", self, "f_stop")
        blades = self.blades == 0 or self.blades >= 3
        require(blades, "an aperture has 0 (round) or at least 3 blades", self, "blades")
        for one in fields(self):
            if one.name in LOOSE:
                continue
            low, high = one.metadata["low"], one.metadata["high"]
            holds = low <= getattr(self, one.name) <= high
            require(holds, f"{one.name} must lie in {low:g}..{high:g}", self, one.name)

    @property
    def aperture(self) -> float:
        """Radius of the circle of confusion over the diagonal, for a depth difference of 1.

        f/1.4 → 0.036, f/16 → 0.003.
        """
        return APERTURE_AT_F1 / self.f_stop

    def defocus(self, depth: Array) -> Array:
        """Signed distance of each depth from the sharp band: 0 inside, positive nearer."""
        offset = depth - self.focus
        return offset - offset.clip(-self.focus_range / 2, self.focus_range / 2)


# Fields whose range is wider than what is offered.
LOOSE = ("focus", "focus_range", "f_stop", "blades", "rotation", "highlights")


def require(holds: bool, rule: str, lens: Lens, name: str) -> None:
    """ValueError with the rule and the value that breaks it."""
    if not holds:
        raise ValueError(f"{rule}, not {getattr(lens, name)}")


def f_stop_of(aperture: float) -> float:
    """The f-number of an aperture (see `Lens.aperture`); 0 is a pinhole, infinity.

    Raises ValueError if it is negative.
    """
    if not aperture >= 0:
        raise ValueError(f"aperture {aperture} must not be negative")
    return APERTURE_AT_F1 / aperture if aperture else math.inf
