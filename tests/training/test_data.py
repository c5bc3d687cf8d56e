from dataclasses import replace

import cv2
import numpy as np
import pytest

from autofocus.evaluation.datasets import empty_items, is_confident, mask_items, photos_of
from autofocus.training.data import LABELS, label_file, mask_parts, training_parts, weighted


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"")


@pytest.fixture
def folders(tmp_path, config):
    one, two = tmp_path / "one", tmp_path / "two"
    touch(one / "depth/nyu/train", "a.webp", "a.png", "a.mask.webp")
    touch(one / "depth/strong/train", "b.webp", "b.png")
    touch(one / "saliency/people", *(f"{i:02d}.webp" for i in range(20)))
    touch(two / "saliency/duts/train", "c.webp", "d.webp")
    touch(two / "photos/houses", *(f"{i:02d}_kitchen.webp" for i in range(11)), "x_frontal.webp")
    return replace(config, data=(one, two))


def test_a_part_is_drawn_as_often_as_its_fraction_says(folders):
    items, weights = weighted(training_parts(folders))
    drawn = {}
    for item, weight in zip(items, weights, strict=True):
        drawn[item.photo.parent.name] = drawn.get(item.photo.parent.name, 0) + weight
    by_folder = {item.photo.parts[-3]: item for item in items}
    assert {"nyu", "strong", "saliency", "duts", "photos"} == set(by_folder)
    assert drawn["people"] == pytest.approx(folders.share_masks)
    assert drawn["houses"] == pytest.approx(folders.share_empty)
    assert by_folder["nyu"].mask and not by_folder["nyu"].pseudo and not by_folder["nyu"].exact
    assert by_folder["strong"].pseudo and by_folder["strong"].exact
    assert by_folder["saliency"].person and by_folder["photos"].empty


def test_what_validates_is_never_trained_on(folders):
    held = {item.photo for item in mask_items(folders.data, "people", held_out=True)}
    held |= {item.photo for item in empty_items(folders.data, held_out=True)}
    trained = {item.photo for _, part in mask_parts(folders) for item in part}
    assert len(held) == 4 and not held & trained
    assert not any(photo.stem == "x_frontal" for photo in held | trained)


def test_masks_beside_photos_are_not_photos(folders):
    assert len(photos_of(folders.data, "depth/nyu/train")) == 1


def test_once_there_are_labels_only_labelled_photos_are_drawn_and_more_often(folders):
    first = mask_parts(folders)[0][1][0]
    label = label_file(folders.runs / LABELS, first)
    label.parent.mkdir(parents=True)
    label.write_bytes(b"")
    (labelled,) = [part for part in training_parts(folders) if "duts" in str(part[1][:1])]
    assert labelled[0] == pytest.approx(folders.labelled_factor * folders.share_duts)
    assert [item.depth for item in labelled[1]] == [label]
    assert all(item.pseudo and item.exact for item in labelled[1])


def test_a_confident_mask_is_clear_and_neither_tiny_nor_everything():
    mask = np.zeros((60, 80), np.float32)
    assert not is_confident(mask)
    cv2.circle(mask, (40, 30), 20, 1, -1)
    assert is_confident(mask) and not is_confident(np.ones_like(mask))
    assert not is_confident(cv2.GaussianBlur(mask, (0, 0), 12))
