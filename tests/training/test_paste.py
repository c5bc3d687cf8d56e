import random

import cv2
import numpy as np
import pytest

from autofocus.evaluation.datasets import Item, read_disparity, scenes_in
from autofocus.training.paste import Cutout, composite, scaled, write_composites


@pytest.fixture
def scene(tmp_path):
    label = np.tile(np.linspace(60, 120, 96, dtype=np.uint8)[:, None], (1, 128))
    cv2.imwrite(str(tmp_path / "room.webp"), np.full((96, 128, 3), 100, np.uint8))
    cv2.imwrite(str(tmp_path / "room.png"), label)
    return Item(tmp_path / "room.webp", tmp_path / "room.png")


@pytest.fixture
def subject(tmp_path):
    mask = np.zeros((200, 200), np.uint8)
    cv2.circle(mask, (100, 100), 80, 255, -1)
    cv2.imwrite(str(tmp_path / "disc.webp"), np.full((200, 200, 3), 220, np.uint8))
    cv2.imwrite(str(tmp_path / "disc.png"), mask)
    return Item(tmp_path / "disc.webp", mask=tmp_path / "disc.png")


def shrunk(cutout):
    """The cutout at about a fifth of its size."""
    small = scaled(cutout, (cutout.mask.shape[0] // 5, 10_000), random.Random(0))
    assert small.mask.shape[0] < 0.25 * cutout.mask.shape[0]
    return small


def test_a_fine_texture_shrinks_to_its_mean():
    stripes = np.zeros((200, 200, 3), np.float32)
    stripes[:, ::2] = 255
    small = shrunk(Cutout(stripes, np.ones((200, 200), np.float32)))
    assert np.abs(small.colours - 127.5).max() < 40


def test_a_shrunk_boundary_covers_pixels_in_part():
    rows, columns = np.mgrid[0:300, 0:300]
    disc = (np.hypot(rows - 150, columns - 150) < 140).astype(np.float32)
    small = shrunk(Cutout(np.zeros((300, 300, 3), np.float32), disc))
    partly = (small.mask > 0.05) & (small.mask < 0.95)
    around = np.pi * small.mask.shape[0]
    assert 0.3 * around < partly.sum() < 2 * around
    assert len(np.unique(np.round(small.mask[partly], 2))) > 10


def test_depth_is_discontinuous_exactly_on_the_subjects_boundary(scene, subject):
    photo, disparity, mask = composite(scene, subject, random.Random(1))
    inside = mask > 0.5
    assert photo.shape == (96, 128, 3) and photo.dtype == np.uint8
    assert inside.any() and not inside.all()
    assert disparity[inside].min() > disparity[~inside].max()
    assert disparity.max() == pytest.approx(1)


def test_composites_are_seeded_and_those_that_are_there_stay(scene, subject, tmp_path):
    write_composites([scene], [subject], 1, 0, tmp_path / "a")
    write_composites([scene], [subject], 2, 0, tmp_path / "b")
    (first,) = scenes_in(tmp_path / "a")
    same, other = scenes_in(tmp_path / "b")
    assert first.photo.read_bytes() == same.photo.read_bytes() != other.photo.read_bytes()
    assert first.mask and np.nanmax(read_disparity(first.depth)) == pytest.approx(1)
    before = first.photo.stat().st_mtime_ns
    write_composites([scene], [subject], 1, 0, tmp_path / "a")
    assert first.photo.stat().st_mtime_ns == before
