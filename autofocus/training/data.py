"""What is trained on: parts of the data, and how often each one's photos are drawn."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autofocus.evaluation.datasets import (
    MASKED,
    Item,
    depth_items,
    empty_items,
    has_boundary,
    mask_items,
    scenes_in,
    soft_mask_items,
)
from autofocus.training.config import TrainConfig

ROOM_SEQUENCES = ("kitchen", "table", "lab", "toy")
COMPOSITES, LABELS = "composites", "labels"  # folders of what training made, among the runs

Part = tuple[float, list[Item]]  # a share, and the photos that have it together


def depth_parts(config: TrainConfig) -> list[Part]:
    """Photos with depth: measured, by stronger networks, and composites."""
    data = config.data
    strong = [replace(i, exact=True) for i in pseudo_items(data, "strong/train")]
    return [
        (config.share_nyu, depth_items(data, "nyu/train")),
        (config.share_rooms, room_items(data)),
        (config.share_strong, strong),
        (config.share_people, pseudo_items(data, "people/train")),
        (config.share_order, pseudo_items(data, "order/train")),
        (config.share_composites, composite_items(config)),
    ]


def mask_parts(config: TrainConfig) -> list[Part]:
    """Photos with a mask of the subject, or known to have none."""
    data = config.data
    return [
        (config.share_duts, mask_items(data, "duts/train")),
        (config.share_masks, masked_items(data)),
        (config.share_portraits, mask_items(data, "portraits")),
        (config.share_horses, mask_items(data, "horses")),
        (config.share_soft_masks, soft_mask_items(data, held_out=False)),
        (config.share_empty, empty_items(data, held_out=False)),
    ]


def training_parts(config: TrainConfig) -> list[Part]:
    """All that is learnt from; photos with masks also have depth once they are pseudo-labelled."""
    labels = config.runs / LABELS
    masks = [with_labels(part, labels, config.labelled_factor) for part in mask_parts(config)]
    return depth_parts(config) + masks


def with_labels(part: Part, labels: Path, factor: float) -> Part:
    """The part's photos that have a pseudo-label, with it; without any, the part as it is."""
    share, items = part
    labelled = labelled_items(items, labels)
    return (factor * share, labelled) if labelled else part


def weighted(parts: Sequence[Part]) -> tuple[list[Item], list[float]]:
    """All items, and the weight with which each is drawn."""
    items = [item for _, part in parts for item in part]
    weights = [share / len(part) for share, part in parts for _ in part]
    return items, weights


def pseudo_items(data: Sequence[Path], folder: str) -> list[Item]:
    """Photos whose depth is a network's, of unknown scale and shift."""
    return [replace(item, pseudo=True) for item in depth_items(data, folder)]


def room_items(data: Sequence[Path]) -> list[Item]:
    """The short RGB-D sequences."""
    return [item for folder in ROOM_SEQUENCES for item in depth_items(data, folder)]


def masked_items(data: Sequence[Path]) -> list[Item]:
    """The smaller sets with true masks, without what is held out of them."""
    return [item for folder in MASKED for item in mask_items(data, folder, held_out=False)]


def composite_items(config: TrainConfig) -> list[Item]:
    """The copy-paste composites that `prepare` made; their masks are true."""
    scenes = scenes_in(config.runs / COMPOSITES)
    return [replace(item, exact=True, soft=False) for item in scenes]


def labelled_items(items: Sequence[Item], labels: Path) -> list[Item]:
    """The items that have a pseudo-label, with it."""
    return [
        replace(item, depth=file, exact=has_boundary(item), pseudo=True)
        for item in items
        if (file := label_file(labels, item)).exists()
    ]


def label_file(labels: Path, item: Item) -> Path:
    """Where an item's pseudo-label lies."""
    return labels / f"{item.key}.png"
