import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from autofocus.network import STRIDE
from autofocus.photo import Photo, resize
from autofocus.predict import (
    LONGEST,
    Prediction,
    correct_layout,
    input_size,
    pick_device,
    pick_dtype,
    predict,
    predict_photo,
    prepare,
    run,
)
from tests.conftest import TINY

CPU = torch.device("cpu")


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (50, 3), (97, 130), (300, 200)])
def test_maps_have_the_photos_size(tiny_network, size):
    found = predict(tiny_network, np.random.default_rng(0).random((*size, 3), np.float32))
    for array in (found.depth, found.saliency):
        assert array.shape == size
        assert array.dtype == np.float32
        assert np.isfinite(array).all()
        assert array.min() >= 0
        assert array.max() <= 1


class Slanted(nn.Module):
    """Takes whatever is on the right to be nearer, and sees the red of a photo as relief on it."""

    config = replace(TINY, short_side=96, mirrored_side=64)

    def __init__(self):
        super().__init__()
        self.sizes = []

    def forward(self, photo):
        self.sizes.append(tuple(photo.shape[-2:]))
        slope = torch.linspace(0, 1, photo.shape[-1]).expand(1, 1, *photo.shape[-2:])
        return slope + 0.2 * photo[:, :1], torch.zeros_like(slope)


def test_the_mirror_image_corrects_the_layout_and_leaves_boundaries():
    network, photo = Slanted(), np.zeros((96, 128, 3), np.float32)
    photo[40:56, 60:68] = 1
    depth, _ = run(network, photo, CPU, torch.float32)
    corrected = correct_layout(depth, network, photo, CPU, torch.float32)
    assert network.sizes == [(96, 128), (64, 96)]
    ends = corrected[20, [16, 64, 112]]
    assert np.ptp(ends) < 0.05 < np.ptp(depth[20, [16, 64, 112]])
    assert corrected[48, 64] - corrected[48, 52] == pytest.approx(0.2, abs=0.02)


def test_only_a_network_that_is_to_looks_at_the_mirror_image(tiny_network, scene):
    twice = copy.deepcopy(tiny_network)
    twice.config = replace(twice.config, mirrored_side=64)
    alone, corrected = (predict(network, scene[0]) for network in (tiny_network, twice))
    assert not np.array_equal(alone.depth, corrected.depth)
    assert np.array_equal(alone.saliency, corrected.saliency)


def test_depth_fills_its_range_at_the_photos_size(tiny_network, scene):
    depth = predict(tiny_network, scene[0]).depth
    assert depth.min() == 0
    assert depth.max() == 1


def test_a_photo_must_have_three_channels(tiny_network):
    with pytest.raises(ValueError, match="H×W×3"):
        predict(tiny_network, np.zeros((8, 8), np.float32))


@pytest.mark.parametrize("short_side", [256, 384])
@pytest.mark.parametrize("size", [(480, 640), (4000, 3000), (100, 150), (10, 5000)])
def test_network_sees_the_photos_aspect_in_whole_strides(size, short_side):
    seen = input_size(*size, short_side)
    assert all(side % STRIDE == 0 for side in seen)
    assert max(seen) <= LONGEST * short_side
    if max(size) / min(size) < LONGEST:
        assert abs(min(seen) - short_side) < STRIDE
        assert seen[0] / seen[1] == pytest.approx(size[0] / size[1], rel=0.05)


def test_bfloat16_agrees_with_float32(tiny_network, scene):
    exact = predict(tiny_network, scene[0])
    quick = predict(tiny_network, scene[0], dtype=torch.bfloat16)
    assert np.abs(exact.depth - quick.depth).mean() < 0.03
    assert np.abs(exact.saliency - quick.saliency).max() < 0.05


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_prepared_network_sees_the_same_without_batch_norm(tiny_network, scene, dtype):
    quick = prepare(copy.deepcopy(tiny_network), dtype)
    seen, exact = predict(quick, scene[0], dtype=dtype), predict(tiny_network, scene[0])
    tolerance = 1e-4 if dtype == torch.float32 else 0.05
    assert np.abs(seen.depth - exact.depth).mean() < tolerance
    assert np.abs(seen.saliency - exact.saliency).max() < tolerance
    convolutions = [m for m in quick.modules() if isinstance(m, nn.Conv2d)]
    assert {m.weight.dtype for m in convolutions} == {dtype}
    assert not [m for m in quick.modules() if isinstance(m, nn.BatchNorm2d)]


def test_same_photo_same_maps(tiny_network, scene):
    first, second = predict(tiny_network, scene[0]), predict(tiny_network, scene[0])
    assert np.array_equal(first.depth, second.depth)
    assert np.array_equal(first.saliency, second.saliency)


@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(1, 1, "cuda"), (1, 0, "cuda"), (0, 1, "mps"), (0, 0, "cpu")]
)
def test_the_best_device_is_picked(monkeypatch, cuda, mps, best):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(cuda))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: bool(mps))
    assert pick_device().type == best


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [
        ({}, torch.float32),
        ({"avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ({"avx512_bf16": True, "avx512_fp16": False, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": True, "avx512_fp16": True, "amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": True, "avx512_fp16": True, "amx_bf16": False}, torch.float32),
        ({"bf16": True}, torch.bfloat16),
    ],
    ids=["old", "AVX-512", "AMD", "AMX", "AMX hidden", "ARM"],
)
def test_bfloat16_is_used_on_processors_where_it_is_quicker(monkeypatch, capabilities, dtype):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert pick_dtype(torch.device("cpu")) == dtype


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_bfloat16_is_used_on_graphics_cards_that_have_it(monkeypatch, native, dtype):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: native)
    assert pick_dtype(torch.device("cuda")) == dtype


def test_other_devices_than_cuda_and_cpu_compute_in_float32():
    assert pick_dtype(torch.device("mps")) == torch.float32


def test_who_the_phone_cut_out_is_the_subject(scene):
    pixels, depth = scene
    found = Prediction(depth, np.zeros_like(depth))
    matte = np.float32(depth > 0.7)[::2, ::2]
    assert predict_photo(lambda _: found, Photo(pixels)) is found
    subject = predict_photo(lambda _: found, Photo(pixels, matte=matte)).saliency
    assert subject.shape == depth.shape and subject[48, 64] == 1 and subject[0, 0] == 0


def test_maps_of_a_smaller_copy_are_brought_to_the_photos_size(scene):
    pixels, depth = scene
    found = Prediction(depth, np.float32(depth > 0.7))
    size, matte = (190, 250), np.float32(depth < 0.5)
    for photo in (Photo(pixels, full_size=size), Photo(pixels, matte=matte, full_size=size)):
        large = predict_photo(lambda _: found, photo)
        assert large.depth.shape == large.saliency.shape == size
        assert large.depth.min() == 0 and large.depth.max() == 1
        expected = found.saliency if photo.matte is None else matte
        assert np.abs(resize(large.saliency, depth.shape) - expected).mean() < 0.02


@pytest.mark.parametrize("level", [0.0, 0.5, 0.9])
def test_a_photo_of_one_colour_is_flat_and_has_no_subject(tiny_network, level):
    found = predict(tiny_network, np.full((60, 80, 3), level, np.float32))
    assert (found.depth == 0.5).all() and not found.saliency.any()
    assert found.depth.shape == found.saliency.shape == (60, 80)
