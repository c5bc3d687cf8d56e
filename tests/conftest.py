"""A tiny version with random weights, and a synthetic scene: nothing is read from outside."""

import os
import socket
from types import SimpleNamespace

# The Hub's client reads these when it is imported. Nobody is there unless a test starts a stand-in.
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    HUB_PORT = probe.getsockname()[1]
os.environ |= {
    "HF_ENDPOINT": f"http://127.0.0.1:{HUB_PORT}",
    "HF_HUB_DISABLE_XET": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DOWNLOAD_TIMEOUT": "1",
    "HF_HUB_ETAG_TIMEOUT": "1",
}
os.environ.pop("HF_TOKEN", None)

import numpy as np
import pytest
import torch
from huggingface_hub import file_download
from huggingface_hub.utils import _http

from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.versions import catalog, models, weights
from tests.hub_stand_in import StandIn

TINY = NetworkConfig("resnet18", (8, 8, 16, 16, 16), short_side=96)


@pytest.hookimpl(trylast=True)  # once the folders have marked their tests
def pytest_collection_modifyitems(items):
    """Where workers share the files, long ones go first, lest one of them is left for the end."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        marks = ("slow", "browser")
        long = {item.path for item in items if any(map(item.get_closest_marker, marks))}
        items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def tiny_network():
    torch.manual_seed(0)
    return AutoFocusNet(TINY).eval()


@pytest.fixture(scope="session")
def tiny_version(tiny_network, tmp_path_factory):
    """A version folder named "tiny" in a folder of its own."""
    folder = tmp_path_factory.mktemp("versions") / "tiny"
    weights.save_version(tiny_network, folder, {"name": "tiny", "quality": {}})
    return catalog.read_version(folder)


@pytest.fixture(scope="session")
def loaded_tiny(tiny_version):
    """The tiny version's network, as it is read from its file."""
    return weights.load_network(tiny_version)


@pytest.fixture
def only_tiny(tiny_version, loaded_tiny, monkeypatch):
    """The tiny version is all there is, and the default; predictors share its network."""
    load = models.load_network

    def load_once(version, device="cpu"):
        is_tiny = version.folder == tiny_version.folder
        return loaded_tiny.to(device) if is_tiny else load(version, device)

    monkeypatch.setattr(models, "load_network", load_once)
    use_only(tiny_version, monkeypatch)
    return tiny_version


def use_only(version, monkeypatch):
    """Make a version all there is, and the default."""
    monkeypatch.setattr(catalog, "BUNDLED", version.folder.parent)
    monkeypatch.setattr(catalog, "DEFAULT", version.name)


@pytest.fixture
def stand_in():
    """A Hub on this machine."""
    server = StandIn(HUB_PORT)
    yield server
    server.close()


@pytest.fixture
def no_waiting(monkeypatch):
    """The Hub's client tries again at once where it would wait for seconds."""
    impatient = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr(file_download, "time", impatient)
    monkeypatch.setattr(_http, "time", impatient)


@pytest.fixture
def scene():
    """A photo (96×128×3) of a textured ground with a bright disc in front, and its depth."""
    rows, columns = np.mgrid[0:96, 0:128].astype(np.float32)
    disc = np.hypot(rows - 48, columns - 64) < 24
    texture = 0.5 + 0.25 * np.sin(columns * 1.3) * np.sin(rows * 1.1)
    photo = np.stack([texture, texture * 0.8, texture * 0.6], axis=2).astype(np.float32)
    photo[disc] = (0.9, 0.5, 0.3)
    depth = (0.2 + 0.2 * rows / 96).astype(np.float32)
    depth[disc] = 0.8
    return photo, depth


def filled(depth):
    """A map stretched from 0 to 1, which is used to the letter."""
    return (depth - depth.min()) / (depth.max() - depth.min())
