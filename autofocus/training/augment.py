"""Retaken photos: measured rooms from nearer, mirrored, in other light.

DINOv2's features are cached, so what shall differ between two looks at a photo has to differ
before they are computed. There are few measured rooms, and a decoder learns 800 by heart.
"""

import random
from pathlib import Path

import cv2
import numpy as np

from autofocus.training.data import (
    Item,
    read_disparity,
    read_frame,
    read_mask,
    resize,
    resize_label,
    write_scene,
)
from autofocus.training.samples import disturbed

SMALLEST = 0.5  # share of the photo's sides that a retaken one still shows
TURN = 4.0  # degrees by which the camera may be rolled


def write_retaken(scenes: list[Item], copies: int, folder: Path) -> None:
    """Write `copies` retaken photos of every scene into a folder; existing ones are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for copy in range(copies):
        for scene in scenes:
            file = folder / f"{scene.key}-{copy}.webp"
            if not file.exists():
                write_one(scene, file)


def write_one(scene: Item, file: Path) -> None:
    """Write one photo with its disparity, and its soft mask if the scene has one."""
    random.seed(file.stem)
    photo = read_frame(scene.photo)
    size = photo.shape[:2]
    look = look_at(size)
    disparity = moved(resize_label(read_disparity(scene.depth), size), look, cv2.INTER_NEAREST)
    mask = None
    if scene.mask:
        mask = moved(resize(read_mask(scene.mask), size), look, cv2.INTER_LINEAR)
    photo = disturbed(moved(photo, look, cv2.INTER_LINEAR))
    write_scene(photo, disparity / np.nanmax(disparity), mask, file)


def look_at(size: tuple[int, int]) -> np.ndarray:
    """A random crop, roll and mirror image of a height and width: a map of target to source."""
    height, width = size
    part = random.uniform(SMALLEST, 1.0)
    turn = np.radians(random.uniform(-TURN, TURN)) * (1 - part) / (1 - SMALLEST)
    across, down = part * np.cos(turn), part * np.sin(turn)
    mirror = random.choice([-1, 1])
    turned = np.array([[mirror * across, -down], [mirror * down, across]])
    # The centre moves as far as the crop leaves room, so that nothing from beyond is seen.
    room = (np.array([width, height]) - np.abs(turned) @ [width, height]).clip(0) / 2
    centre = np.array([width, height]) / 2 + [random.uniform(-1, 1) * r for r in room]
    shift = centre - turned @ [width / 2, height / 2]
    return np.column_stack([turned, shift])


def moved(image: np.ndarray, look: np.ndarray, method: int) -> np.ndarray:
    """The image as seen through the look, at its own size."""
    flags = method | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        image, look, image.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
