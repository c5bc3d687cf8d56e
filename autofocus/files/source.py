"""Where a photo's bytes come from, and one sentence for every reason why there are none."""

import codecs
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from pathlib import Path
from typing import BinaryIO

import cv2

from autofocus.errors import AutoFocusError, PhotoError

Source = str | Path | bytes | BinaryIO

ADVICE = "Try JPEG, PNG, WebP, HEIC or TIFF."
DAMAGED = (
    "This photo is damaged: the file ends early or its contents cannot be decoded. "
    "Try another copy of it."
)
LOOKS_LIKE = (  # how a file that is not a photo begins, and what it then is
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML file"),
    (b"<", "a web page"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"8BPS", "a Photoshop file"),
    (b"BM", "a BMP image"),
    (b"\x76\x2f\x31\x01", "an OpenEXR image"),
    (b"\xff\xd8\xff", "a damaged JPEG"),
    (b"\x89PNG", "a damaged PNG"),
)
# What decoders raise on a damaged file: they are many, and few agree. Only their calls are wrapped.
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, MemoryError, RuntimeError, TypeError,
    AttributeError, LookupError, ArithmeticError, struct.error, cv2.error, zlib.error,
    zipfile.BadZipFile, tokenize.TokenError,
)  # fmt: skip


@contextmanager
def decoder(sentence: str = DAMAGED) -> Iterator[None]:
    """Round the call of a decoder: whatever it raises becomes a PhotoError with this sentence."""
    try:
        yield
    except AutoFocusError:
        raise
    except DAMAGE as error:
        raise PhotoError(sentence) from error


def read_bytes(source: Source) -> bytes:
    """The contents of a path, bytes or a binary file; PhotoError says why there are none."""
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str | Path):
        data = read_path(Path(source))
    else:
        data = source.read()
    if not data:
        raise PhotoError(f"This file is empty. {ADVICE}")
    return data


def read_path(path: Path) -> bytes:
    """A file's contents; PhotoError for a folder, a missing or an unreadable file."""
    try:
        return path.read_bytes()
    except IsADirectoryError as error:
        raise PhotoError("This is a folder, not a photo. Name the photos in it.") from error
    except FileNotFoundError as error:
        raise PhotoError("There is no such file. Check the path.") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        reason = getattr(error, "strerror", None) or error
        raise PhotoError(f"This file cannot be opened ({reason}).") from error


def what_it_looks_like(data: bytes) -> str:
    """In brackets, what a file that is not a photo seems to be; empty if nobody can tell."""
    start = data[:512].lstrip().removeprefix(b"\xef\xbb\xbf")
    for beginning, name in LOOKS_LIKE:
        if start.lower().startswith(beginning.lower()):
            return f" (it looks like {name})"
    try:
        text, _ = codecs.utf_8_decode(start, "strict", False)  # the last letter may be cut
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else " (it looks like text)"


def not_a_photo(data: bytes) -> str:
    """The sentence for a file of no known format."""
    return f"This file is not a photo that can be read{what_it_looks_like(data)}. {ADVICE}"


def check_size(width: int, height: int, max_megapixels: float) -> None:
    """Refuse photos that are too large, or have no pixels, before they are decoded."""
    if not (is_side(width) and is_side(height)):
        raise PhotoError(DAMAGED)
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise PhotoError(
            f"This photo has {megapixels:.0f} megapixels ({width}×{height}); "
            f"at most {max_megapixels:g} can be used. Make it smaller first."
        )


def is_side(pixels: object) -> bool:
    """Whether a picture can be so many pixels wide; a damaged file may say several numbers."""
    return isinstance(pixels, Integral) and pixels > 0
