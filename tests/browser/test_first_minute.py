"""The first minute on the page: the example, ways to open photos, nothing lost, nothing wrong."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.conftest import COFFEE_WIDTH
from tests.browser.visitor import CANVAS, VIEWER

PHONE, DESKTOP = (390, 844), (1440, 900)
FIRST = "window.autofocus?.viewers?.first"
# Sends a drop or a paste with these contents to the page → whether the browser was kept from
# doing what it does itself.
SEND = """([kind, text]) => {
  const data = new DataTransfer();
  data.setData(kind === 'drop' ? 'text/uri-list' : 'text/plain', text);
  const event = kind === 'drop'
    ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
    : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
  document.querySelector('header').dispatchEvent(event);
  return event.defaultPrevented;
}"""


def wait_for_example(visitor):
    visitor.page.wait_for_function(f"{FIRST}?.scene && {FIRST}.frames > 0", timeout=60_000)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_the_example_is_open_and_its_focus_is_pulled_once(visit, size):
    visitor = visit(*size)
    wait_for_example(visitor)
    default = visitor.page.evaluate(f"{FIRST}.value.focus")
    visitor.page.wait_for_function(
        f"default_ => Math.abs({FIRST}.state.focus - default_) < 1e-6 && !{FIRST}.reticle",
        arg=default,
        timeout=60_000,
    )
    canvas = visitor.page.locator("#first .af-canvas")
    canvas.click(position=visitor.position("#first .af-canvas", 0.82, 0.5))
    assert visitor.page.evaluate(f"{FIRST}.state.focus") < default - 0.3
    assert visitor.page.locator("#stage").count() == 0  # nothing is opened or predicted for it


def test_who_wants_no_motion_gets_a_handle(visit):
    visitor = visit(reduced_motion="reduce")
    wait_for_example(visitor)
    visitor.page.wait_for_function(f"{FIRST}.state.compare")
    expect(visitor.page.locator("#first").get_by_label("Before and after")).to_be_visible()
    focus, default = visitor.page.evaluate(f"[{FIRST}.state.focus, {FIRST}.value.focus]")
    assert focus == pytest.approx(default)


def test_without_webgl_the_example_is_there_too(visit):
    visitor = visit(webgl=False)
    surround = visitor.page.locator("#first .af-surround")
    expect(surround).to_be_visible()
    image = surround.evaluate("element => getComputedStyle(element).backgroundImage")
    assert image.startswith('url("data:image/webp')


def test_a_hidden_viewer_leaves_the_graphics_card_to_the_shown_one(visitor, files):
    wait_for_example(visitor)
    visitor.open(files / "coffee.jpg")
    frames, finished = visitor.page.evaluate(f"[{FIRST}.frames, {FIRST}.finished]")
    assert not finished  # it would have gone on
    visitor.finish()
    assert visitor.page.evaluate(f"{FIRST}.frames") == frames


def test_examples_come_with_their_images(visit):
    visitor = visit()
    images = visitor.page.locator("#examples img")
    assert images.count() >= 4
    for source in images.evaluate_all("all => all.map((image) => image.src)"):
        assert source.startswith("data:")


def test_the_line_on_top_is_one_line_and_has_the_only_drop_text(visit):
    visitor = visit(*DESKTOP)
    boxes = [visitor.page.locator(name).bounding_box() for name in ("#choose", "#camera")]
    assert abs(boxes[0]["y"] - boxes[1]["y"]) < 2 and boxes[0]["width"] < 200
    assert visitor.page.get_by_text("Drop", exact=False).locator("visible=true").count() == 1
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.locator("#choose").click()
    assert chooser.value.is_multiple()


def test_of_several_files_the_others_wait_in_a_strip(visitor, files):
    visitor.page.locator("#upload input[type=file]").set_input_files(
        [files / "grey.png", files / "coffee.jpg", files / "text.jpg"]
    )
    strip = visitor.page.locator("#photo-strip button img")
    expect(strip).to_have_count(2, timeout=60_000)
    assert "text.jpg" in visitor.refusal("text.jpg")
    visitor.page.wait_for_function(f"{VIEWER}?.scene?.width === 300", timeout=60_000)
    shift = visitor.page.evaluate("window.layoutShift")
    strip.nth(1).click()
    visitor.page.wait_for_function(f"{VIEWER}?.scene?.width === {COFFEE_WIDTH}", timeout=60_000)
    # A photo of another shape was asked for, so that what is below may move.
    visitor.page.evaluate("shift => { window.layoutShift = shift }", shift)


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_link_to_an_image_gets_a_sentence_and_the_page_stays(visitor, kind):
    assert visitor.page.evaluate(SEND, [kind, "https://example.org/cat.jpg"])
    assert "Save it first" in visitor.refusal("Save it first")


def test_text_that_is_no_link_is_left_alone(visitor):
    assert not visitor.page.evaluate(SEND, ["paste", "a cat"])
    assert visitor.page.locator("#status [role=alert]").count() == 0


def test_leaving_asks_first_while_an_own_photo_is_open(visitor, files):
    asked = []
    visitor.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    visitor.open(files / "grey.png")
    visitor.page.locator(CANVAS).click()
    visitor.page.evaluate("() => { location.reload() }")
    visitor.page.wait_for_timeout(1000)
    assert asked == ["beforeunload"]
    assert visitor.page.evaluate(f"{VIEWER}.scene.width") == 300
    visitor.page.get_by_role("button", name="New photo").click()
    visitor.page.locator("#choose").wait_for()
    visitor.page.reload()
    visitor.page.locator("#examples img").first.wait_for()
    assert asked == ["beforeunload"]


def test_no_button_ever_holds_a_file_of_another_photo(visitor, files):
    for name in ("grey.png", "coffee.jpg"):
        visitor.open(files / name)
        visitor.page.wait_for_function(
            f"{VIEWER}?.scene?.width === {300 if name == 'grey.png' else COFFEE_WIDTH}"
        )
        file, _ = visitor.download("save")
        assert file.startswith(name.split(".")[0])
        buttons = visitor.page.get_by_role("button", name="Download", exact=True)
        assert buttons.locator("visible=true").count() == 1
        assert visitor.page.locator("a[download]:visible").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_the_first_screen_is_accessible_and_fits(visit, size, scheme):
    visitor = visit(*size, color_scheme=scheme)
    wait_for_example(visitor)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    found = Axe().run(visitor.page).response["violations"]
    grave = [v for v in found if v["impact"] in ("serious", "critical")]
    assert not grave, [(v["id"], v["nodes"][0]["html"]) for v in grave]
