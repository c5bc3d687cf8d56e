"""Every write of the project: a temporary file beside the target, then a rename.

A write that fails (a full disk, an encoder's error) leaves the old file whole and nothing else.
"""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from autofocus.errors import PhotoError

LONGEST_SUFFIX = 16  # of a temporary file; encoders take the format from it


@contextmanager
def replace_file(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to; it takes the place of `path` if the block ends well.

    It has the suffix of `path`, whose folder must exist. Devices and pipes are written directly.

    Raises:
        PhotoError: the system refuses to write; the message names the file and says why.

    """
    path = Path(path)
    if "\0" in str(path):
        raise PhotoError("This file cannot be written (its name has a null byte).")
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        target = path.resolve()  # a link stays a link
        temporary = target.with_name(
            f".{secrets.token_hex(8)}{target.suffix[:LONGEST_SUFFIX].lower()}"
        )
        try:
            yield temporary
            if target.exists():
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise PhotoError(f"{path.name} cannot be written ({error.strerror or error}).") from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all; PhotoError as `replace_file`."""
    with replace_file(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all; PhotoError as `replace_file`."""
    write_bytes(path, text.encode())


def write_image(path: str | Path, pixels: np.ndarray, *options: int) -> None:
    """Write an image without metadata whole or not at all; PhotoError as `replace_file`.

    `cv2.imwrite` reports no failed write.

    Args:
        path: its suffix names the format.
        pixels: H×W grey, H×W×3 BGR or H×W×4 BGRA; uint8, or uint16 for a PNG.
        options: OpenCV's, in pairs of name and value.

    """
    write_bytes(path, cv2.imencode(Path(path).suffix, pixels, options)[1].tobytes())
