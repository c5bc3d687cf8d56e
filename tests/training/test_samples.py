from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest
import torch

from autofocus.evaluation.datasets import Item
from autofocus.training.augment import random_colours
from autofocus.training.samples import GroupedBatches, Samples, stream


@pytest.fixture
def item(tmp_path):
    """Brighter and nearer towards the right, its depth unknown in the upper half."""
    ramp = np.tile(np.linspace(20, 235, 96), (72, 1)).astype(np.uint8)
    item = Item(tmp_path / "room.webp", tmp_path / "room.png", tmp_path / "mask.png", exact=True)
    cv2.imwrite(str(item.photo), np.dstack([ramp] * 3))
    cv2.imwrite(str(item.mask), np.where(ramp > 128, 255, 0).astype(np.uint8))
    ramp[:36] = 0
    cv2.imwrite(str(item.depth), ramp[::2, ::2])  # a depth map may be smaller than its photo
    return item


@pytest.fixture
def portrait(tmp_path):
    photo = tmp_path / "portrait.webp"
    cv2.imwrite(str(photo), np.full((90, 60, 3), 128, np.uint8))
    return Item(photo, empty=True, soft=True)


def test_labels_move_with_their_photo(item, config):
    samples = Samples([item], replace(config, whole_chance=0.3), clean=True)
    directions = set()
    for seed in range(12):
        sample = samples[0, seed]
        photo, depth = sample["clean"][0], sample["disparity"][0]
        known = torch.isfinite(depth)
        pairs = torch.stack([photo[known], depth[known]])
        assert torch.corrcoef(pairs)[0, 1] > 0.95
        assert ((photo > 0.5) == (sample["mask"][0] > 0.5)).float().mean() > 0.95
        directions.add(bool(photo[0, 0] > photo[0, -1]))
    assert directions == {True, False}


def test_a_sample_follows_from_its_seed_alone(item, config):
    samples = Samples([item], config)
    torch.manual_seed(5)
    first = samples[0, 7]
    torch.manual_seed(6)
    again, other = samples[0, 7], samples[0, 8]
    assert torch.equal(first["photo"], again["photo"])
    assert not torch.equal(first["photo"], other["photo"])


def test_samples_leave_the_random_state_alone(item, config):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    Samples([item], config)[0, 1]
    assert torch.equal(torch.rand(1), expected)


def test_what_is_not_known_is_nan_and_without_a_subject_the_mask_is_zero(item, portrait, config):
    samples = Samples([replace(item, mask=None), portrait], config)
    assert torch.isnan(samples[0, 0]["mask"]).all()
    assert torch.isnan(samples[1, 0]["disparity"]).all()
    assert (samples[1, 0]["mask"] == 0).all() and samples[1, 0]["soft"]
    assert samples[1, 0]["photo"].shape == (3, 96, 64)
    assert samples[0, 0]["photo"].shape == (3, 64, 96)


def test_batches_have_one_orientation_and_follow_the_weights(item, portrait, config):
    batches = GroupedBatches([item, item, portrait], [1.0, 0.0, 1.0], config, 0)
    seen = [[index for index, _ in batch] for batch in islice(batches, 40)]
    assert {tuple(batch) for batch in seen} == {(0, 0), (2, 2)}


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_resumes_with_the_batches_that_it_would_have_had(item, config, workers):
    config = replace(config, workers=workers)
    whole = [b["photo"] for b in islice(stream([item], [1.0], replace(config, workers=0)), 4)]
    resumed = [b["photo"] for b in islice(stream([item], [1.0], config, first=2), 2)]
    assert torch.equal(torch.stack(whole[2:]), torch.stack(resumed))


def test_another_seed_gives_other_batches(item, config):
    one, two = (next(stream([item], [1.0], replace(config, seed=seed)))["photo"] for seed in (0, 1))
    assert not torch.equal(one, two)


def test_colours_change_within_range(config):
    photo = torch.randint(0, 256, (3, 32, 48), dtype=torch.uint8, generator=torch.manual_seed(0))
    change = random_colours(config)
    torch.manual_seed(0)
    changed = [change(photo) for _ in range(10)]
    assert all(c.dtype == torch.float32 and c.min() >= 0 and c.max() <= 1 for c in changed)
    assert not torch.equal(changed[0], changed[1])
