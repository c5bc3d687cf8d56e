"""Cached tokens with labels at their own resolution, for the stage that never sees the photo."""

import random
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from autofocus.training.data import Item, frame_size, read_disparity, read_mask
from autofocus.training.features import token_file
from autofocus.training.samples import MEASURED_EDGES, endless, trust_in

KNOWN = 0.3  # share of a cell that has to be known


class Cells(Dataset):
    """Items as tokens 4×384×h×w, disparity and mask 1×h×w (NaN unknown), weights."""

    def __init__(self, items: list[Item], tokens: Path):
        self.items = items
        self.tokens = tokens

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        item = self.items[index]
        tokens = np.load(token_file(self.tokens, item))
        size = tokens.shape[-2:]
        sample = {
            "tokens": torch.from_numpy(tokens),
            "disparity": cell_means(item.depth, read_disparity, size),
            "mask": cell_means(item.mask, read_mask, size),
        }
        if random.random() < 0.5:
            sample = {name: value.flip(-1) for name, value in sample.items()}
        return {
            **sample,
            "edges": torch.tensor(MEASURED_EDGES),
            "trust": trust_in(item),
            "guessed": torch.tensor(item.guessed),
        }


def cell_means(path: Path | None, read, size: tuple[int, int]) -> Tensor:  # noqa: ANN001
    """A label's mean over each cell, 1×h×w; all NaN where there is no label."""
    if path is None:
        return torch.full((1, *size), torch.nan)
    label = read(path)
    known = np.isfinite(label)
    total = shrunk(np.where(known, label, 0), size)
    share = shrunk(known, size)
    return torch.from_numpy(np.where(share > KNOWN, total / share.clip(1e-6), np.nan))[None]


def shrunk(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Means over the cells, height × width."""
    return cv2.resize(values.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)


def stream_cells(
    items: list[Item], weights: list[float], tokens: Path, batch: int, first: int = 0
) -> Iterator[dict[str, Tensor]]:
    """Endless batches of one frame size each; `first` is the step to begin with, for resuming."""
    return endless(Cells(items, tokens), frame_of, weights, batch, first)


def frame_of(item: Item) -> tuple[int, int]:
    """Height and width of an item's frame, from its photo's header alone."""
    with Image.open(item.photo) as photo:
        return frame_size(photo.height, photo.width)
