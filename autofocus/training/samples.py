"""From items to batches of tensors; every random choice follows from the seed and the step."""

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors

from autofocus.evaluation.datasets import (
    Item,
    read_disparity,
    read_mask,
    read_rgb,
    resize_label,
)
from autofocus.photo import resize
from autofocus.training.augment import random_colours, random_view, to_float
from autofocus.training.config import TrainConfig

Batches = Iterator[dict[str, Tensor]]
SEEDS = 2**63  # how many there are
FLAGS = ("exact", "pseudo", "soft", "person")  # of an item, that the losses ask for


class Samples(Dataset):
    """Items as tensors of one size: of a landscape photo height < width, else the other way.

    `photo` is 3×h×w float32 in [0, 1], `disparity` and `mask` are 1×h×w, all NaN without a label;
    the item's flags are boolean. `clean`, if it is asked for, is the photo before its colours
    changed. The index is an item's number with a seed.
    """

    def __init__(self, items: Sequence[Item], config: TrainConfig, clean: bool = False):
        self.items = items
        self.clean = clean
        short, long = sorted(config.size)
        self.landscape = random_view(config, (short, long))
        self.portrait = random_view(config, (long, short))
        self.colours = random_colours(config)
        self.to_float = to_float()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index_and_seed: tuple[int, int]) -> dict[str, Tensor]:
        index, seed = index_and_seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return self.sample(self.items[index])

    def sample(self, item: Item) -> dict[str, Tensor]:
        """One random view of an item."""
        rgb = read_rgb(item.photo)
        size = rgb.shape[:2]
        view = self.portrait if size[0] > size[1] else self.landscape
        photo, depth, mask = view(
            tv_tensors.Image(torch.from_numpy(rgb).permute(2, 0, 1)),
            tv_tensors.Mask(depth_label(item, size)),
            tv_tensors.Image(mask_label(item, size)),
        )
        sample = {
            "photo": self.colours(photo).as_subclass(Tensor),
            "disparity": depth.as_subclass(Tensor),
            "mask": mask.as_subclass(Tensor),
            **{flag: torch.tensor(getattr(item, flag)) for flag in FLAGS},
        }
        if self.clean:
            sample["clean"] = self.to_float(photo).as_subclass(Tensor)
        return sample


def depth_label(item: Item, size: tuple[int, int]) -> Tensor:
    """The item's disparity, 1×H×W at the photo's size, NaN where unknown."""
    if item.depth is None:
        return torch.full((1, *size), torch.nan)
    return torch.from_numpy(resize_label(read_disparity(item.depth), size))[None]


def mask_label(item: Item, size: tuple[int, int]) -> Tensor:
    """The item's mask, 1×H×W in [0, 1] at the photo's size, all NaN where there is none."""
    if item.empty:
        return torch.zeros(1, *size)
    if item.mask is None:
        return torch.full((1, *size), torch.nan)
    return torch.from_numpy(resize(read_mask(item.mask), size))[None]


class GroupedBatches:
    """Endless lists of (index, seed) of one orientation each, drawn by weight.

    A batch depends on the seed and its own number alone, so that a run resumes with the batches
    that it would have had, with any number of workers.
    """

    def __init__(
        self, items: Sequence[Item], weights: Sequence[float], config: TrainConfig, first: int
    ):
        portrait = np.array([is_portrait(item.photo) for item in items])
        self.groups = [np.flatnonzero(group) for group in (portrait, ~portrait) if group.any()]
        self.weights = [np.asarray(weights)[group] for group in self.groups]
        self.size = config.batch
        self.seed = config.seed
        self.first = first

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        return map(self.batch, count(self.first))

    def batch(self, number: int) -> list[tuple[int, int]]:
        """The batch of this number."""
        draw = np.random.default_rng([self.seed, number])
        totals = np.array([weights.sum() for weights in self.weights])
        group = draw.choice(len(self.groups), p=totals / totals.sum())
        odds = self.weights[group] / totals[group]
        indices = draw.choice(self.groups[group], self.size, p=odds)
        seeds = draw.integers(SEEDS, size=self.size)
        return [(int(index), int(seed)) for index, seed in zip(indices, seeds, strict=True)]


def stream(
    items: Sequence[Item],
    weights: Sequence[float],
    config: TrainConfig,
    clean: bool = False,
    first: int = 0,
) -> Batches:
    """Endless batches of samples; `first` is the number of the one to begin with."""
    batches = GroupedBatches(items, weights, config, first)
    samples = Samples(items, config, clean)
    pin = config.torch_device.type == "cuda"
    loader = DataLoader(samples, batch_sampler=batches, num_workers=config.workers, pin_memory=pin)
    return iter(loader)


def is_portrait(photo: Path) -> bool:
    """Whether a photo is higher than wide, from the file's header alone."""
    with Image.open(photo) as image:
        return image.height > image.width
