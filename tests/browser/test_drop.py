"""The benchmark of a drop, on the real page."""

from autofocus.evaluation.drop import seconds_until_drawn
from tests.browser.conftest import COFFEE_WIDTH
from tests.browser.visitor import VIEWER


def test_a_drop_is_timed_until_the_photo_that_was_dropped_is_drawn(visitor, files):
    for name, width in (("grey.png", 300), ("coffee.jpg", COFFEE_WIDTH)):
        assert seconds_until_drawn(visitor.page, files / name) > 0
        assert visitor.page.evaluate(f"{VIEWER}.scene.width") == width
        assert visitor.page.evaluate(f"{VIEWER}.frames") > 0
