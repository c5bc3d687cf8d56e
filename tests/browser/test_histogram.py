"""The band of depth that is sharp, on the histogram: by mouse, touch and keyboard."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import VIEWER, eventually

SIZES = {"phone": (390, 844), "desktop": (1440, 900)}


@pytest.fixture(params=SIZES)
def visitor(visit, files, request):
    opened = visit(*SIZES[request.param], has_touch=True)
    opened.open(files / "coffee.jpg")
    opened.page.locator(".band[style]").wait_for()
    return opened


def lens(visitor):
    return visitor.page.evaluate(f"[{VIEWER}.state.focus, {VIEWER}.state.focus_range]")


def expect_lens(visitor, focus, focus_range):
    eventually(lambda: lens(visitor), [focus, focus_range])


def drag(visitor, selector, share):
    """Drag a part of the band by a share of the histogram's width."""
    page, box = visitor.page, visitor.page.locator(selector).bounding_box()
    width = page.locator(".histogram").bounding_box()["width"]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + share * width, y, steps=4)
    page.mouse.up()


def test_the_band_is_dragged_by_its_middle_and_its_ends(visitor):
    visitor.page.locator(".histogram").scroll_into_view_if_needed()
    focus, width = lens(visitor)
    assert 0 < width <= 0.2  # what the subject fills
    assert visitor.focus() == pytest.approx(focus, abs=1e-3)
    drag(visitor, ".band .middle", -0.1)
    expect_lens(visitor, pytest.approx(focus - 0.1, abs=0.02), pytest.approx(width, abs=1e-3))
    assert visitor.reason() == "Set by hand."
    drag(visitor, ".band .end.far", -0.1)
    expect_lens(
        visitor, pytest.approx(visitor.focus(), abs=1e-3), pytest.approx(width + 0.2, abs=0.08)
    )
    assert visitor.focus() == pytest.approx(focus - 0.1, abs=0.02)
    visitor.page.get_by_role("button", name="Auto").click()
    expect_lens(visitor, pytest.approx(focus, abs=1e-3), pytest.approx(width, abs=1e-3))


def test_its_ends_are_sliders_for_the_keyboard(visitor):
    focus, width = lens(visitor)
    end = visitor.page.get_by_role("slider", name="Nearest depth that is sharp")
    before = int(end.get_attribute("aria-valuenow"))
    end.press("Shift+ArrowRight")
    expect(end).not_to_have_attribute("aria-valuenow", str(before))
    expect_lens(visitor, focus, pytest.approx(width + 0.1, abs=2e-3))
    visitor.page.get_by_role("slider", name="Farthest depth that is sharp").press("ArrowRight")
    expect_lens(visitor, focus, pytest.approx(width + 0.09, abs=2e-3))


def test_a_tap_beside_the_band_brings_it_there_and_asks_for_nothing(visitor):
    requests = []
    visitor.finish()
    visitor.page.on("request", lambda request: requests.append(request.url))
    box = visitor.page.locator(".histogram")
    box.tap(position={"x": 5, "y": 30})
    visitor.page.wait_for_function(f"{VIEWER}.state.focus < 0.1")
    assert requests == []


def test_settings_tell_the_range(visitor):
    visitor.more()
    _, data = visitor.download("get-settings")
    settings = json.loads(data)
    assert settings["focus_range"] == pytest.approx(lens(visitor)[1], abs=1e-3)


def test_cats_eye_and_spherical_reach_the_lens(visitor):
    visitor.more()
    visitor.press("End", "cats-eye")
    visitor.press("Home", "spherical")
    visitor.page.wait_for_function(
        f"{VIEWER}.state.cats_eye === 1 && {VIEWER}.state.spherical === -1"
    )
