"""Pasted subjects: a masked person, animal or object in front of another scene.

The subject's outline comes from its mask and its disparity lies above everything that it hides,
so the depth steps lie exactly on the outlines: what no depth camera measures.
"""

import random
from pathlib import Path

import cv2
import numpy as np

from autofocus.training.data import (
    Item,
    frame_size,
    is_sure,
    read_disparity,
    read_frame,
    read_mask,
    resize,
    resize_label,
    write_scene,
)


def write_pasted(scenes: list[Item], subjects: list[Item], count: int, folder: Path) -> None:
    """Write `count` pasted photos with exact depth into a folder; existing ones are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        file = folder / f"{index:05d}.webp"
        if file.exists():
            continue
        draw = random.Random(index)
        pasted = paste_one(draw.choice(scenes), pick_subject(draw, subjects), draw)
        write_scene(*pasted, file)


def pick_subject(draw: random.Random, subjects: list[Item]) -> Item:
    """A subject whose mask is a person's or, if a network's, sure."""
    while True:
        item = draw.choice(subjects)
        mask = read_mask(item.mask)
        if 0.02 < mask.mean() < 0.8 and (not item.soft or is_sure(mask)):
            return item


def paste_one(
    scene: Item, subject: Item, draw: random.Random
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photo (RGB uint8), disparity in [0, 1] and the pasted mask, all of the scene's frame size."""
    photo = read_frame(scene.photo)
    size = photo.shape[:2]
    disparity = resize_label(read_disparity(scene.depth), size)
    cutout, mask = placed(subject, size, draw)
    alpha = mask[..., None]
    mixed = np.uint8(np.round(photo * (1 - alpha) + harmonised(cutout, photo, draw) * alpha))
    near = subject_disparity(disparity, mask, draw)
    disparity = np.where(mask > 0.5, near, disparity)
    return mixed, disparity / np.nanmax(disparity), mask


def placed(
    subject: Item, size: tuple[int, int], draw: random.Random
) -> tuple[np.ndarray, np.ndarray]:
    """The subject's colours (float32) and soft mask, scaled, mirrored and moved into a frame."""
    photo = read_frame(subject.photo)
    mask = resize(read_mask(subject.mask), frame_size(*photo.shape[:2]))
    rows, columns = np.nonzero(mask > 0.5)
    height = rows.max() - rows.min() + 1
    scale = draw.uniform(0.35, 1.0) * size[0] / height
    scale = min(scale, 1.6, 1.2 * size[1] / (columns.max() - columns.min() + 1))
    centre = (columns.mean(), rows.max())
    # Subjects stand at or below the frame's lower edge more often than they float.
    foot = size[0] * draw.choice([draw.uniform(0.75, 1.0), draw.uniform(1.0, 1.2)])
    to = (draw.uniform(0.15, 0.85) * size[1], foot)
    flip = draw.choice([-1, 1])
    matrix = np.array(
        [
            [flip * scale, 0, to[0] - flip * scale * centre[0]],
            [0, scale, to[1] - scale * centre[1]],
        ]
    )
    where = (size[1], size[0])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    cutout = cv2.warpAffine(
        photo.astype(np.float32), matrix, where, flags=method, borderMode=cv2.BORDER_REPLICATE
    )
    return cutout, harden(cv2.warpAffine(mask, matrix, where, flags=method))


def harden(mask: np.ndarray) -> np.ndarray:
    """Draw a soft mask's edge in by a little, so that no old background comes along."""
    return np.clip((mask - 0.35) / 0.5, 0, 1)


def harmonised(cutout: np.ndarray, scene: np.ndarray, draw: random.Random) -> np.ndarray:
    """Move the subject's brightness part of the way to the scene's."""
    gain = (scene.mean() + 20) / (cutout.mean() + 20)
    return np.clip(cutout * gain ** draw.uniform(0, 0.7), 0, 255)


def subject_disparity(
    disparity: np.ndarray, mask: np.ndarray, draw: random.Random
) -> np.ndarray | float:
    """A slightly slanted plane that lies above everything behind the subject."""
    hidden = disparity[(mask > 0.05) & np.isfinite(disparity)]
    behind = np.quantile(hidden, 0.995) if hidden.size else np.nanmax(disparity)
    level = behind * (1 + draw.uniform(0.05, 0.6)) + draw.uniform(0.0, 0.15)
    slope = level * draw.uniform(-0.03, 0.08)
    rows = np.linspace(0, 1, disparity.shape[0], dtype=np.float32)[:, None]
    return np.broadcast_to(level + slope * rows, disparity.shape)
