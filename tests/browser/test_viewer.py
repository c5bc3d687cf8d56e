"""The component in a real browser, with WebGL 2 in software."""

import base64
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from autofocus.render import Lens, f_stop_of, render
from tests.browser.conftest import ROOT, free_port, wait_for
from tests.browser.viewer_demo import APERTURE, FOCUS, synthetic

MAIN = "window.autofocus.viewers.main"
PATIENCE = 60_000  # milliseconds for a finished picture
DRAG = """async () => {
  const viewer = window.autofocus.viewers.main, before = viewer.frames;
  for (let k = 1; k <= 40; k++) {
    viewer.setFocus(0.1 + 0.02 * k);
    await new Promise((next) => setTimeout(next, 100));
  }
  return viewer.frames - before;
}"""
LOSE = f"""async () => {{
  const lost = {MAIN}.lens.gl.getExtension('WEBGL_lose_context');
  lost.loseContext();
  await new Promise((next) => setTimeout(next, 300));
  const text = document.querySelector('.af-note').textContent;
  lost.restoreContext();
  return text;
}}"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("files"), free_port()
    log = folder.parent / f"{folder.name}.log"
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    command = [sys.executable, "-m", "tests.browser.viewer_demo", str(port), str(folder)]
    with log.open("w") as output:
        app = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
        try:
            wait_for(f"http://127.0.0.1:{port}/", app, log)
            yield f"http://127.0.0.1:{port}/"
        finally:
            app.terminate()
            app.wait(timeout=30)


@pytest.fixture
def page(browser, demo):
    context = browser.new_context(viewport={"width": 1000, "height": 900}, has_touch=True)
    page, problems = context.new_page(), []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(demo)
    page.wait_for_function("window.autofocus?.viewers?.main?.scene")
    yield page
    context.close()
    assert not problems


def finish(page):
    page.wait_for_function(f"{MAIN}.finished", timeout=PATIENCE)


def picture(page):
    """What the canvas shows, H×W×3 in [0, 1]."""
    data = page.evaluate("document.querySelector('.af-canvas').toDataURL('image/png')")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))))[..., :3] / 255


def psnr(first, second):
    return 10 * np.log10(1 / np.mean((first - second) ** 2))


@pytest.mark.parametrize("focus", [FOCUS, 0.2])
@pytest.mark.parametrize("blades", [0, 5])
def test_picture_is_the_one_that_the_server_renders(page, focus, blades):
    page.evaluate(f"{MAIN}.setBlades({blades}); {MAIN}.setFocus({focus});")
    finish(page)
    photo, depth, _ = synthetic()
    expected = render(photo, depth, Lens(focus, f_stop=f_stop_of(APERTURE), blades=blades))
    assert psnr(picture(page), expected) >= 34
    assert psnr(picture(page), expected) > psnr(picture(page), photo) + 6


def test_dragging_draws_every_step_and_asks_for_nothing(page):
    finish(page)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    assert page.evaluate(DRAG) >= 35
    finish(page)
    assert requests == []
    photo, depth, _ = synthetic()
    assert psnr(picture(page), render(photo, depth, Lens(0.9, f_stop=f_stop_of(APERTURE)))) >= 34


def test_slider_moves_the_focus_without_the_server(page):
    slider = page.get_by_role("slider", name="Focus")
    slider.focus()
    slider.press("ArrowLeft")
    page.wait_for_function(f"Math.abs({MAIN}.state.focus - 0.795) < 1e-6")


def test_click_focuses_on_what_was_clicked_and_tells_python(page):
    box = page.locator(".af-canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.05, box["y"] + box["height"] * 0.5)
    assert page.evaluate(f"{MAIN}.state.focus") == pytest.approx(0.25, abs=0.01)
    expect(page.locator("#picked textarea, #picked input")).to_have_value("0.250")
    expect(page.locator(".af-reticle")).to_be_visible()


def test_dots_focus_on_their_subjects(page):
    page.get_by_role("button", name="Focus on subject 2").click()
    assert page.evaluate(f"{MAIN}.state.focus") == pytest.approx(0.5, abs=0.001)


def test_tap_and_arrow_keys_focus(page):
    page.locator(".af-canvas").tap(position={"x": 30, "y": 30})
    before = page.evaluate(f"{MAIN}.state.focus")
    assert before < 0.2
    page.locator(".af-canvas").press("Shift+ArrowRight")
    assert page.evaluate(f"{MAIN}.state.focus") == pytest.approx(before + 0.05)


def test_zoom_keeps_the_place_under_the_pointer_in_every_view(page):
    box = page.locator(".af-canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75)
    page.mouse.wheel(0, -600)
    page.wait_for_function(f"{MAIN}.state.zoom > 2")
    zoom, pan = page.evaluate(f"[{MAIN}.state.zoom, {MAIN}.state.pan]")
    assert pan == pytest.approx([0.25 * (1 - 1 / zoom), 0.75 * (1 - 1 / zoom)], abs=0.01)
    page.get_by_role("button", name="Depth").click()
    assert page.evaluate(f"{MAIN}.state.zoom") == zoom
    page.locator(".af-canvas").dblclick()
    assert page.evaluate(f"{MAIN}.state.zoom") == 1


def test_views_show_the_photo_the_depth_and_the_subject(page):
    photo, depth, saliency = synthetic()
    shown = {}
    for name in ("Photo", "Depth", "Subject"):
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_function(f"!{MAIN}.requested")
        shown[name] = picture(page)
    assert np.abs(shown["Photo"] - photo).max() < 0.02
    brightness = shown["Depth"].mean(2)
    assert brightness[120, 150] > brightness[230, 20] > brightness[5, 20]
    redness = shown["Subject"][..., 0] - shown["Subject"][..., 1]
    assert redness[saliency > 0.5].mean() > 0.25
    assert np.abs(redness[saliency < 0.5]).max() < 0.02


def test_compare_shows_both_sides_of_the_handle(page):
    finish(page)
    page.get_by_role("button", name="Compare").click()
    page.wait_for_function(f"!{MAIN}.requested")
    photo = synthetic()[0]
    left, right = picture(page)[:, :170], picture(page)[:, 190:]
    assert np.abs(left - photo[:, :170]).max() < 0.02
    assert np.abs(right - photo[:, 190:]).max() > 0.1


def test_a_lost_context_is_said_and_comes_back(page):
    finish(page)
    before = picture(page)
    assert "comes back" in page.evaluate(LOSE)
    page.wait_for_function(f"!{MAIN}.lost")
    finish(page)
    assert np.abs(picture(page) - before).max() < 0.02
    assert page.locator(".af-note").text_content() == ""


def test_without_webgl_the_page_is_told(browser, demo):
    page = browser.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null;")
    page.goto(demo)
    expect(page.locator("[data-webgl=missing]")).to_have_count(1)
    expect(page.locator(".af-note")).to_contain_text("the server does it")
    page.close()
