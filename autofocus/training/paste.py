"""Copy-paste composites: a masked person, animal or object in front of another scene.

The subject's boundary comes from its mask and its disparity lies above everything that it hides,
so the depth discontinuities lie exactly on the boundaries: what no depth camera measures.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from autofocus.evaluation.datasets import (
    Item,
    has_boundary,
    read_disparity,
    read_mask,
    read_rgb,
    resize_label,
    write_scene,
)
from autofocus.photo import resize

SUBJECT_PART = (0.02, 0.8)  # of its photo that a subject must fill
HEIGHT = (0.35, 1.0)  # of the scene's height that it is scaled to
LARGEST_SCALE = 1.6  # more would show its pixels
MARGIN = 4  # pixels


@dataclass(frozen=True)
class Cutout:
    """A subject cut out of its photo, as large as it is."""

    colours: np.ndarray  # h×w×3 float32, 0-255
    mask: np.ndarray  # h×w float32 in [0, 1]


def write_composites(
    scenes: Sequence[Item], subjects: Sequence[Item], count: int, seed: int, folder: Path
) -> None:
    """Write `count` composites with exact depth into a folder; existing ones are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in tqdm(range(count), desc="composites", disable=None):
        file = folder / f"{index:05d}.webp"
        if not file.exists():
            draw = random.Random(f"{seed}-{index}")
            write_scene(*composite(draw.choice(scenes), pick_subject(draw, subjects), draw), file)


def pick_subject(draw: random.Random, subjects: Sequence[Item]) -> Item:
    """A subject whose mask is a person's work or, if a network's, confident."""
    while True:
        item = draw.choice(subjects)
        if SUBJECT_PART[0] < read_mask(item.mask).mean() < SUBJECT_PART[1] and has_boundary(item):
            return item


def composite(
    scene: Item, subject: Item, draw: random.Random
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photo (H×W×3 uint8), disparity and the subject's mask (in [0, 1]), of the scene's size."""
    photo = read_rgb(scene.photo)
    size = photo.shape[:2]
    disparity = resize_label(read_disparity(scene.depth), size)
    cutout = scaled(cut_out(subject), size, draw)
    colours, mask = placed(cutout, size, draw)
    alpha = mask[..., None]
    mixed = alpha * harmonised(colours, photo, alpha, draw) + (1 - alpha) * photo
    disparity = np.where(mask > 0.5, subject_disparity(disparity, mask, draw), disparity)
    return np.uint8(np.round(mixed)), disparity / np.nanmax(disparity), mask


def cut_out(subject: Item) -> Cutout:
    """The part of the subject's photo that its mask covers, with a margin for its soft edge."""
    photo = read_rgb(subject.photo)
    mask = resize(read_mask(subject.mask), photo.shape[:2])
    rows, columns = (np.flatnonzero((mask > 0.5).any(axis=axis)) for axis in (1, 0))
    box = tuple(slice(max(0, i[0] - MARGIN), i[-1] + 1 + MARGIN) for i in (rows, columns))
    return Cutout(photo[box].astype(np.float32), mask[box])


def scaled(cutout: Cutout, size: tuple[int, int], draw: random.Random) -> Cutout:
    """The subject at a size that suits a scene's height and width, mirrored or not.

    It shrinks by area, which keeps its texture and its boundary free of aliasing.
    """
    height, width = cutout.mask.shape
    scale = draw.uniform(*HEIGHT) * size[0] / height
    scale = min(scale, LARGEST_SCALE, 1.2 * size[1] / width)
    target = max(1, round(scale * height)), max(1, round(scale * width))
    flip = slice(None, None, draw.choice([-1, 1]))
    mask = tightened(resize(cutout.mask, target))
    return Cutout(resize(cutout.colours, target)[:, flip], mask[:, flip])


def tightened(mask: np.ndarray) -> np.ndarray:
    """Draw a soft mask's edge in by a little, so that no old background comes along."""
    return np.clip((mask - 0.35) / 0.5, 0, 1)


def placed(
    cutout: Cutout, size: tuple[int, int], draw: random.Random
) -> tuple[np.ndarray, np.ndarray]:
    """The cutout's colours and mask in an empty frame of a height and width.

    Subjects stand at or below the frame's lower edge more often than they float.
    """
    height, width = cutout.mask.shape
    foot = size[0] * draw.choice([draw.uniform(0.75, 1.0), draw.uniform(1.0, 1.2)])
    centre = draw.uniform(0.15, 0.85) * size[1]
    top, left = round(foot) - height, round(centre - width / 2)
    rows = slice(max(0, top), min(size[0], top + height))
    columns = slice(max(0, left), min(size[1], left + width))
    part = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    colours = np.zeros((*size, 3), np.float32)
    mask = np.zeros(size, np.float32)
    colours[rows, columns] = cutout.colours[part]
    mask[rows, columns] = cutout.mask[part]
    return colours, mask


def harmonised(
    colours: np.ndarray, scene: np.ndarray, alpha: np.ndarray, draw: random.Random
) -> np.ndarray:
    """Move the subject's brightness part of the way to the scene's."""
    subject = (alpha * colours).sum() / max(3 * alpha.sum(), 1)
    gain = (scene.mean() + 20) / (subject + 20)
    return np.clip(colours * gain ** draw.uniform(0, 0.7), 0, 255)


def subject_disparity(disparity: np.ndarray, mask: np.ndarray, draw: random.Random) -> np.ndarray:
    """A slightly slanted plane that lies above everything behind the subject."""
    hidden = disparity[(mask > 0.05) & np.isfinite(disparity)]
    behind = np.quantile(hidden, 0.995) if hidden.size else np.nanmax(disparity)
    level = behind * (1 + draw.uniform(0.05, 0.6)) + draw.uniform(0.0, 0.15)
    slope = level * draw.uniform(-0.03, 0.08)
    rows = np.linspace(0, 1, disparity.shape[0], dtype=np.float32)[:, None]
    return np.broadcast_to(level + slope * rows, disparity.shape)
