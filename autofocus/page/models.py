"""The networks that are in memory, for all visitors."""

from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from torch.overrides import TorchFunctionMode

from autofocus.network import AutoFocusNet
from autofocus.page.visits import go_on
from autofocus.predict import Prediction, pick_device, pick_dtype, predict
from autofocus.versions import hub
from autofocus.versions.weights import Version, find_version, list_versions, load_network

try:
    from spaces import GPU as on_gpu  # lends a Space on ZeroGPU its GPU while the function runs
except ImportError:

    def on_gpu(function: Callable) -> Callable:
        """Anywhere else: the function as it is."""
        return function


loading = Lock()  # a version that two visitors ask for at once is loaded once


@lru_cache(maxsize=2)
def cached_network(version: str) -> AutoFocusNet:
    """A version's network on the best device; two stay in memory."""
    return load_network(find_version(version), pick_device())


def network_of(version: str) -> AutoFocusNet:
    """The network of a version of this name; VersionError if it cannot be used."""
    with loading:
        return cached_network(version)


@on_gpu
def analyse(version: str, pixels: np.ndarray) -> Prediction:
    """Depth and saliency of a photo (H×W×3 in [0, 1]).

    Raises:
        VersionError: the version is unusable.
        LeftError: the visitor has left meanwhile.

    """
    device = pick_device()
    network = network_of(version)
    with Stoppable():
        return predict(network, pixels, device=device, dtype=pick_dtype(device))


class Stoppable(TorchFunctionMode):
    """Inside it, every step of a network looks whether the visitor is still there.

    LeftError ends the work of whoever has left, whatever network it is.
    """

    def __torch_function__(
        self, func: Callable, types: tuple, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """One step."""
        go_on()
        return func(*args, **(kwargs or {}))


def version_choices() -> tuple[list[tuple[str, str]], list[str]]:
    """Labels and names of the versions that can be used, the default first; why others cannot."""
    versions = list_versions()
    usable = [(label_of(version), version.name) for version in versions if not version.problem]
    unusable = [f"{v.name} is not available: {v.problem}" for v in versions if v.problem]
    return usable, [*unusable, *hub.listing().notices]


def label_of(version: Version) -> str:
    """The version's name; of one on the Hub with its commit and date."""
    if not version.revision:
        return version.name
    return f"{version.name} · {version.revision.commit[:7]} · {version.revision.date}"
