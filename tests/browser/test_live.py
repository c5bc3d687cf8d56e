"""The live lens on the page: every control, by mouse, touch and keyboard."""

import io

import av
import numpy as np
import pytest
from playwright.sync_api import expect

from autofocus.focus_pull import FRAME_RATE, PULL_SECONDS
from tests.browser.touch import Fingers
from tests.browser.visitor import CANVAS, STEPS, VIEWER, drag, eventually

SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
MOVE = """
const input = document.querySelector('#focus input[type=range]');
input.value = value;
input.dispatchEvent(new Event('input', { bubbles: true }))"""
LOSE = f"""() => {{
  window.context = {VIEWER}.lens.gl.getExtension('WEBGL_lose_context');
  window.context.loseContext();
}}"""


@pytest.fixture(params=SIZES)
def visitor(visit, request):
    return visit(*SIZES[request.param], has_touch=True)


def state(visitor, name):
    return visitor.page.evaluate(f"{VIEWER}.state.{name}")


def test_dragging_draws_every_step_and_asks_for_nothing(visit, files):
    visitor, requests = visit(), []
    visitor.open(files / "coffee.jpg")
    visitor.finish()
    visitor.page.on("request", lambda request: requests.append(request.url))
    assert drag(visitor.page, VIEWER, MOVE) >= STEPS
    visitor.finish()
    assert requests == []
    eventually(lambda: state(visitor, "focus"), pytest.approx(0.9))
    assert visitor.focus() == pytest.approx(0.9) and visitor.reason() == "Set by hand."


def test_an_image_is_refined_after_the_next_photo_is_sent(visit, files):
    visitor = visit()
    visitor.open(files / "coffee.jpg")
    visitor.give(files / "coffee.jpg")
    assert visitor.page.evaluate(f"{VIEWER}.schedule.paused")
    visitor.page.wait_for_function(f"!{VIEWER}.schedule.paused")
    visitor.finish()


def test_every_control_moves_the_lens(visitor, files):
    page = visitor.page
    visitor.open(files / "coffee.jpg")
    default = visitor.focus()

    visitor.slider().press("ArrowRight")
    expect(visitor.slider()).to_have_value(f"{default + 0.005:.3f}".rstrip("0"))
    visitor.slider().press("Shift+ArrowLeft")
    expect(visitor.slider()).to_have_value(f"{default - 0.045:.3f}".rstrip("0"))
    page.wait_for_function(
        f"value => Math.abs({VIEWER}.state.focus - value) < 1e-6", arg=visitor.focus()
    )
    visitor.slider().dblclick()  # back to the default
    expect(page.locator("#why")).to_contain_text("subject")
    assert visitor.focus() == pytest.approx(default)

    visitor.press("ArrowLeft", "f-stop")
    expect(page.locator("#f-number")).to_have_text("f/2.2")
    eventually(lambda: state(visitor, "f_stop"), pytest.approx(2.2))
    assert visitor.slider("f-stop").get_attribute("aria-valuetext") == "f/2.2"
    visitor.slider("f-stop").dblclick()
    expect(page.locator("#f-number")).to_have_text("f/2")

    page.get_by_label("Bokeh").click()
    page.get_by_role("option", name="6 blades").click()
    page.wait_for_function(f"{VIEWER}.state.blades === 6")
    visitor.press("Home", "highlights")
    page.wait_for_function(f"{VIEWER}.state.highlights === 0")
    page.get_by_label("Focus peaking").check()
    page.wait_for_function(f"{VIEWER}.state.peaking")


def test_picking_by_mouse_touch_and_keyboard(visitor, files):
    page = visitor.page
    visitor.open(files / "coffee.jpg")
    visitor.click(0.1, 0.9)
    page.locator("#why", has_text="Picked at 2").wait_for()
    assert visitor.focus() == pytest.approx(state(visitor, "focus"))
    canvas = page.locator(CANVAS)
    canvas.tap(position=visitor.position(CANVAS, 0.5, 0.5))
    page.locator("#why", has_text="Picked at 1").wait_for()
    before = visitor.focus()
    canvas.press("ArrowLeft")
    assert visitor.focus() == pytest.approx(max(before - 0.005, 0))
    page.keyboard.press("a")
    page.locator("#why", has_text="subject").wait_for()


def test_views_zoom_and_handle(visitor, files):
    page = visitor.page
    visitor.open(files / "coffee.jpg")
    for key, view in (("2", 1), ("3", 2), ("4", 3), ("1", 0)):
        page.keyboard.press(key)
        assert state(visitor, "view") == view
    page.locator(CANVAS).hover()
    page.keyboard.down("Control")  # the wheel alone scrolls the page while the photo is at fit
    page.mouse.wheel(0, -500)
    page.keyboard.up("Control")
    page.wait_for_function(f"{VIEWER}.state.zoom > 1.5")
    visitor.select("depth")
    assert state(visitor, "zoom") > 1.5  # the same place in every view
    page.locator(CANVAS).dblclick()
    page.wait_for_function(f"{VIEWER}.state.zoom === 1")
    page.get_by_role("button", name="Compare two views").click()
    page.locator("#viewer").get_by_label("Compare with").select_option("Subject")
    page.locator("#viewer").get_by_label("Before and after").press("Home")
    assert state(visitor, "divide") == 0 and state(visitor, "other") == 3
    page.keyboard.press("c")
    assert not state(visitor, "compare")


def test_pull_focus_is_played_and_saved(visit, files):
    visitor = visit()
    page = visitor.page
    visitor.open(files / "grey.png")
    visitor.press("End")
    eventually(lambda: page.evaluate("window.autofocus.page.pullStart()"), 0.5)
    page.get_by_role("button", name="Pull focus").click()
    page.wait_for_function(f"{VIEWER}.state.focus < 0.9")
    page.wait_for_function(f"{VIEWER}.state.focus === 1")
    visitor.more()
    name, data = visitor.download("get-video")
    assert name.startswith("grey-f4-focus0.50-1.00") and name.endswith(".mp4")
    with av.open(io.BytesIO(data)) as video:
        frames = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(frames) == FRAME_RATE * PULL_SECONDS and frames[0].shape == (200, 300, 3)


def test_a_photo_by_the_camera(visit):
    visitor = visit()
    visitor.page.get_by_role("button", name="camera").click()
    visitor.page.get_by_role("button", name="Take photo").click()
    visitor.wait_until_shown()
    assert visitor.pixels("photo").size > 100_000
    assert visitor.page.locator("#webcam").count() == 0


def test_a_lost_graphics_card_is_said_and_the_server_draws(visit, files):
    visitor = visit()
    page = visitor.page
    visitor.open(files / "coffee.jpg")
    visitor.finish()
    live = visitor.pixels("refocused")
    page.evaluate(LOSE)
    expect(page.locator("#viewer .af-note")).to_contain_text("the server draws")
    page.locator("#refocused img").wait_for()
    page.evaluate("window.context.restoreContext()")
    page.wait_for_function(f"!{VIEWER}.lost")
    expect(page.locator("#viewer .af-note")).to_be_empty()
    assert np.abs(visitor.pixels("refocused") - live).mean() < 0.01


def test_fingers_pinch_and_move_the_photo(visit, files):
    visitor = visit(*SIZES["phone"], has_touch=True)
    visitor.open(files / "coffee.jpg")
    fingers, before = Fingers(visitor.page, CANVAS), visitor.focus()
    fingers.drag(((0.4, 0.5), (0.2, 0.5)), ((0.6, 0.5), (0.8, 0.5)))
    visitor.page.wait_for_function(f"{VIEWER}.state.zoom > 2")
    x, y = state(visitor, "pan")
    fingers.drag(((0.7, 0.6), (0.4, 0.4)))
    span = 1 / state(visitor, "zoom")
    moved = pytest.approx([x + 0.3 * span, y + 0.2 * span], abs=0.02)
    eventually(lambda: state(visitor, "pan"), moved)
    assert visitor.focus() == before  # whoever moves the photo does not focus


def test_one_finger_scrolls_the_page_while_the_whole_photo_is_shown(visit, files):
    visitor = visit(390, 500, has_touch=True)
    visitor.open(files / "coffee.jpg")
    visitor.page.locator(CANVAS).scroll_into_view_if_needed()
    before, focus = visitor.page.evaluate("scrollY"), visitor.focus()
    Fingers(visitor.page, CANVAS).drag(((0.5, 0.9), (0.5, 0.1)))
    visitor.page.wait_for_function("before => scrollY > before", arg=before)
    assert state(visitor, "zoom") == 1 and visitor.focus() == focus


def test_the_wheel_scrolls_the_page_at_fit_and_zooms_with_control(visit, files):
    visitor = visit(1440, 600)
    page = visitor.page
    visitor.open(files / "coffee.jpg")
    page.locator(CANVAS).hover()
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 120)
    page.wait_for_function("before => scrollY > before", arg=before)
    assert state(visitor, "zoom") == 1
    page.locator(CANVAS).hover()
    before = page.evaluate("scrollY")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_function(f"{VIEWER}.state.zoom > 1.5")
    assert page.evaluate("scrollY") == before
