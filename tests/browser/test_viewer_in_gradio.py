"""The component inside Gradio: its value comes in, its events go out."""

import os
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from autofocus.evaluation.viewer import VIEWER
from tests.browser.conftest import ROOT, free_port, wait_for


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


@pytest.fixture(scope="module")
def page(browser, demo):
    page, problems = browser.new_page(viewport={"width": 1000, "height": 900}), []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(demo)
    page.wait_for_function("window.autofocus?.viewers?.main?.scene")
    yield page
    page.close()
    assert not problems


def test_slider_moves_the_focus_without_the_server(page):
    slider = page.get_by_role("slider", name="Focus")
    slider.focus()
    slider.press("ArrowLeft")
    page.wait_for_function(f"Math.abs({VIEWER}.state.focus - 0.795) < 1e-6")


def test_click_focuses_on_what_was_clicked_and_tells_python(page):
    box = page.locator(".af-canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.05, box["y"] + box["height"] * 0.5)
    assert page.evaluate(f"{VIEWER}.state.focus") == pytest.approx(0.25, abs=0.01)
    expect(page.locator("#picked textarea, #picked input")).to_have_value("0.250")
    expect(page.locator(".af-reticle")).to_be_visible()


def test_dots_focus_on_their_subjects(page):
    page.get_by_role("button", name="Focus on subject 2").click()
    assert page.evaluate(f"{VIEWER}.state.focus") == pytest.approx(0.5, abs=0.001)


def test_a_zoomed_photo_gets_its_details_from_python(page):
    page.evaluate(f"for (let k = 0; k < 6; k++) {VIEWER}.key({{ key: '+' }})")
    page.wait_for_function(f"{VIEWER}.tile", timeout=60_000)
    page.wait_for_function(f"{VIEWER}.exposure === {VIEWER}.tile")
    assert page.evaluate(f"{VIEWER}.tile.scene.width") > 360
