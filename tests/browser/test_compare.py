"""Versions beside each other: one view, one zoom, one focus; figures and differences."""

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from autofocus.versions.catalog import DEFAULT

PATIENCE = 60_000
BOTH = "['compare-0', 'compare-1'].map((name) => window.autofocus.viewers[name])"
STATES = f"() => {BOTH}.map(({{ state }}) => state)"
# The share of a picture's depths that are below its focus, for each viewer.
SHARES = f"""() => {BOTH}.map(({{ scene, state }}) => {{
  const depths = scene.maps.filter((_, index) => index % 4 === 0);
  const count = (test) => depths.reduce((sum, depth) => sum + test(depth / 65535), 0);
  return [count((d) => d < state.focus - 1e-4), count((d) => d < state.focus + 1e-4)]
    .map((number) => number / depths.length);
}})"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Two photos of other shapes, and a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    generator = np.random.default_rng(0)
    for name, (height, width) in {"wide": (120, 200), "tall": (200, 120)}.items():
        rows = np.linspace(0, 255, height)[:, None, None]
        noise = generator.integers(0, 100, (height, width, 3))
        Image.fromarray(np.uint8(0.6 * rows + noise)).save(folder / f"{name}.png")
    (folder / "text.jpg").write_text("A photo, they said.")
    return [folder / name for name in ("wide.png", "text.jpg", "tall.png")]


def open_tab(visitor):
    visitor.page.get_by_role("tab", name="Compare versions").click()
    visitor.page.locator("#compare-strip img").first.wait_for()


def compare(visitor, files):
    """Give files, and wait until both versions are shown."""
    open_tab(visitor)
    visitor.page.locator("#compare-upload input[type=file]").set_input_files(files)
    wait_for_new(visitor, [None, None])


def wait_for_new(visitor, before):
    """Wait until both viewers show another picture than before."""
    shown = "['compare-0', 'compare-1'].map((name) => window.autofocus?.viewers?.[name]?.shown)"
    visitor.page.wait_for_function(
        f"(before) => {shown}.every((run, k) => run && run !== before[k])",
        arg=before,
        timeout=PATIENCE,
    )


def runs(visitor):
    return visitor.page.evaluate(f"() => {BOTH}.map(({{ shown }}) => shown)")


def canvas(visitor, number):
    return visitor.page.locator("#compare-stage .af-canvas").nth(number)


def test_two_versions_are_looked_at_as_one(visitor, files):
    compare(visitor, files[:1])
    box = canvas(visitor, 0).bounding_box()
    canvas(visitor, 0).click(position={"x": 0.3 * box["width"], "y": 0.8 * box["height"]})
    first, second = visitor.page.evaluate(STATES)
    places = visitor.page.evaluate(f"() => {BOTH}.map(({{ reticle }}) => reticle)")
    assert np.allclose(places, [0.3, 0.8], atol=0.02) and places[0] == places[1]
    depths = f"() => {BOTH}.map((one) => (one.aim(...one.reticle), one.state.focus))"
    assert visitor.page.evaluate(depths) == [first["focus"], second["focus"]]

    visitor.page.locator("#compare-stage input[type=range]").first.fill("0.25")
    for below, above in visitor.page.evaluate(SHARES):
        assert below - 0.01 <= 0.25 <= above + 0.01
    canvas(visitor, 1).press("ArrowUp")
    one, other = visitor.page.evaluate(SHARES)
    assert max(one[0], other[0]) - 0.01 <= min(one[1], other[1])

    canvas(visitor, 1).hover()
    visitor.page.keyboard.down("Control")
    visitor.page.mouse.wheel(0, -600)
    visitor.page.keyboard.up("Control")
    visitor.page.wait_for_function(f"() => {BOTH}.every(({{ state }}) => state.zoom > 1.5)")
    visitor.page.locator("#compare-stage").get_by_role("button", name="Depth").click()
    first, second = visitor.page.evaluate(STATES)
    assert (first["zoom"], first["pan"]) == (second["zoom"], second["pan"])
    assert first["view"] == second["view"] == 2

    visitor.page.locator("#compare-stage").get_by_role("button", name="Auto").click()
    focus_values = visitor.page.locator("#compare-stage .block.version-facts").all_inner_texts()
    assert all("midway" in text or "subject" in text for text in focus_values)
    for state, text in zip(visitor.page.evaluate(STATES), focus_values, strict=True):
        assert state["focus"] == 0.5 or "midway" not in text


def test_figures_and_differences_are_there(visitor, files, tiny_versions):
    compare(visitor, files[:1])
    facts = visitor.page.locator("#compare-stage .block.version-facts").all_inner_texts()
    assert len(facts) == 2 and DEFAULT in facts[0] and "coarse-friday" in facts[1]
    assert tiny_versions["coarse-friday"].sha256[:7] in facts[1]
    assert all(" s on " in text and " MB" in text for text in facts)
    table = visitor.page.locator("#compare-stage .block.agreement table")
    assert table.count() == 1 and table.locator("tr").count() == 3
    picture = visitor.page.locator("#compare-stage .difference img")
    assert picture.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [200, 120]


def test_a_set_names_what_is_not_a_photo_and_shows_one_after_the_other(visitor, files):
    compare(visitor, files)
    strip = visitor.page.locator("#compare-strip img")
    assert strip.count() == 2
    wide, shift = runs(visitor), visitor.page.evaluate("window.layoutShift")
    strip.nth(1).click()
    wait_for_new(visitor, wide)
    # A photo of another shape was asked for, so that what is below may move.
    visitor.page.evaluate("shift => { window.layoutShift = shift }", shift)
    sizes = visitor.page.evaluate(f"() => {BOTH}.map(({{ scene }}) => scene.width)")
    assert sizes == [120, 120]


def test_one_version_is_not_enough_and_a_third_has_its_place(visitor, files):
    compare(visitor, files[:1])
    before, shift = runs(visitor), visitor.page.evaluate("window.layoutShift")
    box = visitor.page.locator("#compare-versions")
    box.locator("input").click()
    visitor.page.get_by_role("option", name="coarse-monday").click()
    wait_for_new(visitor, before)
    third = "() => window.autofocus.viewers['compare-2']?.shown"
    visitor.page.wait_for_function(third, timeout=PATIENCE)
    assert visitor.page.locator("#compare-stage .block.agreement table").count() == 2
    visitor.page.keyboard.press("Escape")
    for _ in range(2):
        box.locator(".token-remove").first.click()
    says = "two to four versions"
    visitor.page.locator("#compare-status [role=alert]", has_text=says).wait_for(timeout=PATIENCE)
    # Columns were asked for and taken away, so that the others may move.
    visitor.page.evaluate("shift => { window.layoutShift = shift }", shift)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_it_fits_and_is_accessible(visit, files, scheme):
    visitor = visit(390, 844, color_scheme=scheme)
    compare(visitor, files[2:])
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(visitor.page, options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert found.violations_count == 0, found.generate_report()
