from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from autofocus.evaluation.datasets import Item, read_disparity
from autofocus.network import AutoFocusNet
from autofocus.training.config import TrainConfig
from autofocus.training.data import labelled_items
from autofocus.training.pseudo_labels import (
    averaged_depth,
    flattened,
    snapped_to_boundary,
    write_labels,
)
from tests.conftest import TINY

SIZE = 120, 160
BAND, VARIATION = 0.02, 0.3


@pytest.fixture
def small_network():
    torch.manual_seed(0)
    return AutoFocusNet(replace(TINY, short_side=96)).eval()


@pytest.fixture
def mask():
    mask = np.zeros(SIZE, bool)
    mask[30:90, 50:110] = True
    return mask


def smoothed(mask, radius):
    """A discontinuity from 0.2 to 0.8 that is spread over `radius` pixels."""
    return cv2.GaussianBlur(np.where(mask, 0.8, 0.2).astype(np.float32), (0, 0), radius)


def test_a_soft_discontinuity_moves_onto_the_boundary(mask):
    depth = snapped_to_boundary(smoothed(mask, 2), mask, BAND)
    assert depth[60, 50] - depth[60, 49] > 0.5
    assert depth[60, 109] - depth[60, 110] > 0.5


def test_a_subject_behind_its_surroundings_stays_as_it_is(mask):
    depth = 1 - smoothed(mask, 2)
    assert np.array_equal(snapped_to_boundary(depth, mask, BAND), depth)


def test_the_subject_keeps_its_place_with_little_of_its_depth_variation(mask):
    depth = np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    flat = flattened(depth, mask, VARIATION)
    assert np.array_equal(flat[~mask], depth[~mask])
    assert np.median(flat[mask]) == pytest.approx(np.median(depth[mask]), abs=1e-6)
    assert np.ptp(flat[mask]) == pytest.approx(VARIATION * np.ptp(depth[mask]), rel=1e-3)
    assert (np.diff(flat[60, 50:110]) > 0).all()


def test_without_a_subject_nothing_changes():
    depth = np.random.default_rng(0).random(SIZE, np.float32)
    assert np.array_equal(flattened(depth, np.zeros(SIZE, bool), VARIATION), depth)


def test_a_mirrored_photo_has_the_mirrored_label(small_network):
    rgb = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    depth = averaged_depth(small_network, rgb, (1.0, 1.25))
    mirrored = averaged_depth(small_network, np.ascontiguousarray(rgb[:, ::-1]), (1.0, 1.25))
    assert depth.shape == (96, 128) and depth.min() == 0 and depth.max() == 1
    assert np.corrcoef(depth.ravel(), mirrored[:, ::-1].ravel())[0, 1] > 0.999


def test_photos_get_a_label_that_is_a_networks(small_network, mask, tmp_path):
    photo, drawn = tmp_path / "a.webp", tmp_path / "a.png"
    cv2.imwrite(str(photo), np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8))
    cv2.imwrite(str(drawn), np.uint8(255 * mask))
    items = [Item(photo, mask=drawn), replace(Item(photo.with_stem("b")), empty=True)]
    photo.with_stem("b").write_bytes(photo.read_bytes())
    write_labels(small_network, items, tmp_path / "labels", TrainConfig())
    one, two = labelled_items(items, tmp_path / "labels")
    assert one.pseudo and two.pseudo and one.exact and not two.exact
    assert np.ptp(read_disparity(one.depth)) > 0.5
    assert read_disparity(two.depth).shape == SIZE
