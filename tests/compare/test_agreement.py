"""Two predictions of one photo: equal ones agree perfectly, others by what is known of them."""

import numpy as np
import pytest

from autofocus.compare.agreement import (
    Agreement,
    depth_difference,
    mean_agreement,
    measure_agreement,
    overlap,
    rank_correlation,
)
from autofocus.compare.sheet import Sheet, to_html, write_sheet
from autofocus.predict import Prediction
from autofocus.view import FARTHER, NEARER, SAME, colour_difference


@pytest.fixture
def prediction(scene):
    photo, depth = scene
    return Prediction(depth, np.float32(depth > 0.7))


def test_equal_predictions_agree_perfectly(prediction):
    assert measure_agreement(prediction, prediction) == Agreement(1.0, 1.0, 0.0)
    assert np.abs(depth_difference(prediction.depth, prediction.depth)).max() < 1e-6


def test_agreement_has_no_direction(prediction):
    generator = np.random.default_rng(1)
    noise = generator.random(prediction.depth.shape, np.float32)
    other = Prediction(0.5 * prediction.depth + 0.5 * noise, noise)
    one, two = measure_agreement(prediction, other), measure_agreement(other, prediction)
    assert one == two
    assert 0.1 < one.rank < 0.9 and 0 < one.overlap < 0.5 and 0 < one.focus < 1


def test_rank_knows_order_and_nothing_else(prediction):
    depth = prediction.depth
    assert rank_correlation(depth, depth**3) == pytest.approx(1, abs=1e-4)
    assert rank_correlation(depth, 1 - depth) == pytest.approx(-1, abs=1e-4)
    flat = np.full_like(depth, 0.3)
    assert rank_correlation(flat, flat / 2) == 1
    assert rank_correlation(flat, depth) == 0


def test_ties_share_their_mean_rank():
    one = np.array([[1.0, 2, 2, 3]])
    other = np.array([[1.0, 3, 2, 4]])
    # Ranks 1, 2.5, 2.5, 4 and 1, 3, 2, 4: covariance 4.5, variances 4.5 and 5.
    assert rank_correlation(one, other) == pytest.approx(4.5 / np.sqrt(4.5 * 5))


def test_a_large_map_is_sampled():
    rows = np.linspace(0, 1, 1500, dtype=np.float32)[:, None]
    depth = np.repeat(rows, 1000, axis=1)
    assert rank_correlation(depth, depth[::-1]) == pytest.approx(-1, abs=1e-3)


def test_overlap_counts_salient_pixels():
    one, other = np.zeros((2, 10)), np.zeros((2, 10))
    assert overlap(one, other) == 1
    one[0, :6] = other[0, 3:9] = 0.8
    other[1] = 0.79  # not salient
    assert overlap(one, other) == pytest.approx(3 / 9)


def test_scale_and_shift_are_no_difference_but_upside_down_is(prediction):
    depth = prediction.depth
    assert np.abs(depth_difference(depth, 0.4 * depth + 0.3)).max() < 1e-5
    assert np.ptp(depth_difference(depth, 1 - depth)) == pytest.approx(np.ptp(depth))
    assert np.ptp(depth_difference(depth, np.zeros_like(depth))) == pytest.approx(np.ptp(depth))
    nearer = depth.copy()
    nearer[:10, :10] += 0.2
    difference = depth_difference(nearer, depth)
    assert difference[:10, :10].min() > 0.1 and difference[20:, 20:].max() < 0.05


def test_differences_have_two_colours_about_grey():
    colours = colour_difference(np.array([[-1.0, 0, 1]]))
    assert np.allclose(colours, [[FARTHER, SAME, NEARER]])
    assert colours.dtype == np.float32
    luma = colours @ np.float32([0.3, 0.6, 0.1])
    assert luma[0, 0] < luma[0, 1] < luma[0, 2]


def test_maps_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        rank_correlation(np.zeros((2, 3)), np.zeros((3, 2)))


def test_the_mean_is_of_each_figure():
    assert mean_agreement([Agreement(1, 0.5, 0), Agreement(0, 0, 0.5)]) == Agreement(
        0.5, 0.25, 0.25
    )
    with pytest.raises(ValueError, match="no agreement"):
        mean_agreement([])


def test_a_page_needs_nothing_else_and_escapes_names(scene, tmp_path):
    sheet = Sheet("<a> and b", ["photo", "<b>depth"])
    sheet.add("<script>.jpg", [scene[0], np.repeat(scene[1][..., None], 3, axis=2)])
    text = to_html(sheet, [["photo", "rank"], ["<i>", "0.5"]])
    assert text.count("data:image/jpeg;base64,") == 2
    assert not any(word in text for word in ("<script", "<a>", "<b>", "<i>"))
    assert "http" not in text.replace("http-equiv", "")
    write_sheet(sheet, tmp_path / "sheet.html")
    assert "<table>" not in (tmp_path / "sheet.html").read_text()


def test_images_on_a_sheet_are_small():
    sheet = Sheet("large", ["photo"])
    sheet.add("large", [np.zeros((3000, 2000, 3), np.float32)])
    assert max(sheet.rows[0][0].shape) == 640
