"""Folders on this machine and in buckets, by one interface: pyarrow's file systems, or fsspec's."""

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
from fsspec.core import url_to_fs
from fsspec.utils import glob_translate
from pyarrow import fs

from autofocus.batch.outputs import is_photo_name, make_folder
from autofocus.errors import PhotoError, RequestError
from autofocus.files import atomic

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
MAGIC = re.compile(r"[*?[]")


@dataclass(frozen=True)
class Place:
    """A folder, here or in a bucket."""

    system: fs.FileSystem
    root: str  # within the file system
    name: str  # as the user wrote it

    @property
    def is_local(self) -> bool:
        """Whether plain paths lead to it."""
        return isinstance(self.system, fs.LocalFileSystem)

    def path(self, key: str) -> str:
        """Where a file of this place is, within the file system."""
        return f"{self.root}/{key}" if self.root else key

    def address(self, key: str) -> str:
        """What the user would call a file of this place."""
        return f"{self.name.rstrip('/')}/{key}"

    def sizes(self) -> dict[str, int]:
        """Every file below it, by its path relative to it, with its bytes; none if it is not there.

        Raises:
            RequestError: it cannot be listed.

        """
        selector = fs.FileSelector(self.root, allow_not_found=True, recursive=True)
        try:
            files = self.system.get_file_info(selector)
        except OSError as error:
            raise RequestError(f"{self.name} cannot be listed ({error}).") from error
        start = len(self.root) + 1 if self.root else 0
        return {file.path[start:]: file.size for file in files if file.is_file}

    def read(self, key: str) -> bytes:
        """A file's contents; OSError as the file system raises it."""
        with self.system.open_input_stream(self.path(key)) as stream:
            return stream.read()

    def exists(self, key: str) -> bool:
        """Whether there is such a file."""
        return self.system.get_file_info(self.path(key)).is_file

    def write(self, key: str, data: bytes) -> None:
        """Write a file whole or not at all, with the folders on the way to it.

        Raises:
            PhotoError: it cannot be written.

        """
        path = self.path(key)
        if self.is_local:
            make_folder(Path(path).parent)
            atomic.write_bytes(path, data)
            return
        try:
            self.system.create_dir(str(PurePosixPath(path).parent), recursive=True)
            with self.system.open_output_stream(path) as stream:  # appears when it is closed
                stream.write(data)
        except OSError as error:
            raise PhotoError(f"{self.address(key)} cannot be written ({error}).") from error

    def delete(self, key: str) -> None:
        """Delete a file, if it is there."""
        if self.exists(key):
            self.system.delete_file(self.path(key))


def open_place(name: str) -> Place:
    """The folder of this path or URI.

    Raises:
        RequestError: no file system that is installed knows such a URI.

    """
    if not ADDRESS.match(name):
        return Place(fs.LocalFileSystem(), os.path.abspath(name), name)
    try:
        system, root = fs.FileSystem.from_uri(name)
    except (pa.ArrowException, OSError, ValueError):
        system, root = open_by_fsspec(name)
    return Place(system, root.rstrip("/"), name)


def open_by_fsspec(name: str) -> tuple[fs.FileSystem, str]:
    """A file system that pyarrow does not know itself."""
    try:
        system, root = url_to_fs(name)
    except (ImportError, ValueError, OSError) as error:
        raise RequestError(f"{name} cannot be opened: {error}.") from error
    return fs.PyFileSystem(fs.FSSpecHandler(system)), root


def find_photos(name: str, without: Place) -> tuple[Place, list[str]]:
    """The place that a folder, a glob or a URI names, and the photos in it, sorted.

    Args:
        name: with `*`, `?`, `[…]` or `**` it is a glob; a folder stands for all photos below it.
        without: where the outputs go, which are not photos to be read.

    Raises:
        RequestError: there is none, or the outputs would go among the photos.

    """
    base, pattern = split_glob(name)
    place = open_place(base)
    together = type(place.system) is type(without.system)
    if together and place.root == without.root:
        raise RequestError("The outputs would go among the photos. Choose another output folder.")
    matches = re.compile(glob_translate(pattern)).match if pattern else is_photo_name_of
    keys = [
        key
        for key in place.sizes()
        if matches(key) and not (together and place.path(key).startswith(f"{without.root}/"))
    ]
    if not keys:
        raise RequestError(f"There is no photo in {name}.")
    return place, sorted(keys)


def split_glob(name: str) -> tuple[str, str]:
    """A name → the folder before its first wildcard, and the pattern from there on, if any."""
    parts = name.split("/")
    first = next((number for number, part in enumerate(parts) if MAGIC.search(part)), len(parts))
    if first == len(parts):
        return name, ""
    return "/".join(parts[:first]) or ("/" if first else "."), "/".join(parts[first:])


def is_photo_name_of(key: str) -> bool:
    """Whether a path ends in a photo's name."""
    return is_photo_name(key.rpartition("/")[2])
