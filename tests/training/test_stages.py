import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from autofocus.network import AutoFocusNet
from autofocus.training import curves
from autofocus.training.config import TrainConfig
from autofocus.training.data import read_disparity
from autofocus.training.demo import demo
from autofocus.training.objectives import Saliency, Student, loss_of
from autofocus.training.stages import export, label, mix
from autofocus.training.trainer import Schedule, train
from autofocus.versions.catalog import read_version
from autofocus.versions.weights import load_network
from tests.conftest import TINY

SCHEDULE = Schedule(steps=24, rate=3e-3, warmup=2, save_every=12)


@pytest.fixture
def batch():
    torch.manual_seed(1)
    photo = torch.rand(2, 3, 64, 96)
    mask = torch.zeros(2, 1, 64, 96)
    mask[:, :, 20:40, 30:60] = 1
    photo = photo * 0.3 + 0.6 * mask
    return {
        "photo": photo,
        "disparity": 0.2 + 0.6 * mask,
        "mask": mask,
        "edges": torch.ones(2),
        "trust": torch.ones(2),
        "guessed": torch.tensor([False, True]),
        "tokens": torch.randn(2, 1, 384, 4, 6),
    }


def student():
    torch.manual_seed(0)
    return Student(AutoFocusNet(TINY), torch.zeros(384), torch.ones(384)).train()


def forever(batch):
    def batches(first):
        while True:
            yield batch

    return batches


def total(model, batch):
    with torch.no_grad():
        return sum(model(batch).values()).item()


def test_the_loss_falls(batch, tmp_path):
    model = student()
    before = total(model, batch)
    train(model, forever(batch), loss_of, SCHEDULE, tmp_path)
    assert total(model, batch) < 0.8 * before


def test_a_stopped_run_resumes_to_the_same_weights(batch, tmp_path):
    whole = train(student(), forever(batch), loss_of, SCHEDULE, tmp_path / "whole")

    def stops_half_way(first):
        yield from [batch] * 12

    train(student(), stops_half_way, loss_of, SCHEDULE, tmp_path / "parts")
    resumed = train(student(), forever(batch), loss_of, SCHEDULE, tmp_path / "parts")
    for mine, theirs in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)


def test_stage_two_changes_nothing_but_the_saliency_head(batch, tmp_path):
    network = AutoFocusNet(TINY)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    model = Saliency(network).train()
    train(
        model,
        forever({k: batch[k] for k in ("photo", "mask", "trust")}),
        loss_of,
        SCHEDULE,
        tmp_path,
    )
    changed = {n for n, v in network.state_dict().items() if not torch.equal(v, before[n])}
    assert changed
    assert all(name.startswith("saliency_head.") for name in changed)


def test_a_step_without_a_finite_loss_changes_nothing(batch, tmp_path):
    model = student()
    before = [p.clone() for p in model.parameters()]
    batch["photo"] = batch["photo"] * torch.nan
    train(model, forever(batch), loss_of, Schedule(steps=2, rate=1e-3), tmp_path)
    for mine, theirs in zip(model.parameters(), before, strict=True):
        assert torch.equal(mine, theirs)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """What the demo leaves behind."""
    folder = tmp_path_factory.mktemp("training")
    demo(TrainConfig(runs=folder))
    return folder / "demo"


def test_a_version_labels_photos_as_the_teacher_does(runs, tmp_path):
    config = TrainConfig(data=runs / "data", runs=runs, widths=(8, 8, 16, 16, 16))
    export(config, "dinov2-s", tmp_path / "version")
    again = replace(config, runs=tmp_path, start=tmp_path / "version")
    (tmp_path / "tokens").symlink_to(runs / "tokens")
    label(again)
    names = [sorted(f.name for f in (r / "labels").glob("*.png")) for r in (runs, tmp_path)]
    assert names[0] == names[1] != []
    assert np.ptp(read_disparity(tmp_path / "labels" / names[1][0])) > 0


def test_a_neck_goes_on_from_a_version(runs, tmp_path):
    config = TrainConfig(data=runs / "data", runs=runs, widths=(8, 8, 16, 16, 16), neck_steps=0)
    export(config, "dinov2-s", tmp_path / "version")
    for folder in ("backbone", "tokens"):
        (tmp_path / folder).symlink_to(runs / folder)
    mix(replace(config, runs=tmp_path, start=tmp_path / "version"))
    version, found = load_network(read_version(tmp_path / "version")), load_run(tmp_path / "neck")
    assert all(torch.equal(found[name], value) for name, value in version.state_dict().items())


def test_all_stages_on_drawn_photos_end_in_a_version(runs):
    version = read_version(runs / "version")
    network = load_network(version)
    with torch.inference_mode():
        depth, saliency = network(torch.rand(1, 3, 64, 96))
    assert depth.shape == saliency.shape == (1, 1, 64, 96)
    assert json.loads((runs / "version/config.json").read_text())["trained_on"]["measured depth"]
    for stage in (
        "neck",
        "teacher",
        "student",
        "refine",
        "saliency",
        "teacher-refine",
        "teacher-saliency",
    ):
        with (runs / stage / "curve.csv").open() as handle:
            assert int(list(csv.DictReader(handle))[-1]["step"]) >= 20
    curves.plot(TrainConfig(runs=runs))
    with Image.open(runs / "curves.png") as picture:
        assert picture.height > 500
    for prefix in ("", "teacher-"):
        frozen, then = load_run(runs / f"{prefix}refine"), load_run(runs / f"{prefix}saliency")
        changed = {name for name in frozen if not torch.equal(frozen[name], then[name])}
        assert changed
        assert all(name.startswith("saliency_head.") for name in changed)


def load_run(folder):
    state = load_file(folder / "averaged.safetensors")
    return {n.removeprefix("network."): v for n, v in state.items() if n.startswith("network.")}
