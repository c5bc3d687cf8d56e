"""Example photos that come with installed packages and may be shown; none is in this repository."""

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np

from autofocus.photo import preview, read_photo, to_bytes

PHOTOS = {
    "skimage": ("data/chelsea.png", "data/astronaut.png", "data/coffee.png", "data/rocket.jpg"),
    "gradio": ("media_assets/images/lion.jpg", "media_assets/images/cheetah.jpg"),
}
THUMBNAIL = 320  # pixels of the long side


@cache
def example_files() -> list[Path]:
    """The examples whose packages are installed here."""
    files = []
    for package, names in PHOTOS.items():
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            files += [Path(spec.origin).parent / name for name in names]
    return [file for file in files if file.is_file()]


def thumbnails() -> list[tuple[np.ndarray, str]]:
    """Each example, small (H×W×3 uint8), with its name for screen readers."""
    return [
        (to_bytes(preview(read_photo(file).pixels, THUMBNAIL)), file.stem.capitalize())
        for file in example_files()
    ]
