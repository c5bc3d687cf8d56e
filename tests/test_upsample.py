import cv2
import numpy as np
import pytest

from autofocus.upsample import DEPTH_RADIUS, upsample_depth, upsample_guided, upsample_saliency

both = pytest.mark.parametrize("upsample", [upsample_depth, upsample_saliency])


@pytest.fixture
def step():
    """A photo (192×512) of two colours, the same small, and a soft map of the step."""
    photo = np.full((192, 512, 3), 0.2, np.float32)
    photo[:, 258:] = (0.7, 0.6, 0.3)
    small = cv2.resize(photo, (256, 96), interpolation=cv2.INTER_AREA)
    soft = np.tile(np.clip((np.arange(256) - 124) / 9, 0, 1).astype(np.float32), (96, 1))
    return photo, small, soft


def test_a_soft_step_becomes_sharp_on_the_photos_edge(step):
    photo, small, soft = step
    guided = upsample_guided(soft, small, photo, DEPTH_RADIUS)
    plain = cv2.resize(soft, (512, 192))
    assert (guided[:, 260] - guided[:, 255]).min() > 0.6
    assert (plain[:, 260] - plain[:, 255]).max() < 0.4
    assert np.abs(np.diff(guided[96])).argmax() == pytest.approx(257, abs=1)


@both
def test_boundaries_lie_where_the_photos_do(step, upsample):
    photo, small, soft = step
    drawn = upsample(soft, small, photo)
    assert (drawn[:, 260] - drawn[:, 255]).min() > 0.6
    assert np.abs(np.diff(drawn[96])).argmax() == pytest.approx(257, abs=1)


@both
def test_texture_is_no_boundary(step, upsample):
    photo, _, soft = step
    strands = np.where(np.arange(512) % 16 < 8, 0.3, 0.6).astype(np.float32)
    photo[:, 258:] = strands[258:, None]  # some are of nearly the far side's colour
    small = cv2.resize(photo, (256, 96), interpolation=cv2.INTER_AREA)
    assert np.ptp(upsample_guided(soft, small, photo, DEPTH_RADIUS)[:, 272:]) > 0.2
    assert np.ptp(upsample(soft, small, photo)[:, 272:]) < 0.01


@pytest.fixture
def road():
    """A photo of lines painted on a road, the same small, and the road's even slope."""
    photo = np.full((192, 512, 3), 0.3, np.float32)
    photo[40::24] = photo[42::24] = 0.8
    small = cv2.resize(photo, (256, 96), interpolation=cv2.INTER_AREA)
    return photo, small, np.tile(np.linspace(0.2, 0.9, 96, dtype=np.float32)[:, None], (1, 256))


@both
def test_what_is_painted_on_a_slope_leaves_no_mark(road, upsample):
    photo, small, slope = road
    plain = cv2.resize(slope, (512, 192))
    assert np.abs(upsample_guided(slope, small, photo, DEPTH_RADIUS) - plain).max() > 0.01
    assert np.abs(upsample(slope, small, photo) - plain).max() < 1e-3


@both
def test_a_boundary_on_a_slope_lies_where_the_photos_does(road, step, upsample):
    photo, small, soft = step
    drawn = upsample(0.5 * soft + 0.5 * road[2], small, photo)
    assert (drawn[:, 260] - drawn[:, 255]).min() > 0.3


@both
def test_the_result_stays_within_the_maps_range(step, upsample):
    photo, small, soft = step
    noisy = photo + np.random.default_rng(0).normal(0, 0.1, photo.shape).astype(np.float32)
    guided = upsample(0.3 + 0.2 * soft, small, noisy)
    assert guided.shape == photo.shape[:2]
    assert guided.dtype == np.float32
    assert guided.min() >= 0.3 - 1e-6
    assert guided.max() <= 0.5 + 1e-6


@both
def test_a_flat_map_stays_flat_on_any_photo(step, upsample):
    photo, small, soft = step
    guided = upsample(np.full_like(soft, 0.4), small, photo)
    assert np.abs(guided - 0.4).max() < 1e-3


@both
def test_a_photo_of_one_colour_gives_the_map_back_smoothly(step, upsample):
    photo, small, soft = step
    grey = upsample(soft, np.full_like(small, 0.5), np.full_like(photo, 0.5))
    assert np.isfinite(grey).all()
    assert grey[:, :40].max() < 0.2
    assert grey[:, -40:].min() > 0.8
