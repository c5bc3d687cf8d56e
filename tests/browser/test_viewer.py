"""The viewer in a real browser, with WebGL 2 in software, on a page without Gradio."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from autofocus.evaluation.image_quality import psnr
from autofocus.evaluation.viewer import VIEWER, canvas_of, refined, show, with_urls
from autofocus.lens.lens import f_stop_of
from autofocus.render import Lens, correct, render
from autofocus.view import colour_depth, overlay_saliency
from autofocus.viewer import viewer_data, waiting_data, with_layers
from tests.browser.viewer_demo import APERTURE, FOCUS, synthetic
from tests.browser.visitor import STEPS, drag

LENS = Lens(focus=FOCUS, f_stop=f_stop_of(APERTURE))
LOSE = f"""async () => {{
  const lost = {VIEWER}.lens.gl.getExtension('WEBGL_lose_context');
  lost.loseContext();
  await new Promise((next) => setTimeout(next, 300));
  const text = document.querySelector('.af-note').textContent;
  lost.restoreContext();
  return text;
}}"""
SETTERS = (  # of each field of the lens, and a value that changes the image
    ("setFocus", "focus", 0.2),
    ("setFocusRange", "focus_range", 0.5),
    ("setBlades", "blades", 5),
    ("setCatsEye", "cats_eye", 1.0),
    ("setSpherical", "spherical", -1.0),
    ("setSpherical", "spherical", 1.0),
)


@pytest.fixture
def open_page(browser):
    """Opens a value in a viewer; nothing may go wrong in it."""
    context = browser.new_context(viewport={"width": 1000, "height": 900}, has_touch=True)
    problems = []

    def open_value(value):
        page = context.new_page()
        page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        show(page, value)
        return page

    yield open_value
    context.close()
    assert not problems


@pytest.fixture
def page(open_page, tmp_path):
    return open_page(viewer_data(*synthetic(), tmp_path, LENS))


def drawn(page):
    """What the canvas shows once nothing waits to be drawn."""
    page.wait_for_function(f"!{VIEWER}.requested")
    return canvas_of(page)


@pytest.mark.parametrize(("setter", "name", "value"), SETTERS)
def test_image_is_the_one_that_the_server_renders(page, setter, name, value):
    page.evaluate(f"{VIEWER}.{setter}({value})")
    photo, depth, _ = synthetic()
    expected = render(photo, depth, replace(LENS, **{name: value}))
    image = refined(page)
    assert psnr(image, expected) >= 34
    assert psnr(image, expected) > psnr(image, photo) + 6
    assert psnr(image, expected) > psnr(image, render(photo, depth, LENS))


def test_what_is_far_is_blurred_up_to_a_straight_edge_of_two_flat_surfaces(open_page, tmp_path):
    y, x = np.mgrid[:96, :160]
    squares = np.where((x // 2 + y // 2) % 2, 0.6, 0.3).astype(np.float32)
    photo, depth = np.dstack([squares] * 3), np.float32(x >= 80)
    lens = Lens(focus=1.0, f_stop=f_stop_of(6 / np.hypot(*depth.shape)))
    page = open_page(viewer_data(photo, depth, np.zeros_like(depth), tmp_path, lens))
    off = np.abs(refined(page) - render(photo, depth, lens)).mean(axis=(0, 2))
    assert off[:78].max() < 0.02


def test_dragging_draws_every_step_and_asks_for_nothing(page):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    assert drag(page, VIEWER, "viewer.setFocus(value)") >= STEPS
    image = refined(page)
    assert requests == []
    photo, depth, _ = synthetic()
    assert psnr(image, render(photo, depth, replace(LENS, focus=0.9))) >= 34


@pytest.mark.parametrize("late", [False, True], ids=["in turn", "at once"])
def test_layers_come_after_the_photo_and_the_visitors_lens_stays(open_page, tmp_path, late):
    photo, depth, saliency = images = synthetic()
    flat = viewer_data(*images, tmp_path, LENS, layered=False)
    page = open_page(flat)
    page.wait_for_function(f"{VIEWER}.frames > 0")
    if late:  # both come before either could be fetched
        flat = viewer_data(*images, tmp_path, LENS, layered=False)
        page.evaluate(f"(value) => void {VIEWER}.load(value)", with_urls(flat))
    else:
        page.evaluate(f"{VIEWER}.setFocus(0.3)")
    layered = with_urls(with_layers(flat, *images, tmp_path))
    page.evaluate(f"(value) => {VIEWER}.load(value)", layered)
    page.wait_for_function(f"{VIEWER}.value.front")
    focus = LENS.focus if late else 0.3
    assert page.evaluate(f"{VIEWER}.state.focus") == pytest.approx(focus)
    expected = render(photo, depth, replace(LENS, focus=focus))
    assert psnr(refined(page), expected) >= 34
    told = [what for what, _ in page.evaluate("window.triggered")]
    assert told.count("loaded") == 1 + late


def test_slow_graphics_refine_few_rows_at_a_time(page):
    refined(page)
    shares = page.evaluate(f"""() => {{
      const {{ exposure, state }} = {VIEWER};
      return [1e-9, 1].map((pace) => {{
        exposure.pace = pace;
        exposure.restart(state, false);
        return exposure.rows / exposure.target.height;
      }});
    }}""")
    assert shares[0] == 1 and shares[1] < 0.1


def test_slow_graphics_show_the_coarse_image_until_every_row_of_the_fine_one_is_there(page):
    refined(page)
    levels = page.evaluate(f"""async () => {{
      const viewer = {VIEWER}, {{ artist }} = viewer.schedule, {{ gl }} = viewer.lens;
      const draw = artist.draw, seen = [];
      const brightness = () => {{
        const {{ width, height }} = viewer.canvas, bytes = new Uint8Array(4 * width * height);
        gl.bindFramebuffer(gl.FRAMEBUFFER, null);
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
        return bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length;
      }};
      artist.draw = (work) => {{
        const exposure = viewer.exposure;
        exposure.pace = 1;
        if (!work.dragging) exposure.share = 1 / 16;
        const more = draw(work);
        seen.push([exposure.level, exposure.taken, brightness()]);
        return more;
      }};
      viewer.setFocus(0.3);
      while (!seen.some(([level, taken]) => level === 0 && taken > 0)) {{
        await new Promise((next) => requestAnimationFrame(next));
      }}
      artist.draw = draw;
      return seen;
    }}""")
    assert levels[0][0] > 0  # coarse at first
    assert [0, 0] in [level[:2] for level in levels]  # then some rows of the fine image
    brightness = [level[2] for level in levels]
    assert min(brightness) > 0.98 * max(brightness)


def paint(page, brush, start, end, size=0.3):
    """A stroke between two places, in shares of the image; returns the correction's PNG."""
    page.evaluate(f"{VIEWER}.setBrush('{brush}'); {VIEWER}.setBrushSize({size})")
    box = page.locator(".af-canvas").bounding_box()
    x, y, width, height = (box[side] for side in ("x", "y", "width", "height"))
    page.mouse.move(x + start[0] * width, y + start[1] * height)
    page.mouse.down()
    page.mouse.move(x + end[0] * width, y + end[1] * height, steps=4)
    page.mouse.up()
    page.wait_for_function("window.triggered.at(-1)[0] === 'corrected'")
    data = page.evaluate("window.triggered.at(-1)[1].png")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))))


@pytest.mark.parametrize(("brush", "x"), [("blurred", 0.42), ("sharp", 0.08)])
def test_a_stroke_is_drawn_as_the_server_renders_it(page, brush, x):
    photo, depth, _ = synthetic()
    bytes_ = paint(page, brush, (x, 0.45), (x, 0.55))
    assert bytes_.shape == depth.shape
    assert (bytes_ != 128).mean() > 0.01
    painted = np.clip((np.float32(bytes_) - 128) / 127, -1, 1)
    expected = render(photo, correct(depth, painted, LENS), LENS)
    image = refined(page)
    assert psnr(image, expected) >= 34
    assert psnr(image, expected) > psnr(image, render(photo, depth, LENS)) + 3


def test_a_stroke_keeps_to_its_surface_and_is_undone(page):
    bytes_ = paint(page, "blurred", (0.42, 0.4), (0.42, 0.6))
    depth = synthetic()[1]
    on_disc = depth == np.float32(0.8)
    assert (bytes_[on_disc] != 128).any()
    assert not (bytes_[~on_disc] != 128).any()
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("window.triggered.at(-1)[1].png === null")
    assert psnr(refined(page), render(*synthetic()[:2], LENS)) >= 34


def test_the_brush_has_its_tools_only_while_it_is_in_hand(page):
    tools = page.get_by_role("toolbar", name="Brush")
    expect(tools).to_be_hidden()
    page.evaluate(f"{VIEWER}.setBrush('sharp')")
    expect(tools).to_be_visible()
    before = page.evaluate(f"{VIEWER}.state.focus")
    page.locator(".af-canvas").click(position={"x": 30, "y": 30})
    assert page.evaluate(f"{VIEWER}.state.focus") == before
    page.get_by_role("button", name="Done").click()
    expect(tools).to_be_hidden()


def test_tap_and_arrow_keys_focus(page):
    page.locator(".af-canvas").tap(position={"x": 30, "y": 30})
    before = page.evaluate(f"{VIEWER}.state.focus")
    assert before < 0.2
    page.locator(".af-canvas").press("Shift+ArrowRight")
    assert page.evaluate(f"{VIEWER}.state.focus") == pytest.approx(before + 0.05)


def test_wheel_is_the_pages_until_the_image_is_zoomed_into(page):
    page.evaluate("document.body.style.height = '3000px'")
    box = page.locator(".af-canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.wheel(0, 100)
    page.wait_for_function("window.scrollY > 0")
    assert page.evaluate(f"{VIEWER}.state.zoom") == 1
    page.evaluate("window.scrollTo(0, 0)")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_function(f"{VIEWER}.state.zoom > 1.5")
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"{VIEWER}.state.zoom > 2.4")
    zoom, pan = page.evaluate(f"[{VIEWER}.state.zoom, {VIEWER}.state.pan]")
    assert pan == pytest.approx([0.25 * (1 - 1 / zoom)] * 2, abs=0.01)
    page.mouse.wheel(0, 900)
    page.wait_for_function(f"{VIEWER}.state.zoom === 1")
    assert page.evaluate("window.scrollY") == 0


def test_zoom_stays_in_every_view_and_a_double_click_fits(page):
    page.locator(".af-canvas").press("+")
    zoom = page.evaluate(f"{VIEWER}.state.zoom")
    page.get_by_role("button", name="Depth", exact=True).click()
    assert page.evaluate(f"{VIEWER}.state.zoom") == zoom == 1.25
    page.locator(".af-canvas").dblclick()
    assert page.evaluate(f"{VIEWER}.state.zoom") == 1


def test_views_are_drawn_as_python_draws_them(page):
    photo, depth, saliency = synthetic()
    colours = colour_depth(depth)
    page.get_by_role("button", name="Photo", exact=True).click()
    assert np.abs(drawn(page) - photo).max() < 0.01
    page.get_by_role("button", name="Depth", exact=True).click()
    assert np.abs(drawn(page) - colours).max() < 0.03
    page.get_by_role("button", name="Subject", exact=True).click()
    assert np.abs(drawn(page) - overlay_saliency(colours, saliency)).max() < 0.03
    page.get_by_role("button", name="On the photo").click()
    assert np.abs(drawn(page) - overlay_saliency(photo, saliency)).max() < 0.01
    page.evaluate(f"{VIEWER}.setSubjectOn('depth'); {VIEWER}.setPalette('grey')")
    grey = overlay_saliency(colour_depth(depth, "grey"), saliency)
    assert np.abs(drawn(page) - grey).max() < 0.01


def test_switch_of_the_subject_is_there_only_with_the_subject(page):
    switch = page.get_by_role("button", name="On the photo")
    expect(switch).to_be_hidden()
    page.get_by_role("button", name="Compare").click()
    page.get_by_label("Compare with").select_option("Subject")
    expect(switch).to_be_visible()


def test_compare_shows_both_sides_of_the_handle(page):
    refined(page)
    page.get_by_role("button", name="Compare").click()
    photo = synthetic()[0]
    image = drawn(page)
    assert np.abs(image[:, :170] - photo[:, :170]).max() < 0.02
    assert np.abs(image[:, 190:] - photo[:, 190:]).max() > 0.1


def test_a_synced_viewer_shows_the_same_part_and_tells_nobody(page):
    page.evaluate(
        f"""() => {{
          window.told = 0;
          document.addEventListener('af-changed', () => window.told++);
          const state = {{ view: 2, zoom: 3, pan: [0.2, 0.9], subjectOn: 'depth' }};
          {VIEWER}.syncView(state);
        }}"""
    )
    assert page.evaluate(f"{VIEWER}.state.pan") == pytest.approx([0.2, 2 / 3])
    depth = page.get_by_role("button", name="Depth", exact=True)
    expect(depth).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("window.told") == 0


@pytest.mark.parametrize("size", [(150, 1000), (900, 117)])
def test_a_long_image_has_room_to_be_zoomed_into(open_page, tmp_path, size):
    page = open_page(viewer_data(*synthetic(*size), tmp_path, LENS))
    box = page.locator(".af-canvas").bounding_box()
    assert 0.49 < box["width"] / box["height"] < 2.51
    page.get_by_role("button", name="Photo", exact=True).click()
    image = drawn(page)
    middle = np.array(image.shape[:2]) // 2
    photo = synthetic(*size)[0]
    seen = image[middle[0], middle[1]]
    assert np.abs(photo[size[0] // 2, size[1] // 2] - seen).max() < 0.15
    assert image[2, 2].max() == 0  # nothing beside the image
    page.mouse.click(box["x"] + 3, box["y"] + 3)
    assert page.evaluate(f"{VIEWER}.reticle") is None


def test_a_lost_context_is_said_and_comes_back(page):
    before = refined(page)
    assert "comes back" in page.evaluate(LOSE)
    page.wait_for_function(f"!{VIEWER}.lost")
    assert np.abs(refined(page) - before).max() < 0.02
    assert page.locator(".af-note").text_content() == ""


def test_a_photo_that_is_analysed_is_shown_dimmed(open_page, tmp_path):
    photo = synthetic()[0]
    page = open_page(waiting_data(photo, tmp_path, photo.shape[:2]))
    expect(page.locator(".af-waiting")).to_be_visible()
    expect(page.locator(".af-canvas")).to_be_hidden()


def test_without_webgl_the_page_is_told(browser, tmp_path):
    page = browser.new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null;")
    show(page, viewer_data(*synthetic(), tmp_path, LENS))
    expect(page.locator("[data-webgl=missing]")).to_have_count(1)
    expect(page.locator(".af-note")).to_contain_text("the server does it")
    told = page.evaluate("window.triggered.map(([what]) => what)")
    assert "unsupported" in told
    page.close()
