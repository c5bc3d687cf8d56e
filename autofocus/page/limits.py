"""What the operator allows, each as one variable of the environment, and what visitors are told."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from autofocus.errors import RequestError
from autofocus.photo import Photo, read_photo

MEGA = 10**6
LARGEST_UPLOAD = 200 * MEGA  # bytes of one file
LARGEST_BODY = 4 * MEGA  # bytes of what a browser says about an event
LARGEST_CALL = 40 * MEGA  # the same of an assistant, who sends the photo with it
UPLOAD_TIME = 600  # seconds that one upload may take
HOUR = 3600  # what the page promises
MANY = "Many people are here just now. Please try again in a minute."
FULL = "There is no room left for files just now. Please try again in a few minutes."
SLOW = "This upload took longer than ten minutes. Please try a smaller file."


@dataclass(frozen=True)
class Limits:
    """The bounds of one server; each has a sentence of its own for who meets it."""

    kept: float  # seconds that anything of a visitor is kept, an hour at most
    megapixels: int  # of a photo
    visitors: int  # at once
    queue: int  # events that wait, of all visitors
    waiting: int  # events that wait, of one visitor
    uploads: int  # at once
    disk: int  # bytes of all visitors' files
    frame_ancestors: str  # who may show the page in a frame, as CSP says it


@cache
def limits() -> Limits:
    """The limits that the environment sets; RequestError names a variable that means nothing."""
    return Limits(
        kept=number("AUTOFOCUS_KEPT", HOUR, 1, HOUR),
        megapixels=number("AUTOFOCUS_MAX_MEGAPIXELS", 64, 1, 1000),
        visitors=number("AUTOFOCUS_MAX_VISITORS", 100, 1, 100_000),
        queue=number("AUTOFOCUS_MAX_QUEUE", 100, 1, 100_000),
        waiting=10,
        uploads=number("AUTOFOCUS_MAX_UPLOADS", 10, 1, 1000),
        disk=number("AUTOFOCUS_MAX_DISK_MB", 8000, 1, 10**9) * MEGA,
        frame_ancestors=frame_ancestors(),
    )


def number(variable: str, default: int, least: int, most: int) -> int:
    """A whole number from the environment."""
    text = os.environ.get(variable) or str(default)
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise RequestError(f"{variable} is {text!r}. Set a whole number from {least} to {most}.")
    return int(text)


def frame_ancestors() -> str:
    """Who may show the page in a frame: itself, on a Space the Hub, or whom the operator names."""
    default = "'self' https://huggingface.co" if os.environ.get("SPACE_ID") else "'self'"
    text = os.environ.get("AUTOFOCUS_FRAME_ANCESTORS") or default
    if not text.isascii() or not text.isprintable() or set(text) & set(";,"):
        raise RequestError(
            "AUTOFOCUS_FRAME_ANCESTORS is a list of origins with spaces between them, such as "
            "\"'self' https://example.com\"."
        )
    return text


def read_upload(source: str | Path, enough: int | None = None) -> Photo:
    """A visitor's photo, as large as this server permits; else as `photo.read_photo`."""
    return read_photo(source, max_megapixels=limits().megapixels, enough=enough)
