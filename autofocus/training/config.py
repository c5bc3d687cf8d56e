"""Every number of a training run, in one place; the command line is derived from it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainConfig:
    """Settings of all stages; each field is an option of the same name."""

    data: Path = Path("../shared/data")  # the data folder, see docs/training.md
    runs: Path = Path("runs")  # checkpoints, curves and caches go here
    encoder: str = "resnet34"  # the student's
    widths: tuple[int, ...] = (64, 64, 128, 192, 256)  # of both decoders, strides 2 to 32
    pasted: int = 1400  # pasted subjects to make
    retaken: int = 3  # retaken photos of every measured room to make
    batch: int = 8  # photos a step
    neck_steps: int = 2500
    neck_rate: float = 1e-3
    teacher_steps: int = 700
    teacher_rate: float = 1e-3
    teacher_size: tuple[int, ...] = (384, 512)  # whole frames, height and width when lying
    short_side: int = 384  # of the photos that an exported student asks for
    start: Path | None = None  # a version's folder: neck or student go on from it, or it labels
    student_steps: int = 5000
    student_rate: float = 1e-3
    student_size: tuple[int, ...] = (192, 256)  # small and many: from scratch, views count most
    refine_steps: int = 600
    refine_rate: float = 3e-4
    refine_size: tuple[int, ...] = (352, 448)  # near the app's, so that scale and edges are right
    saliency_steps: int = 800
    saliency_rate: float = 1e-3
    saliency_size: tuple[int, ...] = (288, 384)
