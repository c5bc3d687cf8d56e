"""Public weights that a new network's encoder starts from, where there are any of its kind."""

from pathlib import Path

from safetensors.torch import load_file

from autofocus.errors import TrainingError
from autofocus.network import AutoFocusNet

FOLDER = "backbone"  # among the runs
DINOV2, RESNET = "dinov2-s", "resnet50-v1"  # the encoders that have some


def weights_file(folder: Path, encoder: str) -> Path:
    """Where an encoder's public weights lie in a folder."""
    return folder / f"{encoder}.safetensors"


def load_weights(network: AutoFocusNet, folder: Path) -> None:
    """Give a network's encoder its public weights, if there are any of its kind.

    Raises:
        TrainingError: there are, but not in the folder.

    """
    encoder = network.config.encoder
    if encoder not in (DINOV2, RESNET):
        return
    file = weights_file(folder, encoder)
    if not file.exists():
        how = "python -m autofocus.training.backbone --help"
        raise TrainingError(f"{file} is missing: see `{how}`.")
    part = network.encoder.backbone if encoder == DINOV2 else network.encoder
    part.load_state_dict(load_file(file), strict=True)
