"""The brush and the tiles on the page: what is painted, undone, downloaded and loaded again."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from autofocus.page.controls import F_STOPS
from tests.browser.touch import Fingers
from tests.browser.visitor import CANVAS, PATIENCE, VIEWER, eventually

SIZES = {"mouse": (1440, 900), "touch": (390, 844)}
WIDTH, HEIGHT = 180, 120
# The photo is far in its left half and near, and in focus, in its right half.
LEFT, RIGHT = ((0.25, 0.35), (0.25, 0.65)), ((0.75, 0.35), (0.75, 0.65))
BRUSH = 0.08 * WIDTH / 2  # pixels that it reaches
BLUR = 6  # pixels of the largest circle at f/2
NOISE = 0.006  # mean difference of two pictures of the same: the lens takes samples
ENOUGH = 64  # samples: detail beyond them says nothing here
DRAG = """async () => {
  const input = document.querySelector('#focus input[type=range]');
  for (let k = 0; k <= 10; k++) {
    input.value = 1 - 0.02 * k;
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await new Promise((next) => setTimeout(next, 50));
  }
}"""


@pytest.fixture(scope="module")
def halves(tmp_path_factory):
    """A photo of fine squares in two like colours, and its depth map: far and near."""
    folder = tmp_path_factory.mktemp("halves")
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    squares = np.where((x // 2 + y // 2) % 2, 125, 100).astype(np.uint8)
    Image.fromarray(np.dstack([squares] * 3)).save(folder / "halves.png")
    Image.fromarray(np.uint16(65535 * (x >= WIDTH // 2))).save(folder / "depth.png")
    return folder


@pytest.fixture
def open_halves(visit, halves):
    """Opens the photo with its map, focused on what is near."""

    def open_with_map(size, **options):
        visitor = visit(*size, **options)
        visitor.open(halves / "halves.png")
        before = visitor.photo_shown()
        visitor.more()
        custom = visitor.page.get_by_test_id("Use a custom depth map-upload-button")
        shift = visitor.page.evaluate("window.layoutShift")
        custom.set_input_files(halves / "depth.png")
        visitor.page.wait_for_function(
            f"{VIEWER}.value.run !== '{before}' && {VIEWER}.shown === {VIEWER}.value.run",
            timeout=PATIENCE,
        )
        # The choice of depth maps was asked for, so that what is below it may move.
        visitor.page.evaluate("shift => { window.layoutShift = shift }", shift)
        visitor.press("End")
        visitor.press("End", "f-stop")
        for _ in F_STOPS[F_STOPS.index(2) + 1 :]:
            visitor.press("ArrowLeft", "f-stop")
        expect(visitor.page.locator("#f-number")).to_have_text("f/2")
        return visitor

    return open_with_map


def paint(visitor, how, tool, way):
    """One stroke, by the pointer of that kind; returns when the server has it."""
    tools = visitor.page.get_by_role("toolbar", name="Brush")
    if not tools.is_visible():
        visitor.page.locator("#brush").click()
    tools.get_by_role("button", name=tool, exact=True).click()
    if how == "touch":
        Fingers(visitor.page, CANVAS).drag(way)
        return
    visitor.page.locator(CANVAS).scroll_into_view_if_needed()
    box = visitor.page.locator(CANVAS).bounding_box()
    (x, y), (right, bottom) = [
        (box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in way
    ]
    visitor.page.mouse.move(x, y)
    visitor.page.mouse.down()
    visitor.page.mouse.move(right, bottom, steps=6)
    visitor.page.mouse.up()


def act(visitor, name):
    visitor.page.get_by_role("toolbar", name="Brush").get_by_role("button", name=name).click()


def seen(visitor):
    """The refocused picture, H×W×3 in [0, 1], as soon as it has enough samples."""
    visitor.select("refocused")
    enough = f"{VIEWER}.exposure.taken >= {ENOUGH} && {VIEWER}.schedule.isIdle"
    visitor.page.wait_for_function(enough, timeout=PATIENCE)
    return visitor.canvas()


def around(way, reach):
    """H×W: whether a pixel lies within so many pixels of a stroke that goes straight down."""
    (x, top), (_, bottom) = way
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    beyond = np.maximum(top * HEIGHT - rows, rows - bottom * HEIGHT).clip(0)
    return np.hypot(columns - x * WIDTH, beyond) <= reach


def change(picture, other, where):
    """Mean difference of two pictures in a part of them."""
    return float(np.abs(picture - other).mean(axis=2)[where].mean())


@pytest.mark.parametrize("how", SIZES)
def test_strokes_change_what_they_touch_and_nothing_else(open_halves, how):
    visitor = open_halves(SIZES[how], has_touch=how == "touch")
    photo, before = visitor.pixels("photo"), seen(visitor)
    beyond = ~(around(LEFT, BRUSH + BLUR + 3) | around(RIGHT, BRUSH + BLUR + 3))
    focus = visitor.focus()

    paint(visitor, how, "Sharp", LEFT)
    sharp = seen(visitor)
    on_left, on_right = around(LEFT, BRUSH / 3), around(RIGHT, BRUSH / 3)
    assert change(before, photo, on_left) > 4 * NOISE > 4 * change(sharp, photo, on_left)
    assert change(sharp, before, on_right | beyond) < NOISE

    paint(visitor, how, "Blurred", RIGHT)
    both = seen(visitor)
    assert change(both, photo, on_right) > 4 * NOISE
    assert change(both, sharp, on_left | beyond) < NOISE

    act(visitor, "Undo")
    assert change(seen(visitor), sharp, on_left | on_right | beyond) < NOISE
    act(visitor, "Undo")
    assert change(seen(visitor), before, on_left | on_right | beyond) < NOISE
    for _ in range(2):
        act(visitor, "Redo")
    assert change(seen(visitor), both, on_left | on_right | beyond) < NOISE
    assert visitor.focus() == focus  # who paints does not focus
    act(visitor, "Done")

    visitor.page.wait_for_timeout(500)  # the last stroke is on its way to the server
    requests = []
    visitor.page.on("request", lambda request: requests.append(request.url))
    visitor.page.evaluate(DRAG)
    assert requests == [] and visitor.focus() == pytest.approx(0.8)


def test_shift_and_click_blurs_a_region_of_one_colour_alike(open_halves):
    visitor = open_halves(SIZES["mouse"])
    photo, before = visitor.pixels("photo"), seen(visitor)
    visitor.page.locator("#brush").click()
    canvas = visitor.page.locator(CANVAS)
    canvas.click(position=visitor.position(CANVAS, 0.25, 0.5), modifiers=["Shift"])
    after = seen(visitor)
    columns = np.broadcast_to(np.arange(WIDTH), (HEIGHT, WIDTH)) / WIDTH
    left, right = columns < 0.4, columns > 0.6
    assert change(before, photo, right) < NOISE
    assert change(after, photo, right) > 4 * NOISE  # as blurred as what was clicked
    assert change(after, before, left) < NOISE


def download_settings(visitor, folder):
    """The settings and the correction, as files of their names."""
    files = {}
    visitor.page.on("download", lambda one: files.update({one.suggested_filename: one}))
    visitor.page.locator("#get-settings").click()
    while len(files) < 2:
        visitor.page.wait_for_event("download", timeout=PATIENCE)
    for name, file in files.items():
        file.save_as(folder / name)
    return {folder / name for name in files}


def load(visitor, files):
    """Choose files to be loaded."""
    visitor.page.get_by_test_id("Load settings-upload-button").set_input_files(files)


def test_a_correction_is_in_the_downloads_and_is_loaded_again(open_halves, tmp_path):
    visitor = open_halves(SIZES["mouse"])
    paint(visitor, "mouse", "Sharp", LEFT)
    photo, painted = visitor.pixels("photo"), seen(visitor)
    on_left, beside = around(LEFT, BRUSH / 3), around(((0.1, 0.35), (0.1, 0.65)), BRUSH / 3)
    visitor.page.wait_for_timeout(1000)  # the stroke is on its way to the server
    _, data = visitor.download("save")
    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32) / 255
    assert change(image, photo, on_left) < 2 * NOISE < change(image, photo, beside)

    settings, png = tmp_path / "halves.settings.json", tmp_path / "halves.correction.png"
    assert download_settings(visitor, tmp_path) == {settings, png}
    assert json.loads(settings.read_text())["correction"] == png.name
    correction = np.asarray(Image.open(png))
    assert correction[on_left].min() > 200 and (correction[beside] == 128).all()

    act(visitor, "Clear")
    visitor.press("Home")
    visitor.press("Home", "f-stop")
    load(visitor, [settings])
    visitor.refusal("Choose its PNG together with them.")
    load(visitor, [settings, png])
    loaded = visitor.page.locator("#status .note", has_text="The settings are loaded.")
    loaded.wait_for(timeout=PATIENCE)
    visitor.page.wait_for_function(f"{VIEWER}.state.focus > 0.99 && {VIEWER}.state.f_stop === 2")
    expect(visitor.page.locator("#f-number")).to_have_text("f/2")
    eventually(lambda: (visitor.focus(), "settings" in visitor.reason()), (1, True))
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    assert change(seen(visitor), painted, everywhere) < NOISE
    paint(visitor, "mouse", "Blurred", RIGHT)
    assert change(seen(visitor), painted, around(RIGHT, BRUSH / 3)) > 4 * NOISE
    act(visitor, "Undo")
    assert change(seen(visitor), painted, everywhere) < NOISE


def contrast(visitor):
    """How much neighbours differ in the middle of what the photo's view shows."""
    picture = visitor.pixels("photo")
    height, width = picture.shape[:2]
    middle = picture[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3]
    return float(middle.std())


@pytest.mark.parametrize("how", SIZES)
def test_zooming_into_a_large_photo_shows_detail_that_the_preview_lacks(visit, tmp_path, how):
    width, height = 4000, 2700
    y, x = np.mgrid[:height, :width]
    stripes = np.where((x + y) // 2 % 2, 200, 60).astype(np.uint8)
    Image.fromarray(np.dstack([stripes] * 3)).save(tmp_path / "stripes.png", compress_level=1)
    visitor = visit(*SIZES[how], has_touch=how == "touch")
    page = visitor.page
    visitor.open(tmp_path / "stripes.png")
    visitor.select("photo")
    assert not page.evaluate(f"Boolean({VIEWER}.tile)")
    page.evaluate(
        """() => {
          window.boxes = [];
          document.addEventListener('af-tile', ({ detail }) => window.boxes.push(detail.box));
        }"""
    )
    before = contrast(visitor)
    if how == "touch":
        for _ in range(3):
            Fingers(page, CANVAS).drag(((0.45, 0.5), (0.15, 0.5)), ((0.55, 0.5), (0.85, 0.5)))
    else:
        page.locator(CANVAS).hover()
        page.keyboard.down("Control")
        page.mouse.wheel(0, -1500)
        page.keyboard.up("Control")
    page.wait_for_function(f"{VIEWER}.state.zoom > 4")
    page.wait_for_function(f"{VIEWER}.exposure === {VIEWER}.tile", timeout=PATIENCE)
    left, top, right, bottom = page.evaluate("window.boxes.at(-1)")  # what was asked for
    assert left < 0.5 < right and top < 0.5 < bottom and right - left < 0.5
    assert contrast(visitor) > 2 * before
