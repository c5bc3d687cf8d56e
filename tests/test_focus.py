import numpy as np
import pytest

from autofocus.focus import (
    Focus,
    choose_focus,
    describe,
    focus_at,
    parse_focus,
    resolve_focus,
)
from autofocus.render import Lens


def test_median_of_the_salient_pixels(scene):
    _, depth = scene
    saliency = np.where(depth == np.float32(0.8), 0.9, 0.1).astype(np.float32)
    focus = choose_focus(depth, saliency)
    assert focus.depth == pytest.approx(0.8)
    assert focus.salient_pixels == (saliency > 0.5).sum()
    assert focus.reason.startswith(f"median of {focus.salient_pixels:,} salient pixels, ")
    assert focus.reason.endswith("% of the photo")


def test_pixels_are_counted_in_the_photo_where_the_maps_are_smaller(scene):
    _, depth = scene
    saliency = np.float32(depth > 0.7)
    small, large = choose_focus(depth, saliency), choose_focus(depth, saliency, (192, 256))
    assert large.salient_pixels == 4 * small.salient_pixels
    assert large.depth == small.depth
    assert large.reason.split(", ")[-1] == small.reason.split(", ")[-1]


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


def test_the_range_is_what_the_subject_fills():
    depth = np.linspace(0.4, 0.5, 101, dtype=np.float32)[None]
    subject = np.ones_like(depth)
    assert choose_focus(depth, subject).range == pytest.approx(0.08)
    assert choose_focus(depth**8, subject).range > 2 * (0.5**8 - 0.45**8) * 0.7  # the wider side
    assert choose_focus(depth * 0 + 0.3, subject).range == 0
    assert choose_focus((depth - 0.4) * 10, subject).range == 0.2
    assert focus_at(depth, 3, 0).range == resolve_focus(0.4, depth).range == 0


def test_people_read_a_headline_and_an_unsure_focus_blurs_less(scene):
    depth = scene[1]
    subject = choose_focus(depth, depth)
    unsure = choose_focus(depth, 0 * depth)
    assert subject.headline == "Focused on the subject"
    assert unsure.headline == "No clear subject: focused midway, blur reduced"
    assert focus_at(depth, 64, 48).headline == "Picked at 64, 48"
    assert Lens(**subject.lens).f_stop == Lens().f_stop
    assert Lens(**unsure.lens).f_stop == 4
    assert Lens(**(unsure.lens | {"f_stop": 1.4})).f_stop == 1.4
    assert Lens(**subject.lens).focus_range == subject.range


def test_a_text_becomes_a_focus(scene):
    depth = scene[1]
    assert resolve_focus(parse_focus("auto"), depth, depth) == choose_focus(depth, depth)
    assert resolve_focus(parse_focus("64,48"), depth) == focus_at(depth, 64, 48)
    assert resolve_focus(parse_focus("0.25"), depth) == Focus(0.25, "as given")


@pytest.mark.parametrize("text", ["", "1.5", "nan", "-0.1", "inf", "a,b", "1,2,3", "Auto"])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError, match="is not"):
        parse_focus(text)


def test_the_facts_are_named_once():
    facts = describe(Focus(0.5, "why", 3, 0.1), (96, 128), "tiny")
    assert facts == {
        "focus": 0.5, "range": 0.1, "reason": "why", "salient_pixels": 3,
        "width": 128, "height": 96, "version": "tiny",
    }  # fmt: skip
