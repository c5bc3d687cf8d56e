"""The page's settings file, which the command line takes as well."""

import argparse
import json
from pathlib import Path

from autofocus.cli.main import (
    blades_argument,
    depth_argument,
    not_negative,
    number,
    positive,
    share,
)
from autofocus.errors import SettingsError

READERS = {  # what a settings file may set, and how it is read; other names are ignored
    "focus": depth_argument,
    "f_stop": positive,
    "aperture": not_negative,
    "blades": blades_argument,
    "rotation": number,
    "highlights": share,
    "version": str,
}


def read_settings(file: Path) -> dict:
    """What a settings file sets, by the names of `READERS`.

    An f-stop and an aperture say the same; the f-stop is taken.

    Raises:
        SettingsError: it cannot be read, is no JSON object, or a value means nothing.

    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: This is no settings file that can be read.") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{file}: This is no settings file: it holds no names with values.")
    chosen = {name: read(file, name, found[name]) for name in READERS if name in found}
    if "f_stop" in chosen:
        chosen.pop("aperture", None)
    return chosen


def read(file: Path, name: str, value: object) -> object:
    """One value, as the command line reads it."""
    try:
        return READERS[name](str(value))
    except argparse.ArgumentTypeError as error:
        raise SettingsError(f"{file}: {name}: {error}.") from error


def fill(arguments: argparse.Namespace) -> argparse.Namespace:
    """The arguments, what they leave open taken from their settings file, if they name one."""
    if arguments.settings is None:
        return arguments
    chosen = read_settings(arguments.settings)
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    if {"aperture", "f_stop"} & given.keys():
        chosen.pop("aperture", None)
        chosen.pop("f_stop", None)
    return argparse.Namespace(**vars(arguments) | chosen | given)
