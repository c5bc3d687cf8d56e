"""Pseudo-labels: the teacher's depth for photos without any, corrected by the subject's mask.

The teacher's depth is right in the large and soft at edges; the subject masks know where the edges
are. Where a mask is sure, the depth of a band around its outline is filled from beyond the band, on
each side from its own side, so that the step lies on the outline. Within it most relief goes, since
a subject is one thing to focus on, and the teacher learnt its relief from rooms.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from autofocus.network import rescale, upsample
from autofocus.training.data import Item, is_sure, read_mask, resize, write_disparity
from autofocus.training.features import same_shape_batches, to_batch, token_file
from autofocus.training.objectives import Teacher

RELIEF = 0.3  # of the relief within a subject that is kept
BAND = 0.02  # half width of the band around the outline, as a share of the frame's diagonal


def write_labels(teacher: Teacher, items: list[Item], tokens: Path, folder: Path) -> None:
    """Write `KEY.png` for every item that has none yet."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [item for item in items if not label_file(folder, item).exists()]
    for batch, frames in same_shape_batches(tqdm(missing, desc="labels", unit="photo")):
        for item, depth in zip(batch, teacher_depth(teacher, batch, frames, tokens), strict=True):
            write_disparity(sharpened(depth, item), label_file(folder, item))


def labelled(items: list[Item], folder: Path) -> list[Item]:
    """The items that have a pseudo-label, with it."""
    return [
        replace(item, depth=file, exact=is_decided(item), guessed=True)
        for item in items
        if (file := label_file(folder, item)).exists()
    ]


def label_file(folder: Path, item: Item) -> Path:
    """Where an item's pseudo-label lies."""
    return folder / f"{item.key}.png"


@torch.inference_mode()
def teacher_depth(
    teacher: Teacher, batch: list[Item], frames: list[np.ndarray], tokens: Path
) -> np.ndarray:
    """Frames of one shape and their cached tokens → B×H×W depth in [0, 1]."""
    photos = to_batch(frames)
    cached = torch.from_numpy(np.stack([np.load(token_file(tokens, item)) for item in batch]))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, depth = teacher.depth_of(photos, cached.float())
    return rescale(upsample(depth.float(), photos.shape[-2:]))[:, 0].numpy()


def is_decided(item: Item) -> bool:
    """Whether the item's mask may be trusted to show the outline."""
    return item.mask is not None and (not item.soft or is_sure(read_mask(item.mask)))


def sharpened(depth: np.ndarray, item: Item) -> np.ndarray:
    """The depth with its step on the outline of the item's mask, if sure, and less relief in it."""
    if not is_decided(item):
        return depth
    mask = resize(read_mask(item.mask), depth.shape) > 0.5
    return flattened(step_at_outline(depth, mask), mask)


def flattened(depth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Lessen what the depth within the mask differs from its median there."""
    if not mask.any():
        return depth
    middle = np.median(depth[mask])
    return np.where(mask, middle + RELIEF * (depth - middle), depth).astype(np.float32)


def step_at_outline(depth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Refill a band around the mask's outline from both sides, where the subject is nearer."""
    reach = BAND * float(np.hypot(*depth.shape))
    within = cv2.distanceTransform(np.uint8(mask), cv2.DIST_L2, 5)
    beyond = cv2.distanceTransform(np.uint8(~mask), cv2.DIST_L2, 5)
    inside, inside_known = spread(depth, within > reach, reach)
    outside, outside_known = spread(depth, beyond > reach, reach)
    in_band = (within <= reach) & (beyond <= reach) & inside_known & outside_known
    step = np.where(mask, inside, outside)
    return np.where(in_band & (inside > outside), step, depth).astype(np.float32)


def spread(depth: np.ndarray, source: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """The source pixels' depth carried into their surroundings, and where it arrived."""
    weight = cv2.GaussianBlur(source.astype(np.float32), (0, 0), reach / 1.5)
    total = cv2.GaussianBlur(np.where(source, depth, 0).astype(np.float32), (0, 0), reach / 1.5)
    return total / np.maximum(weight, 1e-6), weight > 1e-3
