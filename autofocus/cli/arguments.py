"""The parameters that commands share: their types, help texts and readers.

Every reader raises `typer.BadParameter` (wrong usage, exit status 2) with what was expected.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer

SMALLEST_F_STOP = 0.1  # no lens comes near it
BLADES = ("0", "5", "6", "7", "8", "9")


def read_focus(text: str) -> str | float | tuple[int, int]:
    """ "auto", a depth in 0..1, or a pixel "X,Y"."""
    from autofocus.focus import parse_focus

    try:
        return parse_focus(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None


def read_number(text: str) -> float:
    """A finite number."""
    try:
        value = float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number.") from None
    if not math.isfinite(value):
        raise typer.BadParameter(f"{text!r} is not a finite number.")
    return value


def read_depth_value(text: str) -> float:
    """A depth in 0..1."""
    value = read_number(text)
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{text} is not between 0 (farthest) and 1 (nearest).")
    return value


def read_fraction(text: str) -> float:
    """A number in 0..1."""
    value = read_number(text)
    if not 0 <= value <= 1:
        raise typer.BadParameter(f"{text} is not between 0 and 1.")
    return value


def read_signed_fraction(text: str) -> float:
    """A number in -1..1."""
    value = read_number(text)
    if not -1 <= value <= 1:
        raise typer.BadParameter(f"{text} is not between -1 and 1.")
    return value


def read_not_negative(text: str) -> float:
    """A number from 0 on."""
    value = read_number(text)
    if value < 0:
        raise typer.BadParameter(f"{text} is negative.")
    return value


def read_f_stop(text: str) -> float:
    """An f-number."""
    value = read_number(text)
    if value < SMALLEST_F_STOP:
        raise typer.BadParameter(f"{text} is not an f-stop: at least {SMALLEST_F_STOP}, as 1.4 is.")
    return value


def read_positive(text: str) -> float:
    """A number above 0."""
    value = read_number(text)
    if value <= 0:
        raise typer.BadParameter(f"{text} is not above 0.")
    return value


def read_seconds(text: str) -> float:
    """How long a focus pull may take."""
    from autofocus.focus_pull import LONGEST

    value = read_positive(text)
    if value > LONGEST:
        raise typer.BadParameter(f"{text} is more than {LONGEST:g} seconds.")
    return value


def read_blades(text: str) -> int:
    """0, or 5 to 9."""
    if text not in BLADES:
        raise typer.BadParameter(f"{text!r} is neither 0 (round) nor 5 to 9.")
    return int(text)


@dataclass(frozen=True)
class LensOption:
    """An option that sets a field of `render.Lens`, on the command line and in settings files."""

    name: str
    metavar: str
    text: str
    reader: Callable[[str], float]


# By the fields' names; `aperture` says the f-stop in another way. A field that is missing here
# cannot be set.
LENS = {
    "focus_range": LensOption(
        "--range",
        "R",
        "0..1: depth that is sharp around the focus (default: what the subject fills)",
        read_fraction,
    ),
    "aperture": LensOption(
        "--aperture", "A", "as a fraction of the diagonal, e.g. 0.03", read_not_negative
    ),
    "f_stop": LensOption(
        "--f-stop", "N", "as on a lens (default: 2, or 4 where no subject is found)", read_f_stop
    ),
    "blades": LensOption("--blades", "N", "0 (round, the default) or 5 to 9", read_blades),
    "rotation": LensOption("--rotation", "DEGREES", "of the blades", read_number),
    "highlights": LensOption(
        "--highlights", "H", "0..1: how far clipped highlights are expanded", read_fraction
    ),
    "cats_eye": LensOption(
        "--cats-eye", "C", "0..1: how far discs narrow towards the corners", read_fraction
    ),
    "spherical": LensOption(
        "--spherical", "S", "-1 (soap bubbles) to 1 (creamy)", read_signed_fraction
    ),
}


def takes_lens(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of `LENS`; it gets what they set as its `lens`, fields of `Lens`.

    Typer reads a function's signature, so theirs take the place of `lens` in it.
    """

    @wraps(command)
    def with_options(**values: object) -> int:
        chosen = {name: values.pop(name) for name in LENS}
        return command(**values, lens=lens_fields(chosen))

    signature = inspect.signature(command)
    parameters = []
    for parameter in signature.parameters.values():
        parameters += LENS_PARAMETERS if parameter.name == "lens" else [parameter]
    with_options.__signature__ = signature.replace(parameters=parameters)
    with_options.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_options


def lens_fields(chosen: dict[str, float | None]) -> dict[str, float]:
    """The fields of `Lens` that were set; an aperture becomes its f-stop."""
    fields = {name: value for name, value in chosen.items() if value is not None}
    if {"aperture", "f_stop"} <= fields.keys():
        raise typer.BadParameter("--aperture and --f-stop say the same. Give one of them.")
    if "aperture" in fields:
        from autofocus.render import f_stop_of

        fields["f_stop"] = f_stop_of(fields.pop("aperture"))
    return fields


def option(name: str, metavar: str, text: str, **more: object):  # noqa: ANN201
    """An option with one value."""
    return typer.Option(name, metavar=metavar, help=text, show_default=False, **more)


def flag(name: str, text: str):  # noqa: ANN201
    """An option without a value."""
    return typer.Option(name, help=text, show_default=False)


LENS_PARAMETERS = [
    inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            float | None, option(one.name, one.metavar, one.text, parser=one.reader)
        ],
    )
    for name, one in LENS.items()
]
Photos = Annotated[list[str], typer.Argument(metavar="PHOTO", show_default=False)]
OnePhoto = Annotated[str, typer.Argument(metavar="PHOTO", show_default=False)]
OutputFile = Annotated[Path, option("--output", "FILE", "what to write")]
ModelVersion = Annotated[
    str | None, option("--version", "V", "a model of `autofocus versions` (not the program's)")
]
FocusOn = Annotated[
    object, option("--focus", "F", "auto (the default), 0..1 or X,Y", parser=read_focus)
]
DepthMap = Annotated[
    Path | None, option("--depth", "FILE", "a depth map to use instead of the network's")
]
Invert = Annotated[bool, flag("--invert", "nearest is darkest in the depth map")]
Correction = Annotated[
    Path | None, option("--correction", "FILE", "a grey PNG: 128 as it is, 255 sharp, 0 blurred")
]
SettingsFile = Annotated[Path | None, option("--settings", "FILE", "as downloaded from the page")]
KeepLocation = Annotated[bool, flag("--keep-location", "keep where the photo was taken")]
DryRun = Annotated[bool, flag("--dry-run", "show what would be uploaded, and stop")]
