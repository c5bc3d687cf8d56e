"""DINOv2's features of every frame, computed once and kept on disk.

The backbone is frozen, so its four layers' tokens are the same at every step: up to 2.4 MB a frame.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from autofocus.network import DINOV2_LAYERS, AutoFocusNet
from autofocus.training.data import Item, read_frame

BATCH = 8


def token_file(cache: Path, item: Item) -> Path:
    """Where an item's tokens lie: float16, 4×384×h/16×w/16 for a frame of h×w."""
    return cache / f"{item.key}.npy"


def cache_tokens(network: AutoFocusNet, items: list[Item], cache: Path) -> None:
    """Compute and write the tokens that are not there yet."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [item for item in items if not token_file(cache, item).exists()]
    for batch, frames in same_shape_batches(tqdm(missing, desc="tokens", unit="photo")):
        for item, layers in zip(batch, tokens_of(network, frames), strict=True):
            partial = token_file(cache, item).with_suffix(".partial.npy")
            np.save(partial, layers)
            partial.rename(token_file(cache, item))


@torch.no_grad()
def tokens_of(network: AutoFocusNet, frames: list[np.ndarray]) -> np.ndarray:
    """Frames of one shape, H×W×3 uint8 each → B×4×384×H/16×W/16 float16."""
    photos = to_batch(frames)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layers = network.encoder.tokens(network.normalise(photos))
    return layers.float().unflatten(1, (len(DINOV2_LAYERS), -1)).half().numpy()


def same_shape_batches(items: list[Item]) -> Iterator[tuple[list[Item], list[np.ndarray]]]:
    """Items with their frames, in batches of one shape."""
    waiting: dict[tuple, list] = {}
    for item in items:
        frame = read_frame(item.photo)
        group = waiting.setdefault(frame.shape, [])
        group.append((item, frame))
        if len(group) == BATCH:
            yield [i for i, _ in group], [f for _, f in group]
            group.clear()
    for group in waiting.values():
        if group:
            yield [i for i, _ in group], [f for _, f in group]


def to_batch(frames: list[np.ndarray]) -> Tensor:
    """H×W×3 uint8 each → B×3×H×W float32 in [0, 1]."""
    return torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2).float() / 255
