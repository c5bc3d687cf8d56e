"""Measure how long a 12 MP photo takes from its drop on the page to the first refocused frame.

    python -m autofocus.evaluation.drop
    python -m autofocus.evaluation.drop PHOTO --rounds 9

The page is served as `autofocus serve` does, and opened in a headless Chromium whose graphics are
computed on the same cores; a photo is given to its file input again and again, warm: when the photo
before has all its detail, and while it is still being refined. Beside it, in turns, the maps of the
same file alone, in this process. Needs Playwright (the extra `dev`).
"""

import argparse
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np

from autofocus.evaluation.benchmark import MEGAPIXELS, PROGRAM, draw_photo, ours
from autofocus.evaluation.viewer import PATIENCE, VIEWER, chromium
from autofocus.photo import write_photo
from autofocus.predict import pick_device
from autofocus.versions.catalog import find_version

INPUT = "#upload input[type=file]"
DRAWN = f"before => {VIEWER}?.shown && {VIEWER}.shown !== before && !{VIEWER}.schedule.stale"
# Reading a pixel waits until the graphics have computed the frame.
READ = f"""() => {{
  const {{ gl }} = {VIEWER}.lens;
  gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
}}"""


@contextmanager
def served_page() -> Iterator[str]:
    """The address of the page, served by a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port)}
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    server = subprocess.Popen([*PROGRAM, "serve"], env=environment | place)  # noqa: S603
    address = f"http://127.0.0.1:{port}/"
    try:
        wait_for(address, server)
        yield address
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str, server: subprocess.Popen) -> None:
    """Return once the address is answered; RuntimeError if its server ends before."""
    while server.poll() is None:
        try:
            urlopen(address, timeout=10).close()  # noqa: S310
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("The page's server did not start: its reason is printed above.")


def seconds_until_drawn(page: object, photo: Path) -> float:
    """Drop a photo → seconds until the page has drawn its first refocused frame."""
    before = page.evaluate(f"{VIEWER}?.shown ?? null")
    began = time.perf_counter()
    page.locator(INPUT).set_input_files(photo)
    page.wait_for_function(DRAWN, arg=before, timeout=PATIENCE)
    page.evaluate(READ)
    return time.perf_counter() - began


def seconds_of(function: Callable[[], object]) -> float:
    """Seconds that a function takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def measure(page: object, photo: Path, rounds: int) -> None:
    """Print a table in Markdown: medians and ranges, after a drop to warm up."""
    maps = ours(find_version().name, photo, pick_device())
    maps(), seconds_until_drawn(page, photo)
    alone, rested, busy = [], [], []
    for _ in range(rounds):
        page.wait_for_function(f"{VIEWER}.finished", timeout=PATIENCE)
        alone.append(seconds_of(maps))
        rested.append(seconds_until_drawn(page, photo))
        page.wait_for_function(f"{VIEWER}.value.front", timeout=PATIENCE)
        busy.append(seconds_until_drawn(page, photo))
    print("| what | seconds: median, range |\n|---|---|")
    print(f"| drop to first refocused frame, the photo before is finished | {spread(rested)} |")
    print(f"| the same, the photo before is still being refined | {spread(busy)} |")
    print(f"| file to both maps alone | {spread(alone)} |")


def spread(seconds: list[float]) -> str:
    """Their median and their range."""
    return f"{np.median(seconds):.2f} ({min(seconds):.2f} to {max(seconds):.2f})"


def main() -> None:
    """Print the table for one photo, or a drawn one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photo", type=Path, nargs="?", help="default: one of 12 MP is drawn")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served_page() as address, chromium() as page:
        photo = options.photo
        if photo is None:
            write_photo(draw_photo(MEGAPIXELS), photo := Path(folder) / "photo.jpg")
        page.goto(address)
        page.wait_for_function("window.autofocus?.page")
        measure(page, photo, options.rounds)


if __name__ == "__main__":
    main()
