"""What a visitor paints on the photo: places to be sharper or more blurred."""

import base64
from pathlib import Path

import cv2
import numpy as np

from autofocus.errors import AutoFocusError, RequestError
from autofocus.files.atomic import write_bytes
from autofocus.page.session import Scene
from autofocus.photo import correction_bytes, has_aspect, read_correction, resize

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


def read_painted(png: bytes | None) -> np.ndarray | None:
    """What is painted, h×w float32 in [-1, 1]; None if nothing is."""
    return read_correction(png) if png else None


def correction_for(scene: Scene, file: Path) -> np.ndarray:
    """The correction in a visitor's file, at the size of the scene's preview.

    Raises:
        PhotoError: it cannot be read.
        RequestError: it is not an 8-bit grey PNG, or its aspect is not the photo's.

    """
    correction = read_correction(file)
    if not has_aspect(correction, scene.size):
        size, own = (f"{width}×{height}" for height, width in (correction.shape, scene.size))
        raise RequestError(
            f"This correction is {size}, which is another aspect than the photo's {own}. "
            "Open the photo that it was painted on."
        )
    return resize(correction, scene.depth.shape)


def encode_correction(correction: np.ndarray) -> bytes:
    """A correction as the PNG that `read_correction` reads."""
    return cv2.imencode(".png", correction_bytes(correction))[1].tobytes()


def write_png(scene: Scene, png: bytes) -> Path:
    """The correction as a file beside the settings."""
    file = scene.folder / f"{scene.name}.correction.png"
    write_bytes(file, png)
    return file
