"""Values as people write them in options and settings files; each reader takes a text.

Every reader raises `RequestError` with what was expected.
"""

import math
from collections.abc import Callable
from dataclasses import fields
from functools import partial

from autofocus.errors import RequestError
from autofocus.lens.lens import BLADES, SMALLEST_F_STOP, Lens


def read_focus(text: str) -> str | float | tuple[int, int]:
    """ "auto", a depth in 0..1, or a pixel "X,Y"."""
    from autofocus.focus import parse_focus

    try:
        return parse_focus(text)
    except ValueError as error:
        raise RequestError(f"{error}.") from None


def read_number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        raise RequestError(f"{text!r} is not a number.") from None
    if not math.isfinite(value):
        raise RequestError(f"{text!r} is not a finite number.")
    return value


def read_between(text: str, low: float, high: float) -> float:
    """A number within limits."""
    value = read_number(text)
    if not low <= value <= high:
        raise RequestError(f"{text} is not between {low:g} and {high:g}.")
    return value


def read_depth_value(text: str) -> float:
    """A depth in 0..1."""
    value = read_number(text)
    if not 0 <= value <= 1:
        raise RequestError(f"{text} is not between 0 (farthest) and 1 (nearest).")
    return value


def read_not_negative(text: str) -> float:
    """A number from 0 on."""
    value = read_number(text)
    if value < 0:
        raise RequestError(f"{text} is negative.")
    return value


def read_f_stop(text: str) -> float:
    """An f-number."""
    value = read_number(text)
    if value < SMALLEST_F_STOP:
        raise RequestError(f"{text} is not an f-stop: at least {SMALLEST_F_STOP}, as 1.4 is.")
    return value


def read_positive(text: str) -> float:
    """A number above 0."""
    value = read_number(text)
    if value <= 0:
        raise RequestError(f"{text} is not above 0.")
    return value


def read_seconds(text: str) -> float:
    """How long a focus pull may take."""
    from autofocus.focus_pull import LONGEST

    value = read_positive(text)
    if value > LONGEST:
        raise RequestError(f"{text} is more than {LONGEST:g} seconds.")
    return value


def read_blades(text: str) -> int:
    """0, or 5 to 9."""
    if text not in map(str, BLADES):
        raise RequestError(f"{text!r} is neither 0 (round) nor {BLADES[1]} to {BLADES[-1]}.")
    return int(text)


# By the fields of `Lens`, but for its focus, which has a reader of its own; `aperture` says the
# f-stop in another way.
LENS: dict[str, Callable[[str], float]] = {
    **{
        field.name: partial(read_between, low=field.metadata["low"], high=field.metadata["high"])
        for field in fields(Lens)
        if field.name != "focus"
    },
    "aperture": read_not_negative,
    "f_stop": read_f_stop,
    "blades": read_blades,
    "rotation": read_number,
}
