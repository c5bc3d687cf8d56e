"""Ray-traced scenes: a sharp photo, its depth, and what a thin lens makes of them."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from autofocus.lens.planes import SHARP
from autofocus.render import circle_scale

DISCONTINUITY = 0.05  # a depth difference between neighbours that counts as an edge
CLIPPED = 254.5 / 255


@dataclass(frozen=True, eq=False)
class Case:
    """One true image: sRGB float32 photo and truth, depth in [0, 1] with 1 nearest."""

    name: str
    photo: np.ndarray = field(repr=False)
    depth: np.ndarray = field(repr=False)
    truth: np.ndarray = field(repr=False)
    focus: float
    aperture: float
    blades: int
    rotation: float

    @cached_property
    def radius(self) -> np.ndarray:
        """H×W: the circle of confusion of every pixel, in pixels."""
        scale = np.float32(circle_scale(self.depth.shape, self.aperture))
        return scale * np.abs(self.depth - np.float32(self.focus))

    @cached_property
    def edge_band(self) -> np.ndarray:
        """H×W: within the largest circle's radius at each depth discontinuity."""
        kernel = np.ones((3, 3), np.uint8)
        steps = cv2.dilate(self.depth, kernel) - cv2.erode(self.depth, kernel) > DISCONTINUITY
        return reached_from(steps, cv2.dilate(self.radius, kernel), 0)

    @cached_property
    def lit(self) -> np.ndarray:
        """H×W: where light from clipped pixels of the photo arrives."""
        return reached_from((self.photo >= CLIPPED).any(axis=2), self.radius, 1)

    @cached_property
    def in_focus(self) -> np.ndarray:
        """H×W: pixels of a sharp surface, without two along its boundary."""
        return cv2.erode(np.uint8(self.radius < SHARP), np.ones((5, 5), np.uint8)) > 0


def reached_from(sources: np.ndarray, radius: np.ndarray, more: int) -> np.ndarray:
    """H×W: pixels that lie within their radius, and some `more`, of any of the sources."""
    reached = sources.copy()
    for size in range(int(np.ceil(radius.max())) + 1):
        ring = np.uint8(sources & (radius > size - 1) & (radius <= size))
        if ring.any():
            disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * (size + more) + 1,) * 2)
            reached |= cv2.dilate(ring, disc) > 0
    return reached


def read_cases(folder: Path) -> list[Case]:
    """Every image of every scene in a folder of scenes (or of one scene).

    Raises ValueError if there is none.
    """
    paths = sorted(folder.glob("scene.json")) + sorted(folder.glob("*/scene.json"))
    if not paths:
        raise ValueError(f"There is no scene.json in {folder} or in a folder in it.")
    return [case for path in paths for case in read_scene(path)]


def read_scene(path: Path) -> list[Case]:
    """The images of one scene."""
    scene = json.loads(path.read_text())
    photo = read_colour(path.with_name(scene["photo"]))
    depth = cv2.imread(str(path.with_name(scene["depth"])), cv2.IMREAD_UNCHANGED)
    return [
        Case(
            name=f"{path.parent.name}/{Path(lens['file']).stem}",
            photo=photo,
            depth=depth.astype(np.float32) / 65535,
            truth=read_colour(path.with_name(lens["file"])),
            focus=lens["focus"],
            aperture=lens["aperture"],
            blades=lens["blades"],
            rotation=lens["rotation_deg"],
        )
        for lens in scene["renders"]
    ]


def read_colour(path: Path) -> np.ndarray:
    """An 8-bit image as H×W×3 RGB float32 in [0, 1]."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB).astype(np.float32) / 255
