"""Model versions: folders of `config.json` and `model.safetensors`, loaded strictly.

`config.json` holds the version's name, the network's shape, what it was trained on, its measured
quality and the SHA-256 of the weights. No pickle is ever read. Versions lie under `weights/`, in
the host's own folder, or on the Hub. A version whose backbone is not ours (dinov2-s) names it under
"backbone" and takes it from where the host says, or from its public repo.
"""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from autofocus.errors import HubError, VersionError
from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.versions import hub

WEIGHTS = "model.safetensors"
BUNDLED = Path(__file__).resolve().parent / "bundled"
DEFAULT = "resnet"
VERSIONS_VARIABLE = "AUTOFOCUS_VERSIONS"
BACKBONE_VARIABLE = "AUTOFOCUS_BACKBONE"
BACKBONE_PREFIX = "encoder.backbone."


@dataclass(frozen=True)
class Version:
    """A model version that is on this machine or can be had."""

    name: str
    folder: Path
    origin: str  # where it came from, in words
    sha256: str  # of model.safetensors
    config: dict  # config.json as it is, with "quality"
    problem: str | None = None  # why it cannot be used here, or None
    revision: hub.Revision | None = None  # of a version on the Hub


def list_versions() -> list[Version]:
    """Every version: bundled, in the host's own folder, on the Hub; the default first."""
    versions = [with_problem(version) for version in local_versions() + hub_versions()]
    return sorted(versions, key=lambda version: (version.name != DEFAULT, version.name))


def local_versions() -> list[Version]:
    """Every version under `weights/` and in the host's own folder."""
    versions = [read_version(folder, "bundled") for folder in version_folders(BUNDLED)]
    if place := os.environ.get(VERSIONS_VARIABLE):
        versions += [read_version(folder, "host") for folder in version_folders(Path(place))]
    return versions


def hub_versions() -> list[Version]:
    """Every branch and tag of the host's repos that holds a version."""
    found = [hub_version(revision) for revision in hub.listing().revisions]
    return [version for version in found if version]


def hub_version(revision: hub.Revision) -> Version | None:
    """The version at a revision, its weights not yet downloaded; None if there is none."""
    try:
        config = hub.fetch(revision.repo, hub.CONFIG, revision.commit)
        version = read_version(config.parent, f"Hub, {revision.commit[:7]}, {revision.date}")
    except (HubError, VersionError):
        return None
    version = replace(version, name=f"{revision.repo}@{revision.name}", revision=revision)
    unreachable = any(revision.repo in notice for notice in hub.listing().notices)
    if unreachable and not hub.cached(revision.repo, WEIGHTS, revision.commit):
        problem = "its weights were never downloaded, and the Hub cannot be asked for them."
        return replace(version, problem=problem)
    return version


def version_folders(place: Path) -> list[Path]:
    """The folders inside a folder that hold a version."""
    return sorted(path.parent for path in place.glob("*/config.json"))


def find_version(name: str | None = None) -> Version:
    """The version of this name, or the default; VersionError if there is none or it is unusable."""
    wanted = name or DEFAULT
    versions = {version.name: version for version in local_versions()}
    if wanted not in versions:  # only then is the Hub asked
        versions = {version.name: version for version in list_versions()}
    if wanted not in versions:
        names = ", ".join(versions) or "none"
        raise VersionError(f"There is no version {wanted!r} here. Available: {names}.")
    version = with_problem(versions[wanted])
    if version.problem:
        raise VersionError(f"Version {wanted!r} cannot be used: {version.problem}")
    return version


def with_problem(version: Version) -> Version:
    """The version; if its backbone is neither here nor to be had, with that as its problem."""
    backbone = version.config.get("backbone")
    if version.problem or not backbone or find_backbone(backbone):
        return version
    reason = reachable(backbone["repo"], backbone.get("revision", "main"))
    return replace(version, problem=backbone_missing(backbone, reason)) if reason else version


def read_version(folder: Path, origin: str = "folder") -> Version:
    """Describe a version's folder without loading its weights; VersionError if it is none."""
    config = read_config(folder)
    return Version(config["name"], folder, origin, config["sha256"], config)


def read_config(folder: Path) -> dict:
    """Read `config.json`; VersionError if it is missing, broken or lacks a field."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        missing = {"name", "network", "sha256"} - set(config)
    except (OSError, ValueError, TypeError) as error:
        raise VersionError(f"{folder.name} has no config.json that can be read.") from error
    if missing:
        raise VersionError(f"{folder.name}/config.json lacks {', '.join(sorted(missing))}.")
    return config


def load_network(version: Version, device: torch.device | str = "cpu") -> AutoFocusNet:
    """The version's network in float32 and evaluation mode, every tensor accounted for.

    Raises:
        VersionError: the file is missing, has another hash, or does not fit its config.

    """
    state = read_weights(version)
    try:
        if "backbone" in version.config:
            state |= read_backbone(version.config["backbone"])
        with torch.device("meta"):
            network = AutoFocusNet(NetworkConfig.from_dict(version.config["network"]))
        network.load_state_dict(state, strict=True, assign=True)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, VersionError):
            raise
        message = f"The weights of version {version.name!r} do not fit their config.json."
        raise VersionError(message) from error
    return network.to(device, memory_format=torch.channels_last).eval()


def read_weights(version: Version) -> dict[str, Tensor]:
    """The version's tensors in float32, after the file's hash has been checked."""
    file = weights_file(version)
    if not file.is_file():
        raise VersionError(f"Version {version.name!r} has no {WEIGHTS}.")
    if file_hash(file) != version.sha256:
        if version.revision:
            hub.forget(file)
        raise VersionError(
            f"The weights of version {version.name!r} do not match the hash in their config.json."
        )
    return {name: widen(tensor) for name, tensor in load_file(file).items()}


def weights_file(version: Version) -> Path:
    """Where the version's weights are, downloaded if they must be."""
    if not version.revision:
        return version.folder / WEIGHTS
    try:
        return hub.fetch(version.revision.repo, WEIGHTS, version.revision.commit)
    except HubError as error:
        raise VersionError(str(error)) from error


def save_version(network: AutoFocusNet, folder: Path, config: dict) -> Version:
    """Write a version: the network in half precision, and `config.json` with its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: narrow(tensor) for name, tensor in network.state_dict().items()}
    file = folder / WEIGHTS
    save_file(state, file)
    full = {**config, "network": network.config.to_dict(), "sha256": file_hash(file)}
    text = json.dumps(full, indent=2, ensure_ascii=False) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    return read_version(folder)


def narrow(tensor: Tensor) -> Tensor:
    """Weights to float16; vectors (norms, biases) and counters stay exact: they weigh nothing."""
    halved = tensor.half() if tensor.is_floating_point() and tensor.dim() > 1 else tensor
    return halved.contiguous()


def widen(tensor: Tensor) -> Tensor:
    """Back to float32 what `narrow` made float16."""
    return tensor.float() if tensor.is_floating_point() else tensor


def file_hash(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def find_backbone(backbone: dict) -> Path | None:
    """The backbone's file on this machine: in the host's folder or in the Hub's cache."""
    place = os.environ.get(BACKBONE_VARIABLE)
    if place and (file := Path(place) / WEIGHTS).is_file():
        return file
    return hub.cached(backbone["repo"], WEIGHTS, backbone.get("revision", "main"))


def read_backbone(backbone: dict) -> dict[str, Tensor]:
    """The backbone's tensors under the network's names, after their hash has been checked.

    Raises:
        VersionError: it is neither here nor to be had, or it is another.

    """
    try:
        file = find_backbone(backbone) or hub.fetch(
            backbone["repo"], WEIGHTS, backbone.get("revision", "main")
        )
    except HubError as error:
        raise VersionError(backbone_missing(backbone, error)) from error
    tensors = load_file(file)
    if tensors_hash(tensors) != backbone["sha256"]:
        raise VersionError("The backbone's weights do not match the hash in config.json.")
    return {BACKBONE_PREFIX + name: tensor for name, tensor in tensors.items()}


@lru_cache(maxsize=16)
def reachable(repo: str, revision: str) -> str | None:
    """None if the Hub would give the backbone, or why not; asked once."""
    try:
        hub.look(repo, WEIGHTS, revision)
    except HubError as error:
        return str(error)
    return None


def backbone_missing(backbone: dict, reason: object) -> str:
    """Why there is no backbone, and how to get it."""
    return (
        f"its backbone is not here: {reason} Or put {backbone['repo']}'s {WEIGHTS} into a folder "
        f"and name that folder in {BACKBONE_VARIABLE}."
    )


def tensors_hash(tensors: dict[str, Tensor]) -> str:
    """SHA-256 over names and values: the same however the file that held them was written."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()
