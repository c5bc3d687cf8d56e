"""All stages in a minute on photos drawn here: that the way is whole, not that it sees.

`make train` calls it; nothing is downloaded, and the backbone is random.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from autofocus.files.atomic import write_bytes, write_image
from autofocus.training import public_weights, stages
from autofocus.training.config import TrainConfig, stage_config
from autofocus.vision_transformer import VisionTransformer

SIZE = (96, 128)  # height and width of a photo
FOLDERS = {  # how many photos of each, and whether their map is depth or a mask
    "depth/nyu/train": (6, True),
    "depth/strong/train": (4, True),
    "depth/strong/val": (2, True),
    "saliency/ecssd/train": (6, False),
    "saliency/ecssd/val": (2, False),
    "saliency/portraits": (4, False),
}
NUMBERS = {
    "batch": 2,
    "steps": 2,
    "validate_every": 2,
    "validation_photos": 2,
    "log_every": 1,
    "composites": 3,
    "workers": 1,
    "encoder": "resnet18",
    "widths": (8, 8, 16, 16, 16),
    "short_side": 96,
    "size": (64, 96),
}


def demo(config: TrainConfig) -> None:
    """Draw a data folder, then run every stage on it with few steps.

    Both versions end in `RUNS/demo/versions`.
    """
    runs = config.runs / "demo"
    draw_data(runs / "data")
    random_backbone(runs / public_weights.FOLDER)
    versions = runs / "versions"
    teacher = str(versions / "dinov2-s")
    where = {"data": (runs / "data",), "runs": runs, "device": config.device, "teacher": teacher}
    tiny = {**NUMBERS, **where}
    for name in ("prepare", "finetune-coarse", "finetune", "pseudo-label"):
        run_stage(name, tiny)
    made = replace(config, **tiny)
    stages.export(made, "dinov2-s", versions / "dinov2-s")
    for name in ("student-coarse", "student", "student-saliency"):
        run_stage(name, tiny)
    stages.export(made, "resnet", versions / "resnet")
    print(f"wrote {versions}")


def run_stage(name: str, tiny: dict) -> None:
    """Run one stage with its own numbers, but for those that make it tiny."""
    print(name, flush=True)
    stage: Callable[[TrainConfig], None] = getattr(stages, name.replace("-", "_"))
    stage(stage_config(name, **tiny))


def draw_data(folder: Path) -> None:
    """A data folder as docs/training.md lays it out: one bright ellipse on textured ground each."""
    for number, (name, (count, depth)) in enumerate(FOLDERS.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            draw_scene(folder / name / f"{index:04d}", depth, seed=100 * number + index)


def draw_scene(stem: Path, depth: bool, seed: int) -> None:
    """Write a photo with its disparity or with its mask (`.png`)."""
    draw = np.random.default_rng(seed)
    height, width = SIZE
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    centre = draw.uniform(0.35, 0.65, 2) * SIZE
    radii = draw.uniform(0.2, 0.35, 2) * height
    subject = ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 < 1
    texture = 110 + 50 * np.sin(columns * draw.uniform(0.2, 1)) * np.sin(rows)
    photo = texture[..., None] * draw.uniform(0.6, 1.2, 3)
    photo[subject] = draw.uniform(120, 255, 3)
    disparity = np.where(subject, 0.9, 0.2 + 0.3 * rows / height)
    label = np.uint8(np.round(np.sqrt(disparity) * 254 + 1)) if depth else np.uint8(255 * subject)
    write_image(f"{stem}.webp", np.uint8(np.clip(photo, 0, 255)))
    write_image(f"{stem}.png", label)


def random_backbone(folder: Path) -> None:
    """DINOv2's shape with random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    file = public_weights.weights_file(folder, public_weights.DINOV2)
    write_bytes(file, save(VisionTransformer().state_dict()))
