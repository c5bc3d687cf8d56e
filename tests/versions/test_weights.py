import json

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from autofocus.errors import VersionError
from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.versions import weights
from autofocus.versions.weights import WEIGHTS
from tests.conftest import TINY


def copy_of(version, tmp_path):
    """The version in a folder that a test may break."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for file in version.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def change_config(folder, **fields):
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **fields}))


def test_round_trip_keeps_the_maps(tiny_network, tiny_version):
    loaded = weights.load_network(tiny_version)
    photo = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        for mine, theirs in zip(tiny_network(photo), loaded(photo), strict=True):
            assert (mine - theirs).abs().max() < 0.02  # half precision on disk


def test_loaded_network_is_float32_and_evaluates(tiny_version):
    network = weights.load_network(tiny_version)
    assert not network.training
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_one_changed_byte_is_refused(tiny_version, tmp_path):
    folder = copy_of(tiny_version, tmp_path)
    file = folder / WEIGHTS
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(VersionError, match="do not match the hash"):
        weights.load_network(weights.read_version(folder))


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_weights_that_do_not_fit_are_refused(tiny_version, tmp_path, change):
    folder = copy_of(tiny_version, tmp_path)
    file = folder / WEIGHTS
    state = load_file(file)
    name = next(name for name in state if name.endswith(".weight"))
    if change == "missing":
        del state[name]
    elif change == "extra":
        state["stranger"] = torch.zeros(1)
    else:
        state[name] = torch.zeros(3)
    save_file(state, file)
    change_config(folder, sha256=weights.file_hash(file))
    with pytest.raises(VersionError, match="do not fit"):
        weights.load_network(weights.read_version(folder))


def test_config_of_another_network_is_refused(tiny_version, tmp_path):
    folder = copy_of(tiny_version, tmp_path)
    change_config(folder, network={"encoder": "resnet18", "widths": [8, 8, 16, 16, 32]})
    with pytest.raises(VersionError, match="do not fit"):
        weights.load_network(weights.read_version(folder))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}'])
def test_broken_config_is_refused(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(VersionError):
        weights.read_version(tmp_path)


def test_nobody_is_asked_about_other_versions(dinov2_version, tiny_version, stand_in, monkeypatch):
    monkeypatch.delenv(weights.BACKBONE_VARIABLE, raising=False)
    monkeypatch.setattr(weights, "BUNDLED", dinov2_version[0].folder.parent)
    monkeypatch.setenv(weights.VERSIONS_VARIABLE, str(tiny_version.folder.parent))
    weights.reachable.cache_clear()
    assert weights.find_version("tiny").problem is None
    assert not stand_in.requests


def test_missing_weights_are_refused(tiny_version, tmp_path):
    folder = copy_of(tiny_version, tmp_path)
    (folder / WEIGHTS).unlink()
    with pytest.raises(VersionError, match="no model.safetensors"):
        weights.load_network(weights.read_version(folder))


def test_default_comes_first_and_unknown_names_are_refused(only_tiny):
    assert [version.name for version in weights.list_versions()] == ["tiny"]
    assert weights.find_version() == weights.find_version("tiny")
    with pytest.raises(VersionError, match="no version 'other'.*tiny"):
        weights.find_version("other")


def test_host_names_a_folder_of_versions(tiny_version, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "BUNDLED", tmp_path)
    monkeypatch.setenv(weights.VERSIONS_VARIABLE, str(tiny_version.folder.parent))
    assert [version.origin for version in weights.list_versions()] == ["host"]


@pytest.fixture(scope="module")
def dinov2_version(tmp_path_factory):
    torch.manual_seed(0)
    network = AutoFocusNet(NetworkConfig("dinov2-s", TINY.widths)).eval()
    backbone = network.encoder.backbone.state_dict()
    place = tmp_path_factory.mktemp("backbone")
    save_file(backbone, place / WEIGHTS)
    config = {
        "name": "dinov2-s",
        "backbone": {"repo": "timm/x", "sha256": weights.tensors_hash(backbone)},
    }
    folder = tmp_path_factory.mktemp("versions") / "dinov2-s"
    return weights.save_version(network, folder, config), place


def test_backbone_comes_from_the_host(dinov2_version, monkeypatch):
    version, place = dinov2_version
    monkeypatch.setenv(weights.BACKBONE_VARIABLE, str(place))
    found = weights.with_problem(version)
    assert found.problem is None
    weights.load_network(found)


def test_without_its_backbone_a_version_says_what_to_do(dinov2_version, monkeypatch):
    version, _ = dinov2_version
    monkeypatch.delenv(weights.BACKBONE_VARIABLE, raising=False)
    monkeypatch.setattr(weights, "BUNDLED", version.folder.parent)
    weights.reachable.cache_clear()
    assert weights.BACKBONE_VARIABLE in weights.list_versions()[0].problem
    with pytest.raises(VersionError, match="cannot be used"):
        weights.find_version("dinov2-s")


def test_backbone_is_downloaded_once_and_serves_offline(
    dinov2_version, stand_in, monkeypatch, tmp_path
):
    version, place = dinov2_version
    monkeypatch.delenv(weights.BACKBONE_VARIABLE, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    weights.reachable.cache_clear()
    stand_in.repo("timm/x").commit({WEIGHTS: (place / WEIGHTS).read_bytes()})
    found = weights.with_problem(version)
    assert found.problem is None
    assert not any(method == "GET" and WEIGHTS in path for method, path, _ in stand_in.requests)
    first = weights.load_network(found).state_dict()
    stand_in.requests.clear()
    stand_in.fault = "500"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    again = weights.load_network(weights.read_version(version.folder)).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not stand_in.requests
    backbone = load_file(place / WEIGHTS)
    assert all(
        torch.equal(first[weights.BACKBONE_PREFIX + name], backbone[name]) for name in backbone
    )


def test_another_backbone_is_refused(dinov2_version, tmp_path, monkeypatch):
    version, place = dinov2_version
    tensors = load_file(place / WEIGHTS)
    tensors["norm.bias"] = tensors["norm.bias"] + 1
    save_file(tensors, tmp_path / WEIGHTS)
    monkeypatch.setenv(weights.BACKBONE_VARIABLE, str(tmp_path))
    with pytest.raises(VersionError, match="backbone's weights do not match"):
        weights.load_network(version)
