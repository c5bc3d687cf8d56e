import json
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.nn import functional

from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.resnet import ResNetEncoder
from autofocus.training.backbone import write_weights
from autofocus.training.imagenet import CAFFE_MEAN
from autofocus.training.public_weights import RESNET, load_weights, weights_file
from autofocus.training.stages import copy_decoder

CONVOLUTIONS = {  # the export's names of a convolution and its batch norm → where it is here
    ("conv1", "bn_conv1"): ("stem.0", "stem.1"),
    ("res2a_branch1", "bn2a_branch1"): ("stages.0.0.downsample.0", "stages.0.0.downsample.1"),
    ("res3a_branch2a", "bn3a_branch2a"): ("stages.1.0.conv1", "stages.1.0.bn1"),
    ("res5c_branch2b", "bn5c_branch2b"): ("stages.3.2.conv2", "stages.3.2.bn2"),
}


def names_of(key):
    """The export's name of a convolution and of its batch norm, from a weight's name here."""
    if key.startswith("stem"):
        return "conv1", "bn_conv1"
    _, stage, block, part, *_ = key.split(".")
    branch = "1" if part == "downsample" else f"2{'abc'[int(part[-1]) - 1]}"
    at = f"{int(stage) + 2}{'abcdef'[int(block)]}_branch{branch}"
    return f"res{at}", f"bn{at}"


def random_arrays():
    """Arrays of every convolution and batch norm, as Keras names and lays them out."""
    rng, arrays = np.random.default_rng(0), {}
    for key, weight in ResNetEncoder(RESNET).state_dict().items():
        if weight.dim() == 4:
            (conv, norm), outputs = names_of(key), len(weight)
            arrays[f"{conv}/kernel"] = rng.normal(0, 0.05, weight.permute(2, 3, 1, 0).shape)
            for name in (f"{conv}/bias", f"{norm}/beta", f"{norm}/moving_mean"):
                arrays[name] = rng.normal(0, 1, outputs)
            for name in (f"{norm}/gamma", f"{norm}/moving_variance"):
                arrays[name] = rng.uniform(0.5, 2, outputs)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


@pytest.fixture(scope="module")
def arrays():
    return random_arrays()


@pytest.fixture(scope="module")
def folder(arrays, tmp_path_factory):
    """Where the weights of an export of two files lie once it is converted."""
    export = tmp_path_factory.mktemp("export")
    data = b"".join(array.tobytes() for array in arrays.values())
    paths = ["shard1of2.bin", "shard2of2.bin"]
    for path, part in zip(paths, (data[:1_000_001], data[1_000_001:]), strict=True):
        (export / path).write_bytes(part)
    weights = [{"name": name, "shape": array.shape} for name, array in arrays.items()]
    manifest = {"weightsManifest": [{"paths": paths, "weights": weights}]}
    (export / "model.json").write_text(json.dumps(manifest))
    output = tmp_path_factory.mktemp("backbone")
    assert write_weights(export, output) == weights_file(output, RESNET)
    return output


@pytest.fixture(scope="module")
def network(folder):
    network = AutoFocusNet(NetworkConfig(RESNET, (8,) * 5)).eval()
    load_weights(network, folder)
    return network


def keras(arrays, conv, norm, x):
    """A convolution and its batch norm, as Keras computes them on zero-padded maps."""
    kernel = torch.from_numpy(arrays[f"{conv}/kernel"]).permute(3, 2, 0, 1)
    x = functional.conv2d(x, kernel, torch.from_numpy(arrays[f"{conv}/bias"]))
    parts = ("moving_mean", "moving_variance", "gamma", "beta")
    return functional.batch_norm(
        x, *(torch.from_numpy(arrays[f"{norm}/{p}"]) for p in parts), eps=1e-3
    )


@pytest.mark.parametrize("names", CONVOLUTIONS)
@torch.inference_mode()
def test_every_convolution_and_its_norm_give_what_keras_gives(names, arrays, network):
    convolution, norm = (
        deepcopy(network.encoder.get_submodule(name)) for name in CONVOLUTIONS[names]
    )
    photo = torch.rand(1, convolution.in_channels, 12, 16)
    theirs = photo
    if names[0] == "conv1":
        theirs = 255 * photo.flip(1) - torch.tensor(CAFFE_MEAN[::-1]).view(1, 3, 1, 1)
        photo = (photo - network.mean) / network.std
    convolution.padding, stride = 0, convolution.stride[0]
    expected = keras(arrays, *names, theirs)[..., ::stride, ::stride]
    assert torch.allclose(norm(convolution(photo)), expected, rtol=1e-3, atol=1e-3)


def test_a_decoder_is_taken_over_where_its_shapes_agree(network):
    torch.manual_seed(1)
    source = AutoFocusNet(NetworkConfig("resnet18", (8,) * 5))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    copy_decoder(source, network)
    theirs, after = source.state_dict(), network.state_dict()
    assert torch.equal(after["depth_head.0.weight"], theirs["depth_head.0.weight"])
    assert torch.equal(
        after["decoder.fusions.0.narrow.weight"], theirs["decoder.fusions.0.narrow.weight"]
    )
    for name in before:
        if name.startswith("encoder.") or "fusions.0.lateral.weight" in name:
            assert torch.equal(after[name], before[name])
