"""A settings file: what the page hands out and takes back, and the command line follows."""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

from autofocus.batch.refocusing import PHONE, Refocusing
from autofocus.batch.values import LENS, read_focus
from autofocus.errors import RequestError, SettingsError
from autofocus.focus import Focus, describe
from autofocus.lens.lens import Lens, f_stop_of

RANGE = "range"  # what the facts of a photo call the lens's focus_range
NETWORK = "network"  # as a depth map: none of the user's
# What a settings file may say that sets nothing here.
REMARKS = {"photo", "default_focus", "headline", "seconds", *describe(Focus(0, ""), (0, 0), "")}


def read_settings(file: Path, ignore: Callable[[str], None] = lambda _: None) -> Refocusing:
    """What a settings file sets; `ignore` is told the names in it that mean nothing.

    The names are the fields of `Lens` (`focus` as after --focus), `range`, `aperture` (an f-stop
    goes before it), `depth` and `correction` (files beside it), `invert` and `version`.

    Raises:
        SettingsError: it cannot be read, is not a JSON object, or a value means nothing.

    """
    values = {name: value for name, value in read_object(file).items() if value is not None}
    lens = read_lens(file, values)
    readers = {
        "focus": read_focus,
        "depth": lambda name: find_map(file.parent, name),
        "correction": lambda name: file.parent / name,
        "version": str,
    }
    others = {
        name: read(file, name, values.pop(name), reader)
        for name, reader in readers.items()
        if name in values
    }
    invert = values.pop("invert", False) is True
    for name in sorted(values.keys() - REMARKS):
        ignore(name)
    return Refocusing(lens=lens, invert=invert, **others)


def find_map(folder: Path, name: str) -> Path | None:
    """The depth map of this name: a file in a folder, the phone's, or none of the user's."""
    return {NETWORK: None, str(PHONE): PHONE}.get(name, folder / name)


def read_object(file: Path) -> dict:
    """The names and values of a JSON file; a byte order mark is no harm."""
    try:
        values = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{file}: This is not a settings file that can be read.") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{file}: This is not a settings file: it holds no names with values.")
    return values


def read_lens(file: Path, values: dict) -> dict[str, float]:
    """The fields of the lens in a settings file, but its focus; they are taken out of `values`."""
    if RANGE in values:
        values.setdefault("focus_range", values.pop(RANGE))
    aperture = values.pop("aperture", None)
    lens = {
        field.name: read(file, field.name, values.pop(field.name), LENS[field.name])
        for field in fields(Lens)
        if field.name in values and field.name != "focus"
    }
    if aperture is not None and "f_stop" not in lens:
        lens["f_stop"] = f_stop_of(read(file, "aperture", aperture, LENS["aperture"]))
    return lens


def read(file: Path, name: str, value: object, reader: Callable[[str], object]) -> object:
    """One value, read as an option's."""
    if isinstance(value, bool | list | dict):
        raise SettingsError(f"{file}: {name}: {json.dumps(value)[:40]} is not a number or a text.")
    try:
        return reader(str(value))
    except RequestError as error:
        raise SettingsError(f"{file}: {name}: {error}") from error
