"""Weights that are damaged, lying or foreign are refused before anything of them is used."""

import json
import pickle
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from autofocus.errors import PhotoError, VersionError
from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.versions import weights
from autofocus.versions.version import WEIGHTS, read_version
from tests.conftest import TINY
from tests.files.test_atomic import files_of_at_most
from tests.versions.folders import change_config, copy_of


@pytest.fixture
def folder(tiny_version, tmp_path):
    return copy_of(tiny_version, tmp_path / "broken")


def change_weights(folder, change):
    """Change the tensors by name; the config gets the new hash."""
    state = load_file(folder / WEIGHTS)
    change(state)
    save_file(state, folder / WEIGHTS)
    change_config(folder, sha256=weights.file_hash(folder / WEIGHTS))


def write_bytes(folder, data):
    (folder / WEIGHTS).write_bytes(data)
    change_config(folder, sha256=weights.file_hash(folder / WEIGHTS))


def header(**tensors):
    """A safetensors file that has this header and no values."""
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text)) + text


def test_a_version_that_cannot_be_written_leaves_the_old_one_whole(folder, tiny_network):
    old = {file: file.read_bytes() for file in folder.iterdir()}
    other = {"name": "other", "quality": {}}
    for size in (0, 10, 1000, len(old[folder / WEIGHTS]) - 1):
        with files_of_at_most(size), pytest.raises(PhotoError, match="cannot be written"):
            weights.save_version(tiny_network, folder, other)
        assert {file: file.read_bytes() for file in folder.iterdir()} == old
    with files_of_at_most(len(old[folder / WEIGHTS])):
        other["trained_on"] = "x" * len(old[folder / WEIGHTS])  # the config alone is too large
        with pytest.raises(PhotoError, match="config.json cannot be written"):
            weights.save_version(tiny_network, folder, other)
    assert {file: file.read_bytes() for file in folder.iterdir()} == old


def test_round_trip_keeps_the_maps(tiny_network, tiny_version):
    loaded = weights.load_network(tiny_version)
    photo = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for mine, theirs in zip(tiny_network(photo), loaded(photo), strict=True):
            assert (mine - theirs).abs().max() < 0.02  # half precision on disk


def test_loaded_network_is_float32_and_evaluates(tiny_version):
    network = weights.load_network(tiny_version)
    assert not network.training
    assert {p.dtype for p in network.parameters()} == {torch.float32}


@pytest.mark.slow
def test_a_version_on_dinov2_is_one_self_contained_file(tmp_path):
    torch.manual_seed(0)
    network = AutoFocusNet(NetworkConfig("dinov2-s", TINY.widths)).eval()
    weights.save_version(network, tmp_path, {"name": "own"})
    loaded = weights.load_network(read_version(tmp_path)).state_dict()
    for name, tensor in network.state_dict().items():
        assert torch.allclose(tensor, loaded[name], atol=1e-3), name


def test_one_changed_byte_is_refused(folder):
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(data)
    with pytest.raises(VersionError, match="does not match the hash"):
        weights.load_network(read_version(folder))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state.pop("depth_head.0.weight"), "lacks depth_head.0.weight"),
        (lambda state: state.update(stranger=torch.zeros(1)), "a surplus stranger"),
        (lambda state: state.update({"mean": torch.zeros(3)}), "mean has another shape"),
        (lambda state: state.update({"mean": torch.zeros(1, 3, 1, 1).long()}), "or type"),
        (lambda state: state["depth_head.0.bias"].fill_(torch.nan), "not finite"),
        (lambda state: state["depth_head.0.weight"].fill_(torch.inf), "not finite"),
    ],
)
def test_weights_that_do_not_fit_are_refused(folder, change, says):
    change_weights(folder, change)
    with pytest.raises(VersionError, match=says):
        weights.load_network(read_version(folder))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 7,
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 10) + b"{",
        struct.pack("<Q", 2) + b"[]",
        pickle.dumps({"weight": [0.0]}),
        # Terabytes that are not there, and a size that no integer holds.
        header(x={"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}),
        header(x={"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}),
        header(x={"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}),
    ],
)
def test_files_that_are_damaged_or_lie_are_refused(folder, data):
    write_bytes(folder, data)
    with pytest.raises(VersionError, match="damaged or is not a safetensors file"):
        weights.load_network(read_version(folder))


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_truncated_files_are_refused(folder, kept):
    data = (folder / WEIGHTS).read_bytes()
    write_bytes(folder, data[: int(kept * len(data))])
    with pytest.raises(VersionError, match="damaged"):
        weights.load_network(read_version(folder))


def test_config_of_another_network_is_refused(folder):
    change_config(folder, network={"encoder": "resnet18", "widths": [8, 8, 16, 16, 32]})
    with pytest.raises(VersionError, match="does not fit"):
        weights.load_network(read_version(folder))


def test_a_misfit_is_found_without_reading_the_values(folder, monkeypatch):
    change_config(folder, network={"encoder": "resnet50", "widths": [1024] * 5})
    monkeypatch.setattr(weights, "read_tensors", None)
    assert "does not fit" in weights.find_misfit(folder / WEIGHTS, read_version(folder).network)


def test_missing_weights_are_refused(folder):
    (folder / WEIGHTS).unlink()
    with pytest.raises(VersionError, match="has no model.safetensors"):
        weights.load_network(read_version(folder))
