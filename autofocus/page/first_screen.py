"""The example that is open on the first screen.

Its maps were made once, by `python -m autofocus.page.first_screen`: nothing is predicted for it.
The photo is NASA's portrait of Eileen Collins, which is in the public domain, as scikit-image
ships it.
"""

import base64
import sys
import tempfile
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from autofocus.files.atomic import write_image
from autofocus.focus import choose_focus
from autofocus.page.visits import page_folder
from autofocus.photo import read_photo, to_bytes
from autofocus.render import Lens, render
from autofocus.viewer import ViewerData, viewer_data

FOLDER = Path(__file__).parent / "static" / "first"
ROWS = 384  # of 512: the photo is cropped to 4:3
BACK, FRONT = (0.82, 0.5), (0.44, 0.28)  # the focus is pulled from here to there, once
F_STOP = 1.4


def first_example() -> ViewerData:
    """The example for a viewer; its files stay as long as the server runs."""
    return example_in(page_folder())


@cache
def example_in(root: Path) -> ViewerData:
    """The example with its files in a new folder below `root`."""
    photo, depth, saliency = read_example()
    focus = choose_focus(depth, saliency)
    folder = Path(tempfile.mkdtemp(prefix="autofocus-", dir=root))
    return viewer_data(photo, depth, saliency, folder, Lens(focus=focus.depth, f_stop=F_STOP))


def read_example() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photo (H×W×3), depth and saliency (H×W), all float32 in [0, 1]."""
    photo = read_photo(FOLDER / "photo.webp").pixels
    maps = [
        cv2.imread(str(FOLDER / f"{name}.png"), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
        for name in ("depth", "saliency")
    ]
    return photo, *maps


def poster() -> str:
    """The example as it is in the end, as an address: it is there before anything is drawn."""
    data = base64.b64encode((FOLDER / "poster.webp").read_bytes()).decode()
    return f"data:image/webp;base64,{data}"


def make_example(version: str | None = None) -> None:
    """Predict the example by a version (the default one) and write its files."""
    import skimage.data

    from autofocus.versions.catalog import find_version
    from autofocus.versions.models import load_predictor

    photo = skimage.data.astronaut()[:ROWS]
    FOLDER.mkdir(exist_ok=True)
    write_webp(photo, "photo", 90)
    pixels = read_photo(FOLDER / "photo.webp").pixels
    maps = load_predictor(find_version(version))(pixels)
    for name in ("depth", "saliency"):
        write_map(getattr(maps, name), name)
    focus = choose_focus(maps.depth, maps.saliency).depth
    refocused = render(pixels, maps.depth, Lens(focus=focus, f_stop=F_STOP))
    write_webp(to_bytes(refocused), "poster", 75)


def write_webp(pixels: np.ndarray, name: str, quality: int) -> None:
    """H×W×3 uint8 as WebP."""
    write_image(FOLDER / f"{name}.webp", pixels[..., ::-1], cv2.IMWRITE_WEBP_QUALITY, quality)


def write_map(values: np.ndarray, name: str) -> None:
    """H×W in [0, 1] as an 8-bit grey PNG."""
    write_image(FOLDER / f"{name}.png", to_bytes(values), cv2.IMWRITE_PNG_COMPRESSION, 9)


if __name__ == "__main__":
    make_example(*sys.argv[1:])
