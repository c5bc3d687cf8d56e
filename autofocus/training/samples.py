"""From items to batches: crops, mirrors and colours for photo, labels and features alike."""

import random
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.ops import roi_align

from autofocus.training.data import Item, read_disparity, read_frame, read_mask, resize
from autofocus.training.features import token_file

CELL = 16  # pixels of a frame per token
EXACT_EDGES, MEASURED_EDGES = 1.0, 0.3  # weights of the gradient loss


@dataclass(frozen=True)
class Recipe:
    """What a stage's samples hold and how much they are disturbed."""

    size: tuple[int, int]  # of a lying sample; of an upright one the other way round
    zoom: bool = False  # resize crops of 60-100 % to `size`, else cut `size` out of the frame
    disturb: bool = False  # colours, blur and noise on the photo, not on its labels
    tokens: Path | None = None  # folder of cached features to go with the photos
    layers: tuple[int, ...] = (3,)  # which of the four cached layers


class Samples(Dataset):
    """Items as tensors: photo 3×h×w, disparity and mask 1×h×w (NaN unknown), tokens, weights."""

    def __init__(self, items: list[Item], recipe: Recipe):
        self.items = items
        self.recipe = recipe

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item, recipe = self.items[index], self.recipe
        frame = read_frame(item.photo)
        size = self.size_of(frame)
        box = self.crop_of(frame, size)
        flip = random.random() < 0.5
        photo = cut(frame, box, size, flip)
        sample = {
            "photo": to_tensor(disturbed(photo) if recipe.disturb else photo),
            "disparity": self.label(item.depth, read_disparity, frame, box, size, flip),
            "mask": self.label(item.mask, read_mask, frame, box, size, flip),
            "edges": torch.tensor(EXACT_EDGES if item.exact else MEASURED_EDGES),
            "trust": trust_in(item),
            "guessed": torch.tensor(item.guessed),
        }
        if recipe.tokens:
            sample["tokens"] = self.tokens_of(item, box, size, flip)
        return sample

    def crop_of(self, frame: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Top, left, height and width of the part of the frame to take, on whole tokens."""
        height, width = frame.shape[:2]
        if self.recipe.zoom:
            # Half of the samples see the whole frame: composition is a depth cue.
            part = 1.0 if random.random() < 0.5 else random.uniform(0.6, 1.0)
            h, w = round(height * part), round(width * part)
        else:
            h, w = min(size[0], height), min(size[1], width)
        top = random.randint(0, (height - h) // CELL) * CELL
        left = random.randint(0, (width - w) // CELL) * CELL
        return top, left, h, w

    def size_of(self, frame: np.ndarray) -> tuple[int, int]:
        """Height and width of the sample, lying or upright as its frame."""
        short, long = self.recipe.size
        return (long, short) if frame.shape[0] > frame.shape[1] else (short, long)

    def label(self, path, read, frame, box, size, flip) -> Tensor:  # noqa: ANN001
        """One label map cut as its photo is; all NaN where there is none."""
        if path is None:
            return torch.full((1, *size), torch.nan)
        label = read(path)
        scale = label.shape[0] / frame.shape[0], label.shape[1] / frame.shape[1]
        top, left, h, w = box
        rows = round(top * scale[0]), max(1, round(h * scale[0]))
        columns = round(left * scale[1]), max(1, round(w * scale[1]))
        part = (rows[0], columns[0], rows[1], columns[1])
        return torch.from_numpy(cut(label, part, size, flip, cv2.INTER_NEAREST_EXACT))[None]

    def tokens_of(self, item: Item, box: tuple, size: tuple, flip: bool) -> Tensor:
        """The frame's tokens under the crop, L×384×h/16×w/16."""
        cached = np.load(token_file(self.recipe.tokens, item), mmap_mode="r")
        layers = torch.from_numpy(cached[list(self.recipe.layers)]).float()
        top, left, h, w = box
        region = [torch.tensor([[left, top, left + w, top + h]], dtype=torch.float32)]
        cells = (size[0] // CELL, size[1] // CELL)
        flat = layers.flatten(0, 1)[None]
        part = roi_align(flat, region, cells, 1 / CELL, sampling_ratio=1, aligned=True)
        part = part.view(*layers.shape[:2], *cells)
        return part.flip(-1) if flip else part


def cut(
    image: np.ndarray, box: tuple, size: tuple[int, int], flip: bool, method: int | None = None
) -> np.ndarray:
    """The box of an image at another size, mirrored or not."""
    top, left, h, w = box
    part = image[top : top + h, left : left + w]
    if method is None:
        part = resize(part, size)
    else:
        part = cv2.resize(part, (size[1], size[0]), interpolation=method)
    return np.ascontiguousarray(part[:, ::-1] if flip else part)


def trust_in(item: Item) -> Tensor:
    """The weight of an item's mask."""
    return torch.tensor(0.4 if item.soft else 1.0)


def to_tensor(photo: np.ndarray) -> Tensor:
    """H×W×3 uint8 → 3×H×W float32 in [0, 1]."""
    return torch.from_numpy(photo).permute(2, 0, 1).float() / 255


def disturbed(photo: np.ndarray) -> np.ndarray:
    """The photo with other colours, now and then blurred, noisy or grey."""
    x = photo.astype(np.float32) / 255
    x = x ** random.uniform(0.6, 1.6) * random.uniform(0.7, 1.25)
    x = x * np.array([random.uniform(0.85, 1.15) for _ in range(3)], np.float32)
    grey = x.mean(axis=2, keepdims=True)
    saturation = 0.0 if random.random() < 0.07 else random.uniform(0.4, 1.5)
    x = grey + (x - grey) * saturation
    x = (x - x.mean()) * random.uniform(0.7, 1.3) + x.mean()
    if random.random() < 0.25:
        x = cv2.GaussianBlur(x, (0, 0), random.uniform(0.3, 2.0))
    if random.random() < 0.25:
        x = x + np.random.default_rng(random.getrandbits(32)).normal(
            0, random.uniform(0.005, 0.05), x.shape
        )
    return np.uint8(np.clip(x, 0, 1) * 255 + 0.5)


class GroupedBatches:
    """Endless lists of indices of one group (of shape) each, drawn by weight; resumes anywhere."""

    def __init__(self, groups: dict, weights: list[float], batch: int, first: int):
        self.groups = [np.array(g) for g in groups.values()]
        self.weights = [np.array([weights[i] for i in g]) for g in groups.values()]
        self.batch = batch
        self.first = first

    def __iter__(self) -> Iterator[list[int]]:
        step = self.first
        totals = np.array([w.sum() for w in self.weights])
        while True:
            draw = np.random.default_rng(step)
            group = draw.choice(len(self.groups), p=totals / totals.sum())
            odds = self.weights[group] / totals[group]
            yield draw.choice(self.groups[group], self.batch, p=odds).tolist()
            step += 1


def stream(
    items: list[Item], weights: list[float], recipe: Recipe, batch: int, first: int = 0
) -> Iterator[dict[str, Tensor]]:
    """Endless batches of samples; `first` is the step to begin with, for resuming."""
    return endless(Samples(items, recipe), is_upright, weights, batch, first)


def endless(
    samples: Dataset,
    group_of: Callable[[Item], Hashable],
    weights: list[float],
    batch: int,
    first: int,
) -> Iterator[dict[str, Tensor]]:
    """Endless batches, each of one group of the samples' items."""
    groups: dict[Hashable, list[int]] = {}
    for index, item in enumerate(samples.items):
        groups.setdefault(group_of(item), []).append(index)
    sampler = GroupedBatches(groups, weights, batch, first)
    return iter(DataLoader(samples, batch_sampler=sampler, num_workers=2))


def is_upright(item: Item) -> bool:
    """Whether a photo is higher than wide, from the file's header alone."""
    with Image.open(item.photo) as photo:
        return photo.height > photo.width
