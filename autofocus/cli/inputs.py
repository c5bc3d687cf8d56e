"""What a photo may be called on the command line, and where its result goes."""

import os
import re
import sys
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path

from autofocus.batch.outputs import free_stem, is_photo_name, make_folder, photo_suffix
from autofocus.errors import PhotoError, RequestError
from autofocus.photo import Photo, format_of, read_photo

STANDARD = "-"  # input or output
STANDARD_INPUT, STANDARD_OUTPUT = "standard input", "standard output"
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
BEGINNINGS = {b"\x89PNG": ".png", b"RIFF": ".webp", b"II*\0": ".tif", b"MM\0*": ".tif"}


@dataclass(frozen=True)
class Source:
    """A photo that was named, and its file's contents where it is standard input."""

    name: str
    data: bytes | None = None

    @property
    def stem(self) -> str:
        """What its results are called."""
        return "photo" if self.data is not None else Path(self.name).stem

    @property
    def suffix(self) -> str:
        """How its refocused photo ends where nobody says."""
        if self.data is None:
            return photo_suffix(self.name)
        return BEGINNINGS.get(self.data[:4], ".jpg")

    def read(self, enough: int | None = None) -> Photo:
        """The photo, as `read_photo`; PhotoError if it is not one, or an address on the web."""
        if self.data is not None:
            return read_photo(self.data, enough=enough)
        if ADDRESS.match(self.name):
            raise PhotoError("This is an address. Download the photo, then name its file.")
        try:
            return read_photo(Path(self.name), enough=enough)
        except OSError as error:  # of the folders on the way to it
            raise PhotoError(f"This file cannot be opened ({error.strerror}).") from error


def expand(names: list[str]) -> list[Source]:
    """The photos that names stand for: folders and wildcards, sorted, and standard input.

    What stands for nothing is kept as it is, so that reading it says why.
    """
    return [source for name in names for source in sources(name)]


def sources(name: str) -> list[Source]:
    """The photos that one name stands for."""
    if name == STANDARD:
        return [Source(STANDARD_INPUT, sys.stdin.buffer.read())]
    if os.path.isdir(name):
        paths = photos_in(name)
    elif has_magic(name) and not os.path.lexists(name):
        paths = sorted(path for path in glob(name, recursive=True) if os.path.isfile(path))
    else:
        paths = []
    return [Source(path) for path in paths or [name]]


def photos_in(folder: str) -> list[str]:
    """The files in a folder that are called like photos, sorted; none if it cannot be read."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names if is_photo_name(name)]


@dataclass(frozen=True)
class Target:
    """Where refocused photos go: one file, a folder, or standard output."""

    file: Path | None = None
    folder: Path | None = None
    overwrite: bool = False

    def path_for(self, source: Source) -> Path | None:
        """The file to write for a photo; None for standard output."""
        if self.folder is None:
            return self.file
        suffix = source.suffix
        stem = source.stem if self.overwrite else free_stem(self.folder, source.stem, (suffix,))
        return self.folder / f"{stem}{suffix}"


def find_target(output: str, photos: list[Source], overwrite: bool = False) -> Target:
    """What an --output means for these photos, checked before any work.

    Raises:
        RequestError: several photos would go into one file, or the folder cannot be made.
        PhotoError: the file's suffix is not one of a supported format.

    """
    if output == STANDARD and len(photos) == 1:
        if sys.stdout.isatty():
            raise RequestError("The photo would go to the terminal. Redirect it into a file.")
        return Target()
    if output.endswith(("/", os.sep)) or os.path.isdir(output):
        make_folder(Path(output))
        return Target(folder=Path(output), overwrite=overwrite)
    if len(photos) > 1:
        raise RequestError(f"Several photos need a folder as output: --output {output}/")
    format_of(Path(output))
    make_folder(Path(output).parent)
    return Target(Path(output), overwrite=overwrite)


def refuse_inputs(
    output: Path, inputs: list[str | Path | None], advice: str = "Choose another --output."
) -> None:
    """RequestError, with advice, if a file to be written is one that is read."""
    for path in inputs:
        if path is not None and is_same_file(output, path):
            raise RequestError(f"{output} is read for this. {advice}")


def is_same_file(one: str | Path, other: str | Path) -> bool:
    """Whether two paths lead to one file that is there, by whatever links."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
