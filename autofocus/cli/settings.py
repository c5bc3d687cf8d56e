"""What the command's options leave open, a settings file may set."""

import sys
from pathlib import Path

from autofocus.batch.refocusing import Refocusing
from autofocus.batch.settings import read_settings


def fill(given: Refocusing, file: Path | None) -> Refocusing:
    """What was given on the command line, and what that leaves open from a settings file, if any.

    A range belongs to its focus: the file's does not count for another focus.

    Raises:
        SettingsError: as `read_settings`.

    """
    if file is None:
        return given
    saved = read_settings(file, lambda name: say_ignored(file, name))
    lens, focus = dict(saved.lens), saved.focus
    if given.focus is not None:
        focus = given.focus
        lens.pop("focus_range", None)
    return Refocusing(
        focus,
        lens | given.lens,
        given.depth or saved.depth,
        given.invert or (saved.invert and given.depth is None),
        given.correction or saved.correction,
        given.version or saved.version,
    )


def say_ignored(file: Path, name: str) -> None:
    """A name in a settings file means nothing here."""
    print(f"{file}: {name[:40]!r} is not a setting and is ignored.", file=sys.stderr)
