"""Measure the live lens against `render` and against ray-traced truth, in a headless Chromium.

    python -m autofocus.evaluation.viewer ../shared/data/lens

For every picture of every scene: PSNR of the browser's picture against the truth, of `render`'s
against the truth, and of the one against the other; then the time of a frame while the focus is
being dragged at 960×640 with circles of up to 20 pixels. Needs Playwright (the extra `dev`).
"""

import argparse
import base64
import io
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from autofocus.evaluation.lens import lens_of, ours
from autofocus.evaluation.lens_scenes import Case, read_cases
from autofocus.evaluation.pictures import psnr
from autofocus.viewer import ViewerData, viewer_data
from autofocus.viewer.component import script, text

FLAGS = [  # WebGL 2 in software
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--no-sandbox",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 600_000  # milliseconds for a finished picture
VIEWER = "window.autofocus.viewers.main"
DRAG = f"""async () => {{
  const viewer = {VIEWER}, times = [];
  for (let k = 0; k < 40; k++) {{
    viewer.setFocus(0.1 + 0.02 * k);
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    times.push(viewer.lens.frameTime);
  }}
  return times.sort((a, b) => a - b)[20];
}}"""
SPEED_SIZE, SPEED_CIRCLE = (640, 960), 20  # height and width; pixels


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a folder while it is being served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@contextmanager
def chromium() -> Iterator[object]:
    """A page in a headless browser."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser.new_page()
        browser.close()


def write_page(value: ViewerData, folder: Path) -> None:
    """An `index.html` with nothing but the viewer, without Gradio."""
    props = value.model_dump()
    for file in (props[name] for name in ("photo", "front", "hidden", "maps")):
        file["url"] = Path(file["path"]).name
    stand_in = (
        "const element = document.querySelector('#viewer'), trigger = () => {}, watch = trigger;"
        f"const props = {{ value: {json.dumps(props)} }};"
    )
    (folder / "index.html").write_text(
        f'<div id="viewer">{text("viewer.html")}</div>'
        f'<script type="module">{stand_in}\n{script("main")}</script>',
        encoding="utf-8",
    )


def show(page: object, address: str, case: Case, folder: Path) -> None:
    """Open a case in the viewer."""
    saliency = np.zeros(case.depth.shape, np.float32)
    write_page(viewer_data(case.photo, case.depth, saliency, folder, lens_of(case)), folder)
    page.goto(f"{address}/index.html")
    page.wait_for_function(f"{VIEWER}?.scene")


def finished(page: object) -> np.ndarray:
    """The viewer's picture with all its detail, H×W×3 in [0, 1]."""
    page.wait_for_function(f"{VIEWER}.finished", timeout=PATIENCE)
    data = page.evaluate(f"{VIEWER}.canvas.toDataURL('image/png')").split(",")[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")) / 255


def frame_time(page: object, address: str, case: Case, folder: Path) -> float:
    """Median milliseconds of a frame while the focus moves."""
    height, width = SPEED_SIZE
    photo, depth = (cv2.resize(x, (width, height)) for x in (case.photo, case.depth))
    aperture = SPEED_CIRCLE / np.hypot(*SPEED_SIZE)
    moved = Case(case.name, photo, depth, photo, 0.5, float(aperture), 0, 0.0)
    show(page, address, moved, folder)
    return page.evaluate(DRAG)


def main() -> None:
    """Print a table for a folder of scenes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="scenes, or one scene")
    cases = read_cases(parser.parse_args().folder)
    print("| picture | viewer to truth | render to truth | viewer to render |\n|---|---|---|---|")
    rows = []
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as address, chromium() as page:
        for case in cases:
            show(page, address, case, Path(name))
            live, reference = finished(page), ours(case, None)
            row = psnr(live, case.truth), psnr(reference, case.truth), psnr(live, reference)
            rows.append(row)
            print(f"| {case.name} | {row[0]:.2f} | {row[1]:.2f} | {row[2]:.2f} |", flush=True)
        time = frame_time(page, address, cases[0], Path(name))
    means = np.mean(rows, axis=0)
    print(f"| mean | {means[0]:.2f} | {means[1]:.2f} | {means[2]:.2f} |")
    print(f"A frame while dragging, 960×640, circles of {SPEED_CIRCLE} px: {time:.0f} ms")


if __name__ == "__main__":
    main()
