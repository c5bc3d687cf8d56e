"""Pseudo-labels: a version's depth for photos without any, corrected by the subject's mask.

A network's depth is right globally and soft at edges; the subject masks know where the edges are.
Where a mask is confident, the depth of a band around its boundary is filled from beyond the band,
on each side from its own side, so that the discontinuity lies on the boundary. Within the mask most
depth variation goes, since a subject is one thing to focus on.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from autofocus.evaluation.datasets import Item, has_boundary, read_mask, read_rgb, write_disparity
from autofocus.network import AutoFocusNet, rescale, upsample
from autofocus.photo import resize
from autofocus.predict import arithmetic, input_size, pick_dtype
from autofocus.training.config import TrainConfig
from autofocus.training.data import label_file


def write_labels(
    network: AutoFocusNet, items: Sequence[Item], folder: Path, config: TrainConfig
) -> None:
    """Write `KEY.png` for every item that has none yet; the network is in evaluation mode."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [item for item in items if not label_file(folder, item).exists()]
    for item in tqdm(missing, desc="labels", unit="photo", disable=None):
        depth = averaged_depth(network, read_rgb(item.photo), config.label_scales)
        write_disparity(corrected(depth, item, config), label_file(folder, item))


@torch.inference_mode()
def averaged_depth(network: AutoFocusNet, rgb: np.ndarray, scales: Sequence[float]) -> np.ndarray:
    """The mean depth of a photo and its mirror image, at several sizes.

    Args:
        network: in evaluation mode; its device computes.
        rgb: H×W×3 uint8.
        scales: of the network's short side.

    Returns:
        H×W float32 in [0, 1], 1 nearest.

    """
    photo = torch.from_numpy(rgb).permute(2, 0, 1)[None].to(network.mean.device).float() / 255
    maps = []
    for scale in scales:
        short_side = round(scale * network.config.short_side)
        maps.append(depth_of(network, photo, short_side))
        maps.append(depth_of(network, photo.flip(-1), short_side).flip(-1))
    mean = torch.stack([(depth - depth.mean()) / (depth.std() + 1e-6) for depth in maps]).mean(0)
    return rescale(mean[None, None])[0, 0].cpu().numpy()


def depth_of(network: AutoFocusNet, photo: Tensor, short_side: int) -> Tensor:
    """Photo 1×3×H×W in [0, 1] → H×W depth in [0, 1], asked at the size of a short side."""
    size = photo.shape[-2:]
    small = torch.nn.functional.interpolate(
        photo, input_size(*size, short_side), mode="bilinear", antialias=True
    )
    with arithmetic(photo.device, pick_dtype(photo.device)):
        depth, _ = network(small)
    return upsample(depth.float(), size)[0, 0]


def corrected(depth: np.ndarray, item: Item, config: TrainConfig) -> np.ndarray:
    """The depth with its discontinuity on the mask's boundary, if the mask is confident."""
    if not has_boundary(item):
        return depth
    mask = resize(read_mask(item.mask), depth.shape) > 0.5
    return flattened(
        snapped_to_boundary(depth, mask, config.label_band), mask, config.label_variation
    )


def flattened(depth: np.ndarray, mask: np.ndarray, kept: float) -> np.ndarray:
    """Keep a fraction of what the depth within the mask differs from its median there."""
    if not mask.any():
        return depth
    middle = np.median(depth[mask])
    return np.where(mask, middle + kept * (depth - middle), depth).astype(np.float32)


def snapped_to_boundary(depth: np.ndarray, mask: np.ndarray, band: float) -> np.ndarray:
    """Refill a band around the mask's boundary from both sides, where the subject is nearer.

    `band` is its half width, as a fraction of the photo's diagonal.
    """
    radius = band * float(np.hypot(*depth.shape))
    within = cv2.distanceTransform(np.uint8(mask), cv2.DIST_L2, 5)
    beyond = cv2.distanceTransform(np.uint8(~mask), cv2.DIST_L2, 5)
    inside, inside_known = spread(depth, within > radius, radius)
    outside, outside_known = spread(depth, beyond > radius, radius)
    in_band = (within <= radius) & (beyond <= radius) & inside_known & outside_known
    sharp = np.where(mask, inside, outside)
    return np.where(in_band & (inside > outside), sharp, depth).astype(np.float32)


def spread(depth: np.ndarray, source: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """The source pixels' depth carried into their surroundings, and where it arrived."""
    weight = cv2.GaussianBlur(source.astype(np.float32), (0, 0), radius / 1.5)
    total = cv2.GaussianBlur(np.where(source, depth, 0).astype(np.float32), (0, 0), radius / 1.5)
    return total / np.maximum(weight, 1e-6), weight > 1e-3
