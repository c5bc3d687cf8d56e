"""The page in a browser: from a dropped photo to a downloaded one."""

import io
import json

import cv2
import numpy as np
import pytest
import skimage.data
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from autofocus.render import Lens
from tests.browser.conftest import COFFEE_HEIGHT, COFFEE_WIDTH
from tests.browser.visitor import VIEWER, eventually

DEFAULT_F_STOP = 2.0
SHARP_RADIUS = 0.5  # pixels; smaller circles of confusion are points
LATE = 1000  # milliseconds after which no earlier picture comes
PHONE, DESKTOP = (390, 844), (1440, 900)
GPS = 0x8825


def circles(depth, focus):
    """Radii of the circles of confusion, in pixels."""
    diagonal = np.hypot(*depth.shape)
    return Lens(f_stop=DEFAULT_F_STOP).aperture * diagonal * np.abs(depth - focus)


def detail(picture, where):
    """Energy of the finest detail in a part of a picture."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(np.square(cv2.Laplacian(grey, cv2.CV_32F))[where].mean())


def test_a_photo_gets_depth_subject_and_a_lens(any_visitor, files):
    visitor = any_visitor
    visitor.open(files / "astronaut.png")
    photo, depth_view, subject = map(visitor.pixels, ("photo", "depth", "subject"))
    assert np.ptp(depth_view.mean(axis=2)) > 0.3  # not flat
    red = (subject[..., 0] > subject[..., 1] + 0.2) & (subject[..., 0] > subject[..., 2] + 0.2)
    assert (np.abs(subject - photo).max(axis=2) > 0.02)[red].mean() > 0.9 and red.mean() > 0.01
    eventually(visitor.reason, "Focused on the subject.")
    assert "salient pixels" in visitor.figures()

    visitor.press("Home")
    far = visitor.pixels("refocused")
    visitor.press("End")
    near = visitor.pixels("refocused")
    assert np.abs(far - near).mean() > 0.005

    # Focused on what is nearest, nothing lies in front of what is sharp.
    visitor.more()
    _, data = visitor.download("get-depth")
    depth = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) / np.float32(65535)
    radii = circles(depth, 1.0)
    sharp, blurred = radii < 0.9 * SHARP_RADIUS, radii > 4
    assert sharp.any() and blurred.any()
    assert np.abs(near - photo)[sharp].max() <= 2 / 255
    assert detail(near, blurred) < 0.5 * detail(photo, blurred)


def test_a_flat_photo_is_focused_midway(visitor, files):
    visitor.open(files / "grey.png")
    eventually(visitor.reason, "No clear subject: focused midway, blur reduced.")
    eventually(visitor.focus, 0.5)
    eventually(visitor.page.locator("#f-number").inner_text, "f/4")


def test_files_that_are_not_photos_get_a_sentence_and_the_page_goes_on(visitor, files):
    for name, says in {
        "empty.jpg": "empty",
        "text.jpg": "text",
        "truncated.jpg": "damaged",
        "huge.png": "400 megapixels",
        "paper.pdf": "PDF",
    }.items():
        visitor.give(files / name)
        assert visitor.refusal(says).endswith(".")
    visitor.open(files / "grey.png")


def test_a_bad_file_leaves_the_open_photo_alone(visitor, files):
    visitor.open(files / "grey.png")
    before = visitor.photo_shown()
    visitor.give(files / "text.jpg")
    visitor.refusal("text")
    assert visitor.photo_shown() == before


def test_a_click_focuses_and_auto_takes_it_back(any_visitor, files):
    visitor = any_visitor
    visitor.open(files / "coffee.jpg")
    default, reason = visitor.focus(), visitor.reason()
    visitor.click(0.1, 0.9)
    visitor.page.locator("#why", has_text="Picked at").wait_for()
    x, y = (int(word) for word in visitor.reason()[len("Picked at ") : -1].split(", "))
    assert abs(x - 0.1 * COFFEE_WIDTH) <= 3 and abs(y - 0.9 * COFFEE_HEIGHT) <= 3
    visitor.page.get_by_role("button", name="Auto").click()
    visitor.page.locator("#why", has_text=reason).wait_for()
    assert visitor.focus() == default


def test_the_last_of_many_slider_values_is_the_one_shown(any_visitor, files):
    visitor = any_visitor
    visitor.open(files / "coffee.jpg")
    for _ in range(12):
        visitor.slider().press("PageDown", delay=5)
    visitor.slider().press("End")
    visitor.finish()
    visitor.page.wait_for_timeout(LATE)
    assert visitor.focus() == 1
    shown = visitor.pixels("refocused")
    visitor.press("Home")
    visitor.press("End")
    # The live lens takes its samples in batches of varying size.
    assert np.abs(visitor.pixels("refocused") - shown).max() <= 6 / 255


def test_a_narrow_aperture_changes_less(any_visitor, files):
    visitor = any_visitor
    visitor.open(files / "coffee.jpg")
    visitor.finish()
    photo = visitor.pixels("photo")
    wide = np.abs(visitor.pixels("refocused") - photo).mean()
    visitor.press("Home", "f-stop")
    visitor.page.locator("#f-number", has_text="f/16").wait_for()
    assert np.abs(visitor.pixels("refocused") - photo).mean() < 0.5 * wide


def test_downloads_are_at_full_size_and_say_what_they_are(visitor, files, tmp_path):
    exif = Image.Exif()
    exif[0x010F], exif.get_ifd(GPS)[1] = "Camera", "N"
    large = Image.fromarray(skimage.data.coffee()).resize((1800, 1200))
    large.save(tmp_path / "IMG 1.jpg", quality=90, exif=exif)
    visitor.open(tmp_path / "IMG 1.jpg")
    visitor.select("photo")  # or the refocused one would be refined beside the downloads
    focus = visitor.focus()
    name, data = visitor.download("save")
    assert name == f"IMG 1-f2-focus{focus:.2f}.jpg"
    result = Image.open(io.BytesIO(data))
    assert result.size == (1800, 1200) and result.info["icc_profile"]
    assert result.getexif()[0x010F] == "Camera" and GPS not in result.getexif()
    visitor.more()
    name, data = visitor.download("get-depth")
    depth = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert name == "IMG 1.depth.png" and depth.shape == (1200, 1800)
    assert depth.dtype == np.uint16 and depth.min() == 0 and depth.max() == 65535
    name, data = visitor.download("get-subject")
    assert name == "IMG 1.saliency.png" and Image.open(io.BytesIO(data)).size == (1800, 1200)
    name, data = visitor.download("get-settings")
    assert name == "IMG 1.settings.json" and json.loads(data)["f_stop"] == DEFAULT_F_STOP


def test_a_custom_depth_map_takes_the_place_of_the_networks(visitor, files, tmp_path):
    ramp = np.tile(np.linspace(0, 65535, COFFEE_WIDTH).astype(np.uint16), (COFFEE_HEIGHT, 1))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    Image.fromarray(ramp[:, : COFFEE_WIDTH // 3]).save(tmp_path / "narrow.png")
    visitor.open(files / "coffee.jpg")
    before = visitor.photo_shown()
    visitor.more()
    custom = visitor.page.get_by_test_id("Use a custom depth map-upload-button")
    custom.set_input_files(tmp_path / "narrow.png")
    visitor.refusal("aspect")
    custom.set_input_files(tmp_path / "ramp.png")
    visitor.page.wait_for_function(f"{VIEWER}.value.run !== '{before}'")
    columns = visitor.pixels("depth").mean(axis=(0, 2))
    assert columns[-1] > columns[COFFEE_WIDTH // 2] > columns[0]  # nearer is brighter


def test_two_visitors_have_their_own_photos(visit, files):
    first, second = visit(), visit(*PHONE)
    first.open(files / "coffee.jpg")
    second.open(files / "grey.png")
    first.press("End")
    assert first.pixels("photo").shape == (COFFEE_HEIGHT, COFFEE_WIDTH, 3)
    assert second.pixels("photo").shape == (200, 300, 3)
    assert second.focus() == 0.5


SEND = """([bytes, kind]) => {
  const file = new File([new Uint8Array(bytes)], `${kind}.png`, { type: 'image/png' });
  const data = new DataTransfer();
  data.items.add(file);
  const event = kind === 'drop'
    ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
    : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
  document.querySelector('header').dispatchEvent(event);
}"""


def test_a_photo_may_be_dropped_anywhere_or_pasted(visitor, files):
    content = list((files / "grey.png").read_bytes())
    visitor.page.evaluate(SEND, [content, "drop"])
    visitor.wait_until_shown()
    assert visitor.pixels("photo").shape == (200, 300, 3)
    visitor.page.get_by_role("button", name="New photo").click()
    visitor.page.locator("#choose").wait_for()
    visitor.page.evaluate(SEND, [content, "paste"])
    visitor.wait_until_shown()


def test_a_second_photo_replaces_the_first_that_is_still_being_sent(visitor, files):
    visitor.give(files / "astronaut.png")
    visitor.page.evaluate(SEND, [list((files / "coffee.jpg").read_bytes()), "drop"])
    visitor.page.wait_for_function(f"{VIEWER}?.scene?.width === {COFFEE_WIDTH}")
    visitor.wait_until_shown()
    assert visitor.pixels("photo").shape == (COFFEE_HEIGHT, COFFEE_WIDTH, 3)
    assert visitor.pixels("depth").shape == (COFFEE_HEIGHT, COFFEE_WIDTH, 3)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_every_control_has_a_name(visit, size, scheme):
    visitor = visit(*size, color_scheme=scheme)
    for step in ("before", "after"):
        if step == "after":
            visitor.page.locator("#examples button").first.click()
            visitor.wait_until_shown()
            visitor.more()
        width = visitor.page.evaluate("document.documentElement.scrollWidth")
        assert width <= size[0]
        found = Axe().run(visitor.page).response["violations"]
        grave = [v for v in found if v["impact"] in ("serious", "critical")]
        assert not grave, json.dumps([(v["id"], v["nodes"][0]["html"]) for v in grave])
