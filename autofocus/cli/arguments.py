"""The parameters that commands share: their types, help texts and readers.

A value that means nothing is `typer.BadParameter`: wrong usage, exit status 2.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated

import typer

from autofocus.batch import values
from autofocus.batch.values import read_focus
from autofocus.errors import RequestError


def parser(reader: Callable[[str], object]) -> Callable[[str], object]:
    """A reader of `batch.values` for Typer: what it refuses is wrong usage."""

    @wraps(reader)
    def read(text: str) -> object:
        try:
            return reader(text)
        except RequestError as error:
            raise typer.BadParameter(str(error)) from None

    return read


@dataclass(frozen=True)
class LensOption:
    """An option that sets a field of `render.Lens`."""

    name: str
    metavar: str
    text: str


# By the names of `values.LENS`.
LENS = {
    "focus_range": LensOption(
        "--range",
        "R",
        "0..1: depth that is sharp around the focus (default: what the subject fills)",
    ),
    "aperture": LensOption("--aperture", "A", "as a fraction of the diagonal, e.g. 0.03"),
    "f_stop": LensOption(
        "--f-stop", "N", "as on a lens (default: 2, or 4 where no subject is found)"
    ),
    "blades": LensOption("--blades", "N", "0 (round, the default) or 5 to 9"),
    "rotation": LensOption("--rotation", "DEGREES", "of the blades"),
    "highlights": LensOption("--highlights", "H", "0..1: how far clipped highlights are expanded"),
    "cats_eye": LensOption("--cats-eye", "C", "0..1: how far discs narrow towards the corners"),
    "spherical": LensOption("--spherical", "S", "-1 (soap bubbles) to 1 (creamy)"),
}


def takes_lens(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options of `LENS`; it gets what they set as its `lens`, fields of `Lens`.

    Typer reads a function's signature, so theirs take the place of `lens` in it.
    """

    @wraps(command)
    def with_options(**given: object) -> int:
        chosen = {name: given.pop(name) for name in LENS}
        return command(**given, lens=lens_fields(chosen))

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
            float | None, option(one.name, one.metavar, one.text, parser=parser(values.LENS[name]))
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
