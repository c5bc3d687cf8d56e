"""Measure the live lens against `render` and against ray-traced truth, in a headless Chromium.

    python -m autofocus.evaluation.viewer ../shared/data/lens

For every image of every scene: PSNR of the browser's image against the truth, of `render`'s
against the truth, and of the one against the other; then of the browser's against `render`'s with
each effect of the lens, with strokes of the brush, and with all of that; and the time of a whole
frame while the focus is being dragged at 960×640 with circles of up to 20 pixels, as the lower
quartile and the median. Other work on the machine counts in: the load is printed too.
`--no-truth` leaves out the images. Needs Playwright (the extra `dev`).
"""

import argparse
import base64
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from autofocus.evaluation.image_quality import psnr
from autofocus.evaluation.lens import case_lens, ours
from autofocus.evaluation.lens_scenes import Case, read_cases
from autofocus.lens.lens import f_stop_of
from autofocus.photo import resize
from autofocus.render import Lens, correct, render
from autofocus.viewer import ViewerData, viewer_data, with_correction
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
FIELDS = ("photo", "front", "hidden", "maps", "correction")  # of the data, that are files
# Reading a pixel of the canvas waits until the frame is there.
DRAG = f"""async () => {{
  const viewer = {VIEWER}, {{ artist }} = viewer.schedule, {{ gl }} = viewer.lens, times = [];
  const draw = artist.draw;
  artist.draw = (work) => {{
    const before = performance.now(), more = draw(work);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    if (work.stale) times.push(performance.now() - before);
    return more;
  }};
  for (let k = 0; k < 40; k++) {{
    viewer.setFocus(0.1 + 0.02 * k);
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
  }}
  artist.draw = draw;
  return times;
}}"""
SPEED_SIZE, SPEED_CIRCLE = (640, 960), 20  # height and width; pixels
EFFECTS = {  # fields of the lens, and whether strokes are painted too
    "none": {},
    "focus range": {"focus_range": 0.2},
    "cat's eye": {"cats_eye": 1.0},
    "soap bubble": {"spherical": -1.0},
    "creamy": {"spherical": 1.0},
    "strokes": {"painted": True},
    "all": {"focus_range": 0.1, "cats_eye": 0.6, "spherical": -0.5, "painted": True},
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


def strokes(size: tuple[int, int]) -> np.ndarray:
    """Two broad strokes with soft rims across an image, sharp and blurred: H×W in [-1, 1]."""
    height, width = size
    x = np.linspace(0, 1, width, dtype=np.float32)
    sharp, blurred = (np.clip(2 - np.abs(x - at) / 0.05, 0, 1) for at in (0.3, 0.7))
    return np.tile(sharp - blurred, (height, 1))


def data_of(
    photo: np.ndarray, depth: np.ndarray, folder: Path, lens: Lens, painted: np.ndarray | None
) -> ViewerData:
    """A photo's data, nothing in it being salient."""
    data = viewer_data(photo, depth, np.zeros(depth.shape, np.float32), folder, lens)
    return with_correction(data, painted, folder, lens)


def frame_times(page: object, case: Case, folder: Path, effect: dict) -> np.ndarray:
    """Milliseconds of each frame while the focus moves."""
    fields = {**effect}
    painted = strokes(SPEED_SIZE) if fields.pop("painted", False) else None
    photo, depth = (resize(image, SPEED_SIZE) for image in (case.photo, case.depth))
    f_stop = f_stop_of(float(SPEED_CIRCLE / np.hypot(*SPEED_SIZE)))
    show(page, data_of(photo, depth, folder, Lens(f_stop=f_stop, **fields), painted))
    return np.array(page.evaluate(DRAG))


def likeness(page: object, case: Case, folder: Path, effect: dict) -> float:
    """PSNR of the viewer's image to `render`'s, with an effect, in dB."""
    fields = {**effect}
    painted = strokes(case.depth.shape) if fields.pop("painted", False) else None
    lens = replace(case_lens(case), **fields)
    show(page, data_of(case.photo, case.depth, folder, lens, painted))
    depth = case.depth if painted is None else correct(case.depth, painted, lens)
    return psnr(refined(page), render(case.photo, depth, lens))


def measure_effects(page: object, case: Case, folder: Path) -> None:
    """Print a table of the viewer to `render`, and of its speed, by effect."""
    print("| effect | viewer to render | ms a frame: quartile | median | load |")
    print("|---|---|---|---|---|")
    for name, effect in EFFECTS.items():
        same = likeness(page, case, folder, effect)
        times = frame_times(page, case, folder, effect)
        figures = [*np.percentile(times, (25, 50)), os.getloadavg()[0]]
        print(f"| {name} | {same:.2f} |", *(f"{figure:.0f} |" for figure in figures), flush=True)


def measure_cases(page: object, cases: list[Case], folder: Path) -> None:
    """Print a table of the viewer, `render` and the truth."""
    print("| image | viewer to truth | render to truth | viewer to render |\n|---|---|---|---|")
    rows = []
    for case in cases:
        show(page, data_of(case.photo, case.depth, folder, case_lens(case), None))
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
    parser.add_argument("--no-truth", action="store_true", help="only the effects")
    arguments = parser.parse_args()
    cases = read_cases(arguments.folder)
    with tempfile.TemporaryDirectory() as name, chromium() as page:
        folder = Path(name)
        if not arguments.no_truth:
            measure_cases(page, cases, folder)
        measure_effects(page, cases[0], folder)


if __name__ == "__main__":
    main()
