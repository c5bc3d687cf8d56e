"""Stand-in."""

import os
from pathlib import Path

from autofocus.errors import PhotoError


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a file whole."""
    path = Path(path)
    temporary = path.with_name(f".{os.getpid()}{path.suffix}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise PhotoError(f"{path.name} cannot be written ({error.strerror}).") from error


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 file whole."""
    write_bytes(path, text.encode())
