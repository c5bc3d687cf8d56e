"""A photo in, its depth and saliency out, at the photo's size and along its edges."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from autofocus.network import STRIDE, AutoFocusNet, rescale
from autofocus.photo import Photo, resize
from autofocus.upsample import bounded, upsample_depth, upsample_saliency

ONE_COLOUR = 2 / 255  # the most that the channels of a photo without any content differ by
LONGEST = 4  # times the short side: the network's input for a panorama
LAYOUT = 0.05  # of the short side: what is finer than this σ is detail, not layout
ENOUGH = 2_400_000  # pixels of a photo for its maps: more than any network or its upsampling sees

Upsample = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Prediction:
    """What the network sees in a photo: two maps of the photo's height and width.

    depth: H×W float32 in [0, 1], 1 nearest. It is inverse depth up to scale and shift, so it is not
        in metres and compares within one photo only: the nearest pixel is 1 and the farthest 0; a
        flat map is 0.5 everywhere.
    saliency: H×W float32 in [0, 1], the probability that a pixel belongs to the subject; from
        `focus.SALIENT` on it is salient.
    """

    depth: np.ndarray
    saliency: np.ndarray


Predictor = Callable[[np.ndarray], Prediction]


def predict_photo(predictor: Predictor, photo: Photo) -> Prediction:
    """A photo's maps at its own size, of which `ENOUGH` pixels are needed, as `predict_copy`."""
    prediction = predict_copy(predictor, photo)
    if photo.full_size is None:
        return prediction
    depth = resize_depth(prediction.depth, photo.size)
    return Prediction(depth, resize(prediction.saliency, photo.size))


def predict_copy(predictor: Predictor, photo: Photo) -> Prediction:
    """A photo's maps at its pixels' size; where its phone cut people out, that is the subject."""
    prediction = predictor(photo.pixels)
    if photo.matte is None:
        return prediction
    return replace(prediction, saliency=resize(photo.matte, prediction.depth.shape))


def resize_depth(depth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A predicted depth map at another size (height, width), where it fills 0..1 again."""
    return depth if depth.shape == size else fill_range(resize(depth, size))


def pick_device() -> torch.device:
    """The best device of this machine; called at the border (app, command line) only."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def pick_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the device computes it faster than float32, else float32."""
    quick = {"cuda": torch.cuda.is_bf16_supported, "cpu": is_bfloat16_quick}.get(device.type)
    return torch.bfloat16 if quick and quick() else torch.float32


def is_bfloat16_quick() -> bool:
    """Whether this processor computes bfloat16 faster than float32.

    Intel's cores that have float16 rely on AMX for bfloat16. Where a virtual machine hides AMX,
    what they offer instead takes half as long again as float32.
    """
    can = torch.cpu.get_capabilities()
    vectors = can.get("avx512_bf16") and not can.get("avx512_fp16")
    return bool(can.get("amx_bf16") or vectors or can.get("bf16"))


def arithmetic(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """Within it, networks in float32 compute in this type."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)


def prepare(network: AutoFocusNet, dtype: torch.dtype) -> AutoFocusNet:
    """A network, in place, for nothing but predicting: the same maps in less time.

    Args:
        network: in evaluation mode.
        dtype: that of the arithmetic, as in `predict`. Weights are stored in it, or autocast would
            convert all of them for every photo.

    """
    fold_batch_norm(network)
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.to(dtype)
    return network


def fold_batch_norm(module: nn.Module) -> None:
    """Make every batch norm, a linear map by now, a part of the convolution before it."""
    for (name, convolution), (norm, batch_norm) in pairwise(list(module.named_children())):
        if isinstance(convolution, nn.Conv2d) and isinstance(batch_norm, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(convolution, batch_norm))
            setattr(module, norm, nn.Identity())
    for child in module.children():
        fold_batch_norm(child)


def predict(
    network: AutoFocusNet,
    photo: np.ndarray,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    upsample: Upsample = upsample_depth,
) -> Prediction:
    """Estimate depth and saliency of a photo.

    Args:
        network: in evaluation mode, on `device`.
        photo: H×W×3 float32 in [0, 1], sRGB-encoded, upright.
        device: where the network is.
        dtype: that of the network's arithmetic; bfloat16 runs under autocast.
        upsample: brings the depth, of the network's size, to the photo's.

    Returns:
        Both maps at the photo's size. A photo of one colour shows nothing: flat, without a subject.

    Raises:
        ValueError: the photo is not H×W×3.

    """
    if photo.ndim != 3 or photo.shape[2] != 3 or 0 in photo.shape:
        raise ValueError(f"a photo must be H×W×3, not {photo.shape}")
    size = input_size(*photo.shape[:2], network.config.short_side)
    guide = bounded(photo, math.prod(size))  # once for the network and both maps
    small = resize(guide, size)
    if np.ptp(small, axis=(0, 1)).max() <= ONE_COLOUR:
        return Prediction(*np.full((2, *photo.shape[:2]), [[[0.5]], [[0]]], np.float32))
    device = torch.device(device)
    depth, saliency = run(network, small, device, dtype)
    if network.config.mirrored_side:
        depth = correct_layout(depth, network, small, device, dtype)
    depth = fill_range(resize(upsample(depth, small, guide), photo.shape[:2]))
    saliency = resize(upsample_saliency(saliency, small, guide), photo.shape[:2])
    return Prediction(depth, saliency)


def fill_range(depth: np.ndarray) -> np.ndarray:
    """H×W float32 → the same to fill 0..1."""
    return rescale(torch.from_numpy(depth)[None, None])[0, 0].numpy()


def input_size(height: int, width: int, short_side: int) -> tuple[int, int]:
    """Height and width that the network sees of a photo of this size, multiples of 32."""
    scale = min(short_side / min(height, width), LONGEST * short_side / max(height, width))
    return tuple(max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in (height, width))


@torch.inference_mode()
def run(
    network: AutoFocusNet, small: np.ndarray, device: torch.device, dtype: torch.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """One forward; h×w×3 → depth and saliency, each h×w float32."""
    batch = torch.from_numpy(np.ascontiguousarray(small)).permute(2, 0, 1)[None].to(device)
    batch = batch.to(memory_format=torch.channels_last)
    with arithmetic(device, dtype):
        depth, saliency = network(batch)
    return depth[0, 0].float().cpu().numpy(), saliency[0, 0].float().cpu().numpy()


def correct_layout(
    depth: np.ndarray,
    network: AutoFocusNet,
    small: np.ndarray,
    device: torch.device,
    dtype: torch.dtype,
) -> np.ndarray:
    """The depth of a photo (h×w×3), with the mean of its own layout and its mirror image's.

    Sides that are swapped and another scale make other errors of slopes and distances; boundaries
    are best as they are in the larger view. h×w float32.
    """
    seen = resize(small, input_size(*small.shape[:2], network.config.mirrored_side))
    mirrored, _ = run(network, seen[:, ::-1], device, dtype)
    difference = mirrored[:, ::-1] - resize(depth, mirrored.shape)
    smooth = cv2.GaussianBlur(difference, (0, 0), LAYOUT * min(difference.shape))
    return depth + resize(smooth, depth.shape) / 2
