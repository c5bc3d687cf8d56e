import numpy as np
import pytest

from autofocus.focus import choose_focus, focus_at


def test_median_of_the_salient_pixels(scene):
    _, depth = scene
    saliency = np.where(depth == np.float32(0.8), 0.9, 0.1).astype(np.float32)
    focus = choose_focus(depth, saliency)
    assert focus.depth == pytest.approx(0.8)
    assert focus.salient_pixels == (saliency > 0.5).sum()
    assert focus.reason.startswith(f"median of {focus.salient_pixels:,} salient pixels, ")
    assert focus.reason.endswith("% of the photo")


def test_salient_means_at_least_0_8():
    depth = np.array([[0.1, 0.9]], np.float32)
    focus = choose_focus(depth, np.array([[0.8, 0.7999]], np.float32))
    assert focus.depth == pytest.approx(0.1)
    assert focus.reason == "median of 1 salient pixel, 50.0 % of the photo"


def test_nothing_salient_is_midway():
    focus = choose_focus(np.ones((4, 4), np.float32), np.zeros((4, 4), np.float32))
    assert (focus.depth, focus.reason) == (0.5, "no salient region: midway")


def test_a_click_takes_the_depth_there_and_forgives_a_stray_pixel(scene):
    _, depth = scene
    depth[48, 64] = 0
    focus = focus_at(depth, 64, 48)
    assert focus.depth == pytest.approx(0.8)
    assert focus.reason == "picked at 64, 48"


@pytest.mark.parametrize("corner", [(0, 0), (127, 0), (0, 95), (127, 95)])
def test_corners_can_be_picked(scene, corner):
    depth = scene[1]
    picked = focus_at(depth, *corner).depth
    assert picked == pytest.approx(depth[corner[1], corner[0]], abs=0.02)


@pytest.mark.parametrize("point", [(-1, 0), (128, 0), (0, 96)])
def test_a_point_outside_is_refused(scene, point):
    with pytest.raises(ValueError, match="outside the photo, which is 128×96"):
        focus_at(scene[1], *point)


def test_a_single_pixel():
    assert focus_at(np.array([[0.3]], np.float32), 0, 0).depth == pytest.approx(0.3)


def test_maps_that_do_not_belong_together_are_refused(scene):
    depth = scene[1]
    with pytest.raises(ValueError, match="saliency"):
        choose_focus(depth, depth[:5])
    broken = depth.copy()
    broken[0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        choose_focus(broken, depth)
