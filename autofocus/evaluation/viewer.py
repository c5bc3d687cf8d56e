"""Measure the live lens against `render` and against ray-traced truth, in a headless Chromium.

    python -m autofocus.evaluation.viewer ../shared/data/lens

For every image of every scene: PSNR of the browser's image against the truth, of `render`'s
against the truth, and of the one against the other; then the same for each effect of the lens
(focus range, cat's eye, spherical aberration), and the time of a frame while the focus is being
dragged at 960×640 with circles of up to 20 pixels. Needs Playwright (the extra `dev`).
"""

import argparse
import base64
import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from autofocus.evaluation.lens import case_lens, ours
from autofocus.evaluation.lens_scenes import Case, read_cases
from autofocus.evaluation.pictures import psnr
from autofocus.lens.lens import f_stop_of
from autofocus.render import Lens, render
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
PATIENCE = 600_000  # milliseconds for a finished image
ADDRESS = "http://viewer.test"  # answered by the browser's driver: nothing is looked up or sent
VIEWER = "window.autofocus.viewers.main"
FIELDS = ("photo", "front", "hidden", "maps")  # of the data, that are files
DRAG = f"""async () => {{
  const viewer = {VIEWER}, times = [];
  for (let k = 0; k < 40; k++) {{
    viewer.setFocus(0.1 + 0.02 * k);
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    times.push(viewer.exposure.frameTime);
  }}
  return times.sort((a, b) => a - b)[20];
}}"""
SPEED_SIZE, SPEED_CIRCLE = (640, 960), 20  # height and width; pixels
EFFECTS = {
    "focus range": {"focus_range": 0.2},
    "cat's eye": {"cats_eye": 1.0},
    "soap bubble": {"spherical": -1.0},
    "creamy": {"spherical": 1.0},
}


@contextmanager
def chromium() -> Iterator[object]:
    """A page in a headless browser."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser.new_page()
        browser.close()


def with_urls(value: ViewerData) -> dict:
    """The data as JavaScript gets it, its files under `ADDRESS`."""
    props = value.model_dump()
    for data in filter(None, (props, props["tile"])):
        for file in filter(None, (data[name] for name in FIELDS)):
            file["url"] = f"{ADDRESS}/{Path(file['path']).name}"
    return props


def page_html(value: ViewerData) -> str:
    """A page with nothing but the viewer, without Gradio; it notes what is triggered."""
    stand_in = (
        "const element = document.querySelector('#viewer'), watch = () => {};"
        "window.triggered = [];"
        "const trigger = (what, data) => window.triggered.push([what, data]);"
        f"const props = {{ value: {json.dumps(with_urls(value))} }};"
    )
    style = f"#viewer {{ {text('viewer.css')} }}"
    return (
        f'<!doctype html><title>Viewer</title><style>{style}</style><div id="viewer">'
        f'{text("viewer.html")}</div><script type="module">{stand_in}\n{script("main")}</script>'
    )


def show(page: object, value: ViewerData) -> None:
    """Open a photo in the viewer; its files are read from where they lie."""
    folder = Path(value.photo.path).parent
    page.route(f"{ADDRESS}/**", lambda route: answer(route, value, folder))
    page.goto(f"{ADDRESS}/")
    page.wait_for_function(f"window.autofocus?.viewers?.main?.{'scene' if value.maps else 'run'}")


def answer(route: object, value: ViewerData, folder: Path) -> None:
    """Serve the page and the folder's files."""
    name = route.request.url.rsplit("/", 1)[1]
    if name:
        route.fulfill(body=(folder / name).read_bytes())
    else:
        route.fulfill(body=page_html(value), content_type="text/html; charset=utf-8")


def canvas_of(page: object) -> np.ndarray:
    """What the viewer shows, H×W×3 in [0, 1]."""
    data = page.evaluate(f"{VIEWER}.canvas.toDataURL('image/png')").split(",")[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")) / 255


def refined(page: object) -> np.ndarray:
    """The viewer's image with all its detail, H×W×3 in [0, 1]."""
    page.wait_for_function(f"{VIEWER}.finished", timeout=PATIENCE)
    return canvas_of(page)


def without_subject(photo: np.ndarray, depth: np.ndarray, folder: Path, lens: Lens) -> ViewerData:
    """A photo's data, nothing in it being salient."""
    return viewer_data(photo, depth, np.zeros(depth.shape, np.float32), folder, lens)


def frame_time(page: object, case: Case, folder: Path, effect: dict) -> float:
    """Median milliseconds of a frame while the focus moves."""
    height, width = SPEED_SIZE
    photo, depth = (cv2.resize(x, (width, height)) for x in (case.photo, case.depth))
    f_stop = f_stop_of(float(SPEED_CIRCLE / np.hypot(*SPEED_SIZE)))
    show(page, without_subject(photo, depth, folder, Lens(f_stop=f_stop, **effect)))
    return page.evaluate(DRAG)


def measure_effects(page: object, case: Case, folder: Path) -> None:
    """Print a table of the viewer to `render`, and of its speed, by effect."""
    print("| effect | viewer to render | ms a frame |\n|---|---|---|")
    for name, effect in EFFECTS.items():
        lens = replace(case_lens(case), **effect)
        show(page, without_subject(case.photo, case.depth, folder, lens))
        same = psnr(refined(page), render(case.photo, case.depth, lens))
        time = frame_time(page, case, folder, effect)
        print(f"| {name} | {same:.2f} | {time:.0f} |", flush=True)


def measure_cases(page: object, cases: list[Case], folder: Path) -> None:
    """Print a table of the viewer, `render` and the truth."""
    print("| image | viewer to truth | render to truth | viewer to render |\n|---|---|---|---|")
    rows = []
    for case in cases:
        show(page, without_subject(case.photo, case.depth, folder, case_lens(case)))
        live, reference = refined(page), ours(case, None)
        row = psnr(live, case.truth), psnr(reference, case.truth), psnr(live, reference)
        rows.append(row)
        print(f"| {case.name} | {row[0]:.2f} | {row[1]:.2f} | {row[2]:.2f} |", flush=True)
    means = np.mean(rows, axis=0)
    print(f"| mean | {means[0]:.2f} | {means[1]:.2f} | {means[2]:.2f} |")


def main() -> None:
    """Print the tables for a folder of scenes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="scenes, or one scene")
    cases = read_cases(parser.parse_args().folder)
    with tempfile.TemporaryDirectory() as name, chromium() as page:
        folder = Path(name)
        measure_cases(page, cases, folder)
        measure_effects(page, cases[0], folder)
        time = frame_time(page, cases[0], folder, {})
    print(f"A frame while dragging, 960×640, circles of {SPEED_CIRCLE} px: {time:.0f} ms")


if __name__ == "__main__":
    main()
