"""What a visitor paints on the photo: places to be sharper or more blurred."""

import base64
from pathlib import Path

from autofocus.errors import AutoFocusError, RequestError
from autofocus.page.session import Scene
from autofocus.photo import read_correction

PREFIX = "data:image/png;base64,"
MOST_TEXT = 8_000_000  # characters; the browser's own is far below
NOT_READ = "What was painted cannot be read."


def png_of(address: str | None) -> bytes | None:
    """The PNG in a data URL from the viewer; None if nothing is painted.

    Raises:
        RequestError: it is not an 8-bit grey PNG.

    """
    if address is None:
        return None
    if not isinstance(address, str) or len(address) > MOST_TEXT or not address.startswith(PREFIX):
        raise RequestError(NOT_READ)
    try:
        png = base64.b64decode(address.removeprefix(PREFIX), validate=True)
    except ValueError as error:  # also of letters that are none of base64's
        raise RequestError(NOT_READ) from error
    try:
        read_correction(png)
    except AutoFocusError as error:
        raise RequestError(NOT_READ) from error
    return png


def write_png(scene: Scene, png: bytes) -> Path:
    """The correction as a file beside the settings."""
    file = scene.folder / f"{scene.name}.correction.png"
    file.write_bytes(png)
    return file
