from dataclasses import replace
from itertools import repeat

import numpy as np
import pytest
import torch
from torch import nn

from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.predict import predict
from autofocus.training.fine_tuning import parameter_groups
from autofocus.training.objectives import (
    CoarseNetwork,
    FineTuning,
    Joint,
    SaliencyHead,
    Student,
    whole_network,
)
from autofocus.training.trainer import train
from tests.conftest import TINY


@pytest.fixture(scope="module")
def on_dinov2():
    torch.manual_seed(0)
    network = AutoFocusNet(NetworkConfig("dinov2-s", TINY.widths))
    for block in network.encoder.backbone.blocks:  # which count for almost nothing at first
        nn.init.ones_(block.ls1.gamma)
    return network


def test_a_coarse_network_predicts_as_a_whole_one_does(network):
    coarse = CoarseNetwork(network).eval()
    photo = np.random.default_rng(0).random((40, 60, 3), np.float32)
    found = predict(coarse, photo)
    assert found.depth.shape == found.saliency.shape == (40, 60)
    assert coarse.decode(torch.rand(1, 3, 64, 96)).shape == (1, TINY.widths[1], 16, 24)
    assert whole_network(coarse) is network is whole_network(network)


@pytest.mark.parametrize("wrap", [CoarseNetwork, lambda network: network])
def test_depth_and_subject_reach_encoder_and_decoder(network, batch, config, wrap):
    losses = Joint(wrap(network), config)(batch)
    assert set(losses) == {"depth", "relative", "saliency", "person"}
    sum(losses.values()).backward()
    assert network.encoder.stem[0].weight.grad.abs().sum() > 0
    assert network.decoder.fusions[0].narrow.weight.grad.abs().sum() > 0


def test_weights_of_losses_count(network, batch, config):
    once, twice = config, replace(config, weight_saliency=2 * config.weight_saliency)
    one, two = (Joint(network, c).eval()(batch)["saliency"].item() for c in (once, twice))
    assert two == pytest.approx(2 * one)


def test_the_student_learns_features_too(network, batch, config):
    losses = Student(network, config)(batch)
    losses["features"].backward()
    assert network.encoder.stages[-1][0].conv1.weight.grad.abs().sum() > 0


def test_only_the_saliency_head_learns_alone(network, batch, config, tmp_path):
    config = replace(config, steps=2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    model = SaliencyHead(network, config)
    train(model, lambda first: repeat(batch), lambda n: {"score": 1.0}, config, tmp_path)
    changed = {n for n, v in network.state_dict().items() if not torch.equal(v, before[n])}
    assert changed
    assert all(name.startswith("saliency_head.") for name in changed)


def test_fine_tuning_keeps_batch_norm_statistics_and_drops_paths(on_dinov2, batch, config):
    model = FineTuning(on_dinov2, replace(config, drop_path=0.5)).train()
    statistics = {n: b.clone() for n, b in on_dinov2.named_buffers() if "running" in n}
    torch.manual_seed(0)
    first, second = (model(batch)["depth"].item() for _ in range(2))
    assert first != pytest.approx(second, rel=1e-3)
    buffers = dict(on_dinov2.named_buffers())
    assert statistics and all(torch.equal(buffers[n], value) for n, value in statistics.items())
    model.eval()
    first, second = (model(batch)["depth"].item() for _ in range(2))
    assert first == pytest.approx(second, rel=1e-6)


def test_earlier_layers_learn_more_slowly(on_dinov2, config):
    config = replace(config, rate=1.0, layer_decay=0.5, decoder_factor=4.0, head_factor=10.0)
    model = FineTuning(CoarseNetwork(on_dinov2), config)
    peaks = {p: g["peak"] for g in parameter_groups(model, config) for p in g["params"]}
    backbone = on_dinov2.encoder.backbone
    assert set(peaks) == set(model.parameters())
    assert peaks[backbone.blocks[11].norm1.weight] == peaks[backbone.norm.weight] == 1
    assert peaks[backbone.blocks[9].norm1.weight] == 0.25
    assert peaks[backbone.patch_embed.proj.weight] == 0.5**12
    assert peaks[on_dinov2.decoder.coarsest[0].weight] == 4
    assert peaks[model.network.depth_head.weight] == 10


def test_a_pre_trained_resnet_learns_more_slowly_than_its_decoder(network, config):
    config = replace(config, rate=1.0, decoder_factor=4.0, head_factor=10.0)
    model = Student(CoarseNetwork(network), config)
    peaks = {p: g["peak"] for g in parameter_groups(model, config) for p in g["params"]}
    assert {peaks[p] for p in network.encoder.parameters()} == {1}
    assert {peaks[p] for p in network.decoder.parameters()} == {4}
    assert {peaks[p] for p in model.features.parameters()} == {4}
    assert peaks[model.network.depth_head.weight] == 10
