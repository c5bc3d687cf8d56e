import cv2
import numpy as np
import pytest

from autofocus.training.pseudo_labels import RELIEF, flattened, step_at_outline

SIZE = 120, 160


@pytest.fixture
def mask():
    mask = np.zeros(SIZE, bool)
    mask[30:90, 50:110] = True
    return mask


def smoothed(mask, reach):
    """A step from 0.2 to 0.8 that is spread over `reach` pixels."""
    return cv2.GaussianBlur(np.where(mask, 0.8, 0.2).astype(np.float32), (0, 0), reach)


def test_a_soft_step_moves_onto_the_outline(mask):
    depth = step_at_outline(smoothed(mask, 2), mask)
    assert depth[60, 50] - depth[60, 49] > 0.5
    assert depth[60, 109] - depth[60, 110] > 0.5


def test_a_subject_behind_its_surroundings_stays_as_it_is(mask):
    depth = 1 - smoothed(mask, 2)
    assert np.array_equal(step_at_outline(depth, mask), depth)


def test_the_subject_keeps_its_place_with_little_of_its_relief(mask):
    depth = np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    flat = flattened(depth, mask)
    assert np.array_equal(flat[~mask], depth[~mask])
    assert np.median(flat[mask]) == pytest.approx(np.median(depth[mask]), abs=1e-6)
    assert 0 < np.ptp(flat[mask]) < np.ptp(depth[mask]) / 2
    assert np.ptp(flat[mask]) == pytest.approx(RELIEF * np.ptp(depth[mask]), rel=1e-3)
    assert (np.diff(flat[60, 50:110]) > 0).all()


def test_without_a_subject_nothing_changes():
    depth = np.random.default_rng(0).random(SIZE, np.float32)
    assert np.array_equal(flattened(depth, np.zeros(SIZE, bool)), depth)
