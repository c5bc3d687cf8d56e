"""The parameters that commands share: their types, help texts and readers.

Every reader raises `typer.BadParameter` (wrong usage, exit status 2) with what was expected.
"""

import math
from pathlib import Path
from typing import Annotated

import typer

LONGEST_PULL = 60  # seconds
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


def read_positive(text: str) -> float:
    """A number above 0."""
    value = read_number(text)
    if value <= 0:
        raise typer.BadParameter(f"{text} is not above 0.")
    return value


def read_seconds(text: str) -> float:
    """How long a focus pull may take."""
    value = read_positive(text)
    if value > LONGEST_PULL:
        raise typer.BadParameter(f"{text} is more than {LONGEST_PULL} seconds.")
    return value


def read_blades(text: str) -> int:
    """0, or 5 to 9."""
    if text not in BLADES:
        raise typer.BadParameter(f"{text!r} is neither 0 (round) nor 5 to 9.")
    return int(text)


def option(name: str, metavar: str, text: str, **more: object):  # noqa: ANN201
    """An option with one value."""
    return typer.Option(name, metavar=metavar, help=text, show_default=False, **more)


def flag(name: str, text: str):  # noqa: ANN201
    """An option without a value."""
    return typer.Option(name, help=text, show_default=False)


Photos = Annotated[list[str], typer.Argument(metavar="PHOTO...", show_default=False)]
OnePhoto = Annotated[str, typer.Argument(metavar="PHOTO", show_default=False)]
OutputFile = Annotated[Path, option("--output", "FILE", "what to write")]
ModelVersion = Annotated[
    str | None, option("--version", "V", "a model of `autofocus versions` (not the program's)")
]
FocusOn = Annotated[
    object, option("--focus", "F", "auto (the default), 0..1 or X,Y", parser=read_focus)
]
Range = Annotated[
    float | None,
    option(
        "--range",
        "R",
        "0..1: depth that is sharp around the focus (default: what the subject fills)",
        parser=read_fraction,
    ),
]
Aperture = Annotated[
    float | None,
    option("--aperture", "A", "as a fraction of the diagonal, e.g. 0.03", parser=read_not_negative),
]
FStop = Annotated[
    float | None,
    option(
        "--f-stop",
        "N",
        "as on a lens (default: 2, or 4 where no subject is found)",
        parser=read_positive,
    ),
]
Blades = Annotated[
    int | None, option("--blades", "N", "0 (round, the default) or 5 to 9", parser=read_blades)
]
Rotation = Annotated[
    float | None, option("--rotation", "DEGREES", "of the blades", parser=read_number)
]
Highlights = Annotated[
    float | None,
    option(
        "--highlights", "H", "0..1: how much clipped highlights are expanded", parser=read_fraction
    ),
]
CatsEye = Annotated[
    float | None,
    option(
        "--cats-eye", "C", "0..1: how narrow discs are in the corners", parser=read_fraction
    ),
]
Spherical = Annotated[
    float | None,
    option(
        "--spherical",
        "S",
        "-1 (soap bubbles) to 1 (creamy): the brightness of discs at their rim",
        parser=read_signed_fraction,
    ),
]
DepthMap = Annotated[
    Path | None, option("--depth", "FILE", "a depth map to use instead of the network's")
]
Invert = Annotated[bool, flag("--invert", "nearest is darkest in the depth map")]
Correction = Annotated[
    Path | None,
    option("--correction", "FILE", "a grey PNG: 128 as it is, 255 sharp, 0 blurred"),
]
SettingsFile = Annotated[Path | None, option("--settings", "FILE", "as downloaded from the page")]
KeepLocation = Annotated[bool, flag("--keep-location", "keep where the photo was taken")]
DryRun = Annotated[bool, flag("--dry-run", "show what would be uploaded, and stop")]
