"""The mean of several versions' weights: where one was trained on from another, better than both.

(Model soups, arXiv 2203.05482.)
"""

from pathlib import Path

import torch
from torch import Tensor

from autofocus.errors import TrainingError
from autofocus.evaluation.evaluate import choose_version
from autofocus.versions.weights import load_network, save_version


def average(folder: Path, names: list[str]) -> None:
    """Write a version whose weights are the mean of other versions'.

    Args:
        folder: made if it is not there.
        names: versions, or their folders. The new version is called, and was trained, as the first.

    Raises:
        TrainingError: their networks are not of one shape.
        VersionError: one of them cannot be used.

    """
    versions = [choose_version(name) for name in names]
    if len({version.network for version in versions}) > 1:
        raise TrainingError("Only versions whose networks are of one shape can be averaged.")
    networks = [load_network(version) for version in versions]
    states = [network.state_dict() for network in networks]
    mean = {key: mean_of([state[key] for state in states]) for key in states[0]}
    networks[0].load_state_dict(mean, strict=True)
    told = {key: versions[0].config[key] for key in ("name", "trained_on", "licence")}
    save_version(networks[0], folder, {**told, "quality": {}})


def mean_of(tensors: list[Tensor]) -> Tensor:
    """Their mean; of counters, the first."""
    return torch.stack(tensors).mean(0) if tensors[0].is_floating_point() else tensors[0]
