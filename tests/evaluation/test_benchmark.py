import time

import numpy as np
import pytest

from autofocus.evaluation import benchmark


def test_the_drawn_scene_has_the_size_and_the_ranges_that_are_asked_for():
    photo = benchmark.draw_photo(0.2)
    depth = benchmark.draw_depth(photo.shape[:2])
    assert photo.shape[0] * photo.shape[1] == pytest.approx(0.2e6, rel=0.01)
    assert photo.dtype == depth.dtype == np.float32 and photo.shape[:2] == depth.shape
    for values in (photo, depth):
        assert values.min() >= 0 and values.max() <= 1 and np.ptp(values) > 0.5


def test_functions_take_turns_and_the_first_turn_does_not_count():
    turns = []

    def slow_at_first():
        time.sleep(0 if turns else 0.2)
        turns.append("first")

    quick, other = benchmark.interleaved([slow_at_first, lambda: turns.append("second")], 3)
    assert turns == 4 * ["first", "second"]
    assert 0 <= quick < 0.2 and other >= 0


def test_circles_of_the_lens_and_of_the_planes_have_the_radius_that_is_asked_for():
    made = benchmark.lens(0.2, 12).args
    photo, depth, lens = made
    radius = lens.aperture * np.hypot(*depth.shape) * np.abs(lens.defocus(depth))
    assert radius.max() == pytest.approx(12, rel=0.01)
    _, depth, focus, aperture = benchmark.planes(0.2, 12).args
    assert aperture * np.hypot(*depth.shape) * np.abs(depth - focus).max() == pytest.approx(12)
