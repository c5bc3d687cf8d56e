from dataclasses import replace

import pytest
import torch

from autofocus.network import AutoFocusNet, NetworkConfig, rescale
from tests.conftest import TINY


@pytest.mark.parametrize("size", [(64, 96), (65, 97), (33, 200), (32, 32), (7, 5), (1, 1)])
def test_any_size_in_the_same_size_out(tiny_network, size):
    with torch.inference_mode():
        depth, saliency = tiny_network(torch.rand(2, 3, *size))
    assert depth.shape == saliency.shape == (2, 1, *size)
    for maps in (depth, saliency):
        assert torch.isfinite(maps).all()
        assert maps.min() >= 0
        assert maps.max() <= 1


def test_depth_fills_its_range(tiny_network):
    with torch.inference_mode():
        depth, _ = tiny_network(torch.rand(1, 3, 64, 96))
    assert depth.min() == 0
    assert depth.max() == 1


def test_decoder_ends_in_256_channels_at_half_resolution(tiny_network):
    with torch.inference_mode():
        assert tiny_network.decode(torch.rand(1, 3, 64, 96)).shape == (1, 256, 32, 48)


def test_dinov2_gives_the_decoder_the_same_strides():
    network = AutoFocusNet(NetworkConfig("dinov2-s", TINY.widths)).eval()
    with torch.inference_mode():
        maps = network.encoder(torch.rand(1, 3, 64, 96))
        depth, saliency = network(torch.rand(1, 3, 64, 96))
    assert [tuple(m.shape[-2:]) for m in maps] == [(64 // s, 96 // s) for s in (2, 4, 8, 16, 32)]
    assert [m.shape[1] for m in maps] == list(network.encoder.channels)
    assert depth.shape == saliency.shape == (1, 1, 64, 96)


def test_every_part_can_train():
    network = AutoFocusNet(NetworkConfig("dinov2-s", TINY.widths)).train()
    sum(maps.sum() for maps in network(torch.rand(2, 3, 64, 64))).backward()
    untouched = [n for n, p in network.named_parameters() if p.grad is None]
    assert untouched == []
    assert all(part.training for part in network.modules())


def test_rescale_keeps_order_and_survives_flat_maps():
    ramp = torch.linspace(-3, 9, 12).view(1, 1, 3, 4)
    assert torch.equal(rescale(ramp).flatten().argsort(), torch.arange(12))
    assert torch.equal(rescale(torch.full((1, 1, 3, 4), 7.0)), torch.full((1, 1, 3, 4), 0.5))


def test_config_survives_its_table():
    config = NetworkConfig("resnet50", (8, 8, 8, 8, 8), short_side=320, mirrored_side=160)
    assert NetworkConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("encoder", "resnet99"),
        ("widths", (8, 8, 8, 8)),
        ("widths", (8, 8, 8, 8, 0)),
        ("widths", (8, 8, 8, 8, 8.0)),
        ("short_side", 16),
        ("short_side", 10_000),
        ("mirrored_side", 16),
        ("mirrored_side", False),
    ],
)
def test_a_config_that_no_network_can_have_is_refused(field, value):
    with pytest.raises(ValueError, match=field):
        replace(TINY, **{field: value})
