"""Example photos that come with installed packages and may be shown; none is in this repository."""

import base64
import importlib.util
from functools import cache
from pathlib import Path

import cv2

from autofocus.page.text import fill
from autofocus.photo import preview, read_photo, to_bytes

PHOTOS = {
    "skimage": ("data/chelsea.png", "data/astronaut.png", "data/coffee.png", "data/rocket.jpg"),
    "gradio": ("media_assets/images/lion.jpg", "media_assets/images/cheetah.jpg"),
}
WIDTH, HEIGHT = 180, 120  # of a thumbnail
QUALITY = 70  # of its WebP


@cache
def example_files() -> list[Path]:
    """The examples whose packages are installed here."""
    files = []
    for package, names in PHOTOS.items():
        spec = importlib.util.find_spec(package)
        if spec and spec.origin:
            files += [Path(spec.origin).parent / name for name in names]
    return [file for file in files if file.is_file()]


@cache
def examples() -> str:
    """A button for each example; the images are inside, so that they come with the page."""
    thumbnails = [(thumbnail(file), file.stem.capitalize()) for file in example_files()]
    return fill("examples.html", thumbnails=thumbnails, width=WIDTH, height=HEIGHT)


def thumbnail(file: Path) -> str:
    """The middle of a photo, small, as an address."""
    pixels = to_bytes(preview(read_photo(file).pixels, 2 * WIDTH))
    height, width = pixels.shape[:2]
    scale = max(WIDTH / width, HEIGHT / height)
    small = cv2.resize(
        pixels,
        (max(WIDTH, round(scale * width)), max(HEIGHT, round(scale * height))),
        interpolation=cv2.INTER_AREA,
    )
    top, left = (small.shape[0] - HEIGHT) // 2, (small.shape[1] - WIDTH) // 2
    middle = small[top : top + HEIGHT, left : left + WIDTH, ::-1]
    data = cv2.imencode(".webp", middle, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1].tobytes()
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"
