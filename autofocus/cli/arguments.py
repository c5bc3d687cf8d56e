"""The parameters that commands share: their types, help texts and readers.

A value that means nothing is `typer.BadParameter`: wrong usage, exit status 2.
"""

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer

from autofocus.batch import values
from autofocus.batch.values import read_focus
from autofocus.errors import RequestError
from autofocus.lens.lens import Lens, f_stop_of
from autofocus.lens.parameters import spread


def parser(reader: Callable[[str], object]) -> Callable[[str], object]:
    """A reader of `batch.values` for Typer: what it refuses is wrong usage."""

    @wraps(reader)
    def read(text: str) -> object:
        try:
            return reader(text)
        except RequestError as error:
            raise typer.BadParameter(str(error)) from None

    return read


APERTURE = "as a fraction of the diagonal, e.g. 0.03"  # the f-stop, said in another way
METAVARS = {"rotation": "DEGREES", "f_stop": "N", "blades": "N"}  # else the option's first letter


def takes_lens(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command an option for each field of the lens but its focus.

    It gets what they set as its `lens`: fields of `Lens`.
    """
    return spread(command, LENS_PARAMETERS, lens_fields)


def lens_fields(chosen: dict[str, float | None]) -> dict[str, float]:
    """The fields of `Lens` that were set; an aperture becomes its f-stop."""
    given = {name: value for name, value in chosen.items() if value is not None}
    if {"aperture", "f_stop"} <= given.keys():
        raise typer.BadParameter("--aperture and --f-stop say the same. Give one of them.")
    if "aperture" in given:
        given["f_stop"] = f_stop_of(given.pop("aperture"))
    return given


def option(name: str, metavar: str, text: str, **more: object):  # noqa: ANN201
    """An option with one value."""
    return typer.Option(name, metavar=metavar, help=text, show_default=False, **more)


def flag(name: str, text: str):  # noqa: ANN201
    """An option without a value."""
    return typer.Option(name, help=text, show_default=False)


def lens_parameter(name: str, option_name: str, text: str) -> inspect.Parameter:
    """A field of the lens as a parameter of a command."""
    metavar = METAVARS.get(name, option_name[0].upper())
    flagged = "--" + option_name.replace("_", "-")
    asked = option(flagged, metavar, text, parser=parser(values.LENS[name]))
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=None, annotation=Annotated[float | None, asked])


LENS_PARAMETERS = [
    lens_parameter(field.name, field.metadata["option"] or field.name, field.metadata["text"])
    for field in fields(Lens)
    if field.name != "focus"
]
LENS_PARAMETERS.insert(1, lens_parameter("aperture", "aperture", APERTURE))
Photos = Annotated[list[str], typer.Argument(metavar="PHOTO", show_default=False)]
OnePhoto = Annotated[str, typer.Argument(metavar="PHOTO", show_default=False)]
OutputFile = Annotated[Path, option("--output", "FILE", "what to write")]
ModelVersion = Annotated[
    str | None, option("--version", "V", "a model of `autofocus versions` (not the program's)")
]
FocusOn = Annotated[
    object, option("--focus", "F", "auto (the default), 0..1 or X,Y", parser=parser(read_focus))
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
