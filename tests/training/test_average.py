import pytest
import torch

from autofocus.errors import TrainingError
from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.training import __main__ as command
from autofocus.training.average import average
from autofocus.versions.version import read_version
from autofocus.versions.weights import load_network, save_version
from tests.conftest import TINY


def random_version(folder, seed, config=TINY):
    torch.manual_seed(seed)
    save_version(AutoFocusNet(config), folder, {"name": "one", "trained_on": {"photos": seed}})
    return load_network(read_version(folder)).state_dict()


@pytest.mark.slow
def test_every_weight_is_the_mean(tmp_path, monkeypatch):
    first, second = (random_version(tmp_path / str(seed), seed) for seed in (1, 2))
    folders = [str(tmp_path / name) for name in ("mean", "1", "2")]
    monkeypatch.setattr("sys.argv", ["training", "average", *folders])
    assert command.main() == 0
    version = read_version(tmp_path / "mean")
    for key, weight in load_network(version).state_dict().items():
        expected = (first[key] + second[key]) / 2 if weight.is_floating_point() else first[key]
        assert torch.allclose(weight, expected, rtol=1e-3, atol=1e-5), key
    assert version.name == "one" and version.config["trained_on"] == {"photos": 1}


@pytest.mark.slow
def test_other_shapes_are_refused(tmp_path):
    random_version(tmp_path / "1", 1)
    random_version(tmp_path / "2", 2, NetworkConfig(TINY.encoder, TINY.widths, short_side=128))
    with pytest.raises(TrainingError, match="one shape"):
        average(tmp_path / "mean", [str(tmp_path / "1"), str(tmp_path / "2")])
