import csv
from dataclasses import replace
from itertools import repeat

import pytest
import torch
from torch import nn

from autofocus.errors import PhotoError, TrainingError
from autofocus.training import trainer
from autofocus.training.objectives import Joint
from autofocus.training.trainer import BEST, backward, is_better, rate_at, read_network, train
from tests.conftest import TINY
from tests.files.test_atomic import files_of_at_most


class Toy(nn.Module):
    """The mask from the photo, by two convolutions: what is small is written quickly."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        layers = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Conv2d(8, 1, 1)
        self.network = nn.Sequential(*layers)
        self.network.config = TINY

    def forward(self, batch):
        return {"mask": ((self.network(batch["photo"]) - batch["mask"]) ** 2).mean()}


def forever(batch):
    return lambda first: repeat(batch)


def score_of(*scores):
    """A validation that gives these scores, one after the other, then the last one again."""
    left = list(scores)
    return lambda network: {"score": left.pop(0) if len(left) > 1 else left[0]}


def losses_of(folder):
    with (folder / "curve.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    return [float(row["mask"]) for row in rows]


def weights_of(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)["averaged"]


def test_the_loss_falls(batch, config, tmp_path):
    train(Toy(), forever(batch), score_of(1.0), replace(config, rate=0.1), tmp_path)
    losses = losses_of(tmp_path)
    assert losses[-1] < 0.8 * losses[0]


def test_an_interrupted_run_resumes_to_the_same_weights(batch, config, tmp_path):
    def interrupted(first):
        yield from [batch] * 6
        raise KeyboardInterrupt

    train(Toy(), forever(batch), score_of(1.0), config, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(Toy(), interrupted, score_of(1.0), config, tmp_path / "parts")
    train(Toy(), forever(batch), score_of(1.0), config, tmp_path / "parts")
    whole, parts = weights_of(tmp_path / "whole"), weights_of(tmp_path / "parts")
    assert all(torch.allclose(whole[n].float(), parts[n].float(), atol=1e-5) for n in whole)


def test_a_disk_that_is_full_leaves_the_last_checkpoint_whole(batch, config, tmp_path):
    train(Toy(), forever(batch), score_of(1.0), config, tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    longer = replace(config, steps=14)
    for file in sorted(before, key=lambda file: len(before[file])):  # the shortest fails first
        with files_of_at_most(len(before[file]) - 1), pytest.raises(PhotoError, match="written"):
            train(Toy(), forever(batch), score_of(2.0), longer, tmp_path)
        assert set(tmp_path.iterdir()) == set(before)
        assert (tmp_path / "checkpoint.pt").read_bytes() == before[tmp_path / "checkpoint.pt"]
    train(Toy(), forever(batch), score_of(2.0), longer, tmp_path)
    assert (tmp_path / "checkpoint.pt").read_bytes() != before[tmp_path / "checkpoint.pt"]


@pytest.mark.slow
def test_the_named_figure_picks_the_checkpoint(network, batch, config, tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "save", lambda run: None)  # large, and never resumed
    config, kept = replace(config, steps=2, validate_every=1), []

    def validate(averaged):
        kept.append({n: v.clone() for n, v in averaged.state_dict().items()})
        return {"score": [3.0, 2.0, 1.0][len(kept) - 1]}  # the start does not count

    train(Joint(network, config), forever(batch), validate, config, tmp_path)
    best = read_network(tmp_path / BEST).state_dict()
    assert len(kept) == 3
    assert all(torch.equal(best[name], kept[1][name]) for name in best)
    assert not all(torch.equal(best[name], kept[2][name]) for name in best)


def test_a_figure_that_validation_lacks_is_said_before_the_first_step(batch, config, tmp_path):
    def validate(averaged):
        return {"other": 1.0}

    with pytest.raises(TrainingError, match="'score'. It has other"):
        train(Toy(), forever(batch), validate, config, tmp_path)


def test_lower_errors_and_higher_scores_are_better():
    assert is_better("ecssd_mae", 0.1, 0.2) and not is_better("ecssd_mae", 0.2, 0.1)
    assert is_better("ecssd_max_f", 0.2, 0.1) and not is_better("ecssd_max_f", 0.1, 0.2)
    assert is_better("nyu_delta_error_percent", 9, 10) and is_better("anything", 0, None)
    assert is_better("any", 0, float("nan")) and not is_better("any", float("nan"), 0)


def test_a_step_without_a_finite_loss_changes_nothing(batch, config, tmp_path):
    model = Toy()
    before = [p.clone() for p in model.parameters()]
    batch["photo"] = batch["photo"] * torch.nan
    once = replace(config, steps=1)
    train(model, forever(batch), score_of(1.0), once, tmp_path)
    for mine, theirs in zip(model.parameters(), before, strict=True):
        assert torch.equal(mine, theirs)


def test_accumulated_batches_count_like_one_large_one(network, batch, config):
    class Mean(Joint):  # its loss is a mean over photos, and has no batch norm
        def forward(self, batch):
            return {"mean": self.network.depth_head(batch["photo"]).mean()}

    model, maps = Mean(network, config), torch.randn(2, 256, 8, 8)
    weight = network.depth_head[0].weight
    backward(model, {"photo": maps}, config)
    large, weight.grad = weight.grad, None
    for half in maps.split(1):
        backward(model, {"photo": half}, replace(config, accumulate=2))
    assert large.abs().max() > 0
    assert torch.allclose(weight.grad, large, atol=0.02 * large.abs().max().item())


def test_heads_start_first_and_all_rates_end_low(config):
    config = replace(config, steps=100, warmup=10, heads_first=20)
    rates = [rate_at(step, config, head=False) for step in range(100)]
    heads = [rate_at(step, config, head=True) for step in range(100)]
    assert max(rates[:19]) == 0 < min(heads)
    assert heads[5] > heads[0] and rates[29] == heads[29]
    assert rates[-1] < 0.02
