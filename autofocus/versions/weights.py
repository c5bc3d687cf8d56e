"""The weights of a version: loaded strictly, saved in half precision. No pickle is ever read.

A file is compared with its config by its header alone, before anything is allocated. Its values are
then copied: what is mapped to a file stays in memory twice, and dies with a file that is cut.
"""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from autofocus.errors import VersionError
from autofocus.files.atomic import replace_file, write_text
from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.versions import hub
from autofocus.versions.version import CONFIG, WEIGHTS, Version

FLOATS = ("F16", "BF16", "F32")  # how a file may store what a network computes with
COUNTERS = ("I64",)


def load_network(version: Version, device: torch.device | str = "cpu") -> AutoFocusNet:
    """The version's network in float32 and evaluation mode, every tensor accounted for.

    Raises:
        VersionError: the file is missing, has another hash, does not fit its config, or holds
            values that are not numbers.
        HubError: it is on the Hub, which does not give it.

    """
    file = weights_file(version)
    if file.is_file() and file_hash(file) != version.sha256:
        if version.revision:
            hub.forget(file)
        raise VersionError(refuse(version, f"its {WEIGHTS} does not match the hash in {CONFIG}"))
    if reason := find_misfit(file, version.network):
        raise VersionError(refuse(version, reason))
    with torch.device("meta"):
        network = AutoFocusNet(version.network)
    state = read_tensors(file)
    if not all(torch.isfinite(tensor).all() for tensor in state.values()):
        raise VersionError(refuse(version, "some of its weights are not finite numbers"))
    network.load_state_dict(state, strict=True, assign=True)
    return network.to(device, memory_format=torch.channels_last).eval()


def refuse(version: Version, reason: str) -> str:
    """Why a version is not loaded, as a sentence."""
    return f"Version {version.name!r} cannot be used: {reason}."


def find_misfit(file: Path, config: NetworkConfig) -> str | None:
    """Why a file cannot hold the weights of such a network, by its header alone, or None."""
    if not file.is_file():
        return f"it has no {WEIGHTS}"
    try:
        with safe_open(file, framework="pt") as tensors:  # checks the header against the file
            slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118
            stored = {name: (tuple(s.get_shape()), s.get_dtype()) for name, s in slices.items()}
    except (SafetensorError, OSError, ValueError):
        return f"its {WEIGHTS} is damaged or is not a safetensors file"
    expected = expected_tensors(config)
    for names, fault in (
        (expected.keys() - stored.keys(), "lacks"),
        (stored.keys() - expected.keys(), "has a surplus"),
    ):
        if names:
            return f"its {WEIGHTS} does not fit its {CONFIG}: it {fault} {min(names)}"
    for name, (shape, dtypes) in expected.items():
        if stored[name][0] != shape or stored[name][1] not in dtypes:
            return f"its {WEIGHTS} does not fit its {CONFIG}: {name} has another shape or type"
    return None


@lru_cache(maxsize=32)
def expected_tensors(config: NetworkConfig) -> dict[str, tuple[tuple[int, ...], tuple[str, ...]]]:
    """Name → shape and permitted types of every tensor of such a network; nothing is allocated."""
    with torch.device("meta"):
        state = AutoFocusNet(config).state_dict()
    return {
        name: (tuple(tensor.shape), FLOATS if tensor.is_floating_point() else COUNTERS)
        for name, tensor in state.items()
    }


def read_tensors(file: Path) -> dict[str, Tensor]:
    """Copies of all tensors, in float32: one that is mapped keeps the whole file in memory."""
    with safe_open(file, framework="pt") as tensors:
        return {name: widen(tensors.get_tensor(name)) for name in tensors.keys()}  # noqa: SIM118


def weights_file(version: Version) -> Path:
    """Where the version's weights are, downloaded if they must be; HubError if that fails."""
    if not version.revision:
        return version.folder / WEIGHTS
    return hub.fetch(version.revision.repo, WEIGHTS, version.revision.commit)


def save_version(network: AutoFocusNet, folder: Path, config: dict) -> None:
    """Write a version: all of the network in half precision, and `config.json` with its hash.

    Args:
        network: any; its shape goes into the config.
        folder: made if it is not there.
        config: "name", and what else `version.Config` knows.

    Raises:
        PhotoError: a file cannot be written; a version that was there is still whole.

    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = save({name: narrow(tensor) for name, tensor in network.state_dict().items()})
    digest = hashlib.sha256(weights).hexdigest()
    full = {**config, "network": network.config.to_dict(), "sha256": digest}
    text = json.dumps(full, indent=2, ensure_ascii=False) + "\n"
    with replace_file(folder / WEIGHTS) as temporary:
        temporary.write_bytes(weights)
        write_text(folder / CONFIG, text)  # weights and hash change together, or neither does


def narrow(tensor: Tensor) -> Tensor:
    """Weights to float16; vectors (norms, biases) and counters stay exact: they weigh nothing."""
    halved = tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor
    return halved.contiguous()


def widen(tensor: Tensor) -> Tensor:
    """A copy, in float32 again where `narrow` made it float16."""
    return tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)


def file_hash(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
