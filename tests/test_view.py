import numpy as np
import pytest

from autofocus.view import (
    PALETTE_NAMES,
    colour_depth,
    colour_difference,
    contact_sheet,
    overlay_saliency,
)

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("palette", PALETTE_NAMES)
def test_palettes_are_colours(palette):
    colours = colour_depth(np.linspace(-1, 2, 60, dtype=np.float32).reshape(6, 10), palette)
    assert colours.shape == (6, 10, 3)
    assert colours.min() >= 0
    assert colours.max() <= 1


@pytest.mark.parametrize("palette", ["inferno", "grey"])
def test_nearer_is_brighter(palette):
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None]
    light = colour_depth(ramp, palette)[0] @ LUMINANCE
    assert (np.diff(light) > -0.005).all()
    assert light[-1] > light[0] + 0.5


def test_unknown_palettes_are_refused():
    with pytest.raises(ValueError, match="inferno"):
        colour_depth(np.zeros((2, 2), np.float32), "jet")


def test_only_salient_pixels_and_their_outline_change(scene):
    photo, depth = scene
    saliency = (depth == np.float32(0.8)).astype(np.float32)
    result = overlay_saliency(photo, saliency)
    changed = np.abs(result - photo).max(axis=2) > 1e-6
    assert changed[saliency == 1].all()
    assert not changed[:15].any()
    inside = result[48, 64]
    assert inside[0] - inside[1:].max() > 0.3  # red
    assert inside[1] > 0.1  # and the photo still to be seen


def test_the_outline_shows_without_colour(scene):
    photo, depth = scene
    saliency = (depth == np.float32(0.8)).astype(np.float32)
    light = overlay_saliency(photo, saliency) @ LUMINANCE
    assert light[48].max() > 0.85
    assert (photo @ LUMINANCE)[48].max() < 0.75


def test_nothing_salient_changes_nothing(scene):
    photo, depth = scene
    assert np.array_equal(overlay_saliency(photo, 0 * depth), photo)


@pytest.mark.slow
def test_a_sheet_holds_every_image(scene):
    photo, _ = scene
    rows = [[photo, photo[:, :40]], [photo[:20], photo]]
    sheet = contact_sheet(rows, ["one", "two"], ["first", "a caption " * 60])
    assert sheet.ndim == 3
    assert sheet.min() >= 0
    assert sheet.max() <= 1
    orange = np.abs(sheet - np.array([0.9, 0.5, 0.3])).max(axis=2) < 0.05
    assert orange.sum() > 5000


def test_a_sheet_whose_numbers_do_not_match_is_refused(scene):
    with pytest.raises(ValueError, match="title for each column"):
        contact_sheet([[scene[0]]], ["one", "two"], ["first"])


def test_a_difference_is_grey_where_there_is_none_and_else_tells_nearer_from_farther():
    same, nearer, farther = colour_difference(np.float32([[0, 0.3, -0.3]]))[0]
    assert np.ptp(same) < 0.02
    assert nearer[0] > nearer[2] + 0.3 and farther[2] > farther[0] + 0.3  # orange and blue
    assert abs(nearer @ LUMINANCE - farther @ LUMINANCE) > 0.2  # and by lightness
    full = colour_difference(np.float32([[0.25, 1]]))[0]
    assert np.array_equal(*full)


def test_a_saliency_of_another_size_is_refused(scene):
    with pytest.raises(ValueError, match="saliency is"):
        overlay_saliency(scene[0], scene[1][:-1])
