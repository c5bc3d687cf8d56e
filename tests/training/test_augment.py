import cv2
import numpy as np
import pytest

from autofocus.training.augment import look_at, moved, write_retaken
from autofocus.training.data import Item, read_disparity, read_frame


@pytest.fixture
def scene(tmp_path):
    ramp = np.tile(np.linspace(20, 250, 128, dtype=np.uint8), (96, 1))
    cv2.imwrite(str(tmp_path / "room.webp"), np.dstack([ramp] * 3))
    cv2.imwrite(str(tmp_path / "room.png"), ramp)
    return Item(tmp_path / "room.webp", tmp_path / "room.png")


def test_a_look_shows_nothing_from_beyond_the_photo():
    height, width = size = 384, 512
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]])
    for _ in range(200):
        seen = corners @ look_at(size).T
        assert (seen >= -1e-6).all() and (seen <= [width + 1e-6, height + 1e-6]).all()


def test_a_map_moves_as_its_photo_does():
    rows = np.mgrid[0:96, 0:128].astype(np.float32)
    look = look_at((96, 128))
    linear = [moved(axis, look, cv2.INTER_LINEAR) for axis in rows]
    nearest = [moved(axis, look, cv2.INTER_NEAREST) for axis in rows]
    assert np.abs(np.subtract(linear, nearest)).max() <= 1


def test_every_scene_is_taken_anew_with_its_nearest_at_one(scene, tmp_path):
    folder = tmp_path / "retaken"
    write_retaken([scene], 3, folder)
    photos = sorted(folder.glob("*.webp"))
    assert len(photos) == 3
    pictures = [read_frame(photo) for photo in photos]
    assert not np.array_equal(pictures[0], pictures[1])
    for photo in photos:
        assert np.nanmax(read_disparity(photo.with_suffix(".png"))) == pytest.approx(1)


def test_what_is_there_is_kept(scene, tmp_path):
    folder = tmp_path / "retaken"
    write_retaken([scene], 1, folder)
    (file,) = folder.glob("*.webp")
    before = file.stat().st_mtime_ns
    write_retaken([scene], 2, folder)
    assert file.stat().st_mtime_ns == before and len(list(folder.glob("*.webp"))) == 2
