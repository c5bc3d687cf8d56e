import json
import shutil

import pytest
import torch
from PIL import Image

from autofocus.training import trainer
from autofocus.training.config import TrainConfig
from autofocus.training.curves import curves, read_curve
from autofocus.training.demo import NUMBERS, demo
from autofocus.training.trainer import BEST, read_network
from autofocus.versions.catalog import read_version
from autofocus.versions.weights import load_network


@pytest.mark.slow
def test_all_stages_on_drawn_photos_end_in_two_versions(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "save", lambda run: None)  # two gigabytes that are never resumed
    demo(TrainConfig(runs=tmp_path, device="cpu"))
    runs = tmp_path / "demo"
    for name in ("dinov2-s", "resnet"):
        check_version(runs / "versions" / name)
    for name in ("finetune-coarse", "finetune", "student-coarse", "student", "student-saliency"):
        steps, losses = read_curve(runs / name / "curve.csv")
        assert steps[-1] == NUMBERS["steps"] and losses
        assert json.loads((runs / name / "config.json").read_text())["seed"] == 0
    curves(TrainConfig(runs=runs))
    with Image.open(runs / "curves.png") as image:
        assert image.height > 500
    frozen = read_network(runs / "student" / BEST).state_dict()
    then = read_network(runs / "student-saliency" / BEST).state_dict()
    changed = {name for name in frozen if not torch.equal(frozen[name], then[name])}
    assert changed and all(name.startswith("saliency_head.") for name in changed)
    shutil.rmtree(runs)  # hundreds of megabytes


def check_version(folder):
    version = read_version(folder)
    network = load_network(version)
    with torch.inference_mode():
        depth, saliency = network(torch.rand(1, 3, 64, 96))
    assert depth.shape == saliency.shape == (1, 1, 64, 96)
    assert version.config["trained_on"]["copy-paste composites"] == NUMBERS["composites"]
    assert version.config["trained_on"]["pseudo-labels"] > 0
