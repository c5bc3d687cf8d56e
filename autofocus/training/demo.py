"""All stages in a few minutes on photos drawn here: that the way is whole, not that it sees.

`make train` calls it; nothing is downloaded, and the backbone is random.
"""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import timm
import torch
from safetensors.torch import save_file

from autofocus.network import DINOV2_MODEL
from autofocus.training import stages
from autofocus.training.config import TrainConfig

SCENES, SIZE = 8, (96, 128)  # photos of each folder; height and width
STAGES = (
    stages.prepare,
    stages.mix,
    stages.teach,
    stages.label,
    stages.learn,
    stages.refine,
    stages.student_saliency,
    stages.refine_teacher,
    stages.teacher_saliency,
)
FOLDERS = ("depth/nyu/train", "saliency/ecssd/train", "photos/objects")


def demo(config: TrainConfig) -> None:
    """Draw a data folder, then run every stage on it with a tiny network and few steps."""
    folder = config.runs / "demo"
    tiny = replace(
        config,
        data=folder / "data",
        runs=folder,
        encoder="resnet18",
        widths=(8, 8, 16, 16, 16),
        pasted=4,
        retaken=1,
        batch=2,
        neck_steps=20,
        teacher_steps=20,
        teacher_size=(96, 128),
        student_steps=40,
        student_size=(64, 96),
        refine_steps=20,
        refine_size=(96, 128),
        saliency_steps=20,
        saliency_size=(64, 96),
    )
    draw_data(tiny.data)
    random_backbone(tiny.runs / "backbone")
    for stage in STAGES:
        print(stage.__name__, flush=True)
        stage(tiny)
    stages.export(tiny, "resnet", folder / "version")
    print(f"wrote {folder / 'version'}")


def draw_data(data: Path) -> None:
    """A data folder as docs/training.md lays it out: one bright ellipse on textured ground each."""
    for number, name in enumerate(FOLDERS):
        (data / name).mkdir(parents=True, exist_ok=True)
        for index in range(SCENES):
            draw_scene(data / name / f"{index:04d}", number == 0, seed=100 * number + index)


def draw_scene(stem: Path, measured: bool, seed: int) -> None:
    """Write a photo with its disparity (measured) or its mask (`.png` and soft `.mask.webp`)."""
    draw = np.random.default_rng(seed)
    height, width = SIZE
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    centre = draw.uniform(0.35, 0.65, 2) * SIZE
    radii = draw.uniform(0.2, 0.35, 2) * height
    subject = ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 < 1
    texture = 110 + 50 * np.sin(columns * draw.uniform(0.2, 1)) * np.sin(rows)
    photo = texture[..., None] * draw.uniform(0.6, 1.2, 3)
    photo[subject] = draw.uniform(120, 255, 3)
    mask = np.where(subject, 255, 0).astype(np.uint8)
    disparity = np.where(subject, 0.9, 0.2 + 0.3 * rows / height)
    label = np.uint8(np.round(np.sqrt(disparity) * 254 + 1)) if measured else mask
    cv2.imwrite(f"{stem}.webp", np.uint8(np.clip(photo, 0, 255)))
    cv2.imwrite(f"{stem}.png", label)
    cv2.imwrite(f"{stem}.mask.webp", mask, [cv2.IMWRITE_WEBP_QUALITY, 101])


def random_backbone(folder: Path) -> None:
    """DINOv2's shape with random weights."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = timm.create_model(DINOV2_MODEL, num_classes=0, img_size=518, dynamic_img_size=True)
    save_file(model.state_dict(), folder / "model.safetensors")
