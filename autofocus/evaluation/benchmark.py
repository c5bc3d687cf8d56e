"""Time from a 12-megapixel JPEG on disk to both maps, beside a known architecture.

    python -m autofocus.evaluation.benchmark --version resnet

The baseline is ViT-S/14 under a DPT head (Ranftl et al. 2021, arXiv 2103.13413; the shape of Depth
Anything Small) with random weights, at its usual 518 pixels, on the same photo, in the same process
and interleaved, so that only the ratio matters.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from autofocus.evaluation.evaluate import choose_version, predictor
from autofocus.network import DINOV2_CHANNELS, DINOV2_LAYERS, DINOV2_MODEL, PATCH, ResidualBlock
from autofocus.photo import read_photo, write_photo
from autofocus.predict import pick_device, pick_dtype
from autofocus.versions.weights import load_network

PHOTO = (3000, 4000)  # 12 megapixels
DPT_SHORT_SIDE = 518
DPT_FEATURES = 64
DPT_CHANNELS = (48, 96, 192, 384)


class VitDpt(nn.Module):
    """ViT-S/14 with a DPT decoder; depth only."""

    def __init__(self):
        super().__init__()
        self.backbone = timm.create_model(
            DINOV2_MODEL, pretrained=False, num_classes=0, img_size=518, dynamic_img_size=True
        )
        self.project = nn.ModuleList(nn.Conv2d(DINOV2_CHANNELS, c, 1) for c in DPT_CHANNELS)
        self.narrow = nn.ModuleList(nn.Conv2d(c, DPT_FEATURES, 3, padding=1) for c in DPT_CHANNELS)
        self.before = nn.ModuleList(ResidualBlock(DPT_FEATURES) for _ in DPT_CHANNELS)
        self.after = nn.ModuleList(ResidualBlock(DPT_FEATURES) for _ in DPT_CHANNELS)
        self.first = nn.Conv2d(DPT_FEATURES, DPT_FEATURES // 2, 3, padding=1)
        self.last = nn.Sequential(
            nn.Conv2d(DPT_FEATURES // 2, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 1, 1)
        )

    def forward(self, photo: Tensor) -> Tensor:
        """B×3×H×W, sides multiples of 14 → B×1×H×W."""
        features = self.backbone.forward_intermediates(
            photo, indices=list(DINOV2_LAYERS), norm=True, intermediates_only=True
        )
        x = None
        for level in (3, 2, 1, 0):
            scale = (4, 2, 1, 0.5)[level]
            skip = self.project[level](features[level])
            skip = self.narrow[level](functional.interpolate(skip, scale_factor=scale))
            skip = self.before[level](skip)
            x = skip if x is None else skip + resized(x, skip.shape[-2:])
            x = self.after[level](x)
        return self.last(
            resized(self.first(resized(x, [2 * s for s in x.shape[-2:]])), photo.shape[-2:])
        )


def resized(x: Tensor, size: list[int]) -> Tensor:
    """Bilinear to a height and width."""
    return functional.interpolate(x, tuple(size), mode="bilinear", align_corners=True)


def draw_photo(path: Path) -> None:
    """Write a 12-megapixel JPEG with structure at every scale."""
    draw = np.random.default_rng(0)
    photo = np.zeros((*PHOTO, 3), np.float32)
    for cells in (4, 16, 64, 256):
        noise = draw.random((cells * 3 // 4, cells, 3), np.float32)
        photo += cv2.resize(noise, PHOTO[::-1], interpolation=cv2.INTER_CUBIC) / 4
    write_photo(photo, path)


def ours(name: str | None, path: Path, device: torch.device) -> Callable[[], None]:
    """The app's way: file to both maps at the photo's size."""
    predict_photo = predictor(load_network(choose_version(name), device), device)
    return lambda: predict_photo(path)


def baseline(path: Path, device: torch.device) -> Callable[[], None]:
    """The same for the baseline: file to one map at the photo's size."""
    dtype = pick_dtype(device)
    network = VitDpt().to(device, memory_format=torch.channels_last).eval()

    @torch.inference_mode()
    def run() -> None:
        photo = read_photo(path).pixels
        scale = DPT_SHORT_SIDE / min(photo.shape[:2])
        height, width = (round(s * scale / PATCH) * PATCH for s in photo.shape[:2])
        small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
        batch = torch.from_numpy(small).permute(2, 0, 1)[None].to(device)
        with torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32):
            depth = network(batch)
        cv2.resize(depth[0, 0].float().cpu().numpy(), photo.shape[1::-1])

    return run


def interleaved(first: Callable, second: Callable, rounds: int) -> tuple[float, float]:
    """Median seconds of two functions that alternate, after one round to warm up."""
    times: tuple[list, list] = ([], [])
    for number in range(rounds + 1):
        for function, seconds in zip((first, second), times, strict=True):
            started = time.perf_counter()
            function()
            if number:
                seconds.append(time.perf_counter() - started)
    return float(np.median(times[0])), float(np.median(times[1]))


def main() -> None:
    """Print both times and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", help="a version's name or folder (default: the bundled one)")
    parser.add_argument("--rounds", type=int, default=7)
    arguments, device = parser.parse_args(), pick_device()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        draw_photo(path)
        both = ours(arguments.version, path, device), baseline(path, device)
        mine, theirs = interleaved(*both, arguments.rounds)
    print(f"ours {mine:.2f} s, ViT-S/14 + DPT at 518 {theirs:.2f} s, ratio {mine / theirs:.2f}")


if __name__ == "__main__":
    main()
