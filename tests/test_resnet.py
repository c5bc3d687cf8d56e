import pytest
import torch
from torchvision.models import get_model

from autofocus.resnet import RESNETS, ResNetEncoder

PARTS = {"conv1": "stem.0", "bn1": "stem.1"} | {f"layer{k}": f"stages.{k - 1}" for k in range(1, 5)}


def torchvision_resnet(name):
    """torchvision's own network; of -v1, with the strides where the paper has them."""
    network = get_model(name.removesuffix("-v1"), weights=None)
    if name.endswith("-v1"):
        for stage in (network.layer2, network.layer3, network.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    return network


def random_torchvision(name):
    """torchvision's own network, whose every batch norm changes what it is given."""
    torch.manual_seed(0)
    network = torchvision_resnet(name).eval()
    for key, tensor in network.state_dict().items():
        if "running" in key or "bn" in key and tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5)
    return network


def weights_of(network):
    """Its weights by the names that they have here; the classifier has none."""
    named = {tuple(key.split(".", 1)): tensor for key, tensor in network.state_dict().items()}
    return {f"{PARTS[part]}.{key}": t for (part, key), t in named.items() if part in PARTS}


@pytest.mark.parametrize("name", RESNETS)
@torch.inference_mode()
def test_it_is_torchvisions(name):
    expected, encoder = random_torchvision(name), ResNetEncoder(name).eval()
    encoder.load_state_dict(weights_of(expected), strict=True)
    photo = torch.randn(1, 3, 64, 96)
    maps = [expected.relu(expected.bn1(expected.conv1(photo)))]
    x = expected.maxpool(maps[0])
    for stage in (expected.layer1, expected.layer2, expected.layer3, expected.layer4):
        maps.append(x := stage(x))
    for ours, theirs in zip(encoder(photo), maps, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    assert [m.shape[1] for m in maps] == list(encoder.channels)


@pytest.mark.parametrize("name", RESNETS)
def test_it_begins_with_weights_of_torchvisions_variance(name):
    torch.manual_seed(0)
    theirs, ours = weights_of(torchvision_resnet(name)), ResNetEncoder(name).state_dict()
    for key, weight in ours.items():
        if weight.dim() == 4:
            assert weight.std().item() == pytest.approx(theirs[key].std().item(), rel=0.1), key
        else:
            assert torch.equal(weight, theirs[key]), key
