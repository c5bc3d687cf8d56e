"""Every number of a training run, in one place; the command line is derived from it."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from autofocus.predict import pick_device


@dataclass(frozen=True)
class TrainConfig:
    """The numbers of one run of one stage; each field is an option of the same name.

    `STAGES` holds what differs from stage to stage.
    """

    # Where
    data: tuple[Path, ...] = (Path("../shared/data"),)  # data folders, see docs/training.md
    runs: Path = Path("runs")  # composites, pseudo-labels, checkpoints and curves go here
    run: str = ""  # the run's folder among them; empty: the stage's name
    device: str = ""  # "cpu", "cuda", …; empty: the best one of this machine
    seed: int = 0
    workers: int = 2  # processes that read samples; batches do not depend on their number

    # From what
    start: str = ""  # a version's name or folder to fine-tune from, or to label with
    teacher: str = "dinov2-s"  # the version that the student learns from
    encoder: str = "resnet50-v1"  # the student's, when it does not start from a version
    decoder: str = ""  # a version whose decoder and heads a new network takes over
    widths: tuple[int, ...] = (64, 64, 128, 192, 256)  # decoder channels at strides 2 to 32
    short_side: int = 384  # pixels of the photos that a network from nothing asks for

    # How long and how fast
    steps: int = 2000
    batch: int = 8  # photos that are seen at once
    accumulate: int = 2  # batches of one step
    size: tuple[int, ...] = (288, 384)  # height and width of a landscape sample
    rate: float = 5e-5  # peak learning rate of the pre-trained layers, the last if they differ
    layer_decay: float = 1.0  # the rate of each layer of the backbone over that of the next
    decoder_factor: float = 1.0  # the decoder's rate over the pre-trained layers'
    head_factor: float = 1.0  # the heads' rate over the pre-trained layers'
    warmup: int = 100  # steps of linear warm-up before the cosine
    heads_first: int = 0  # steps in which the heads alone learn
    final_rate: float = 0.01  # of the peak rate, where the cosine ends
    weight_decay: float = 0.02
    drop_path: float = 0.0  # chance of leaving out the backbone's last block; less before it
    average: float = 0.995  # decay of the exponential moving average of the weights
    clip: float = 1.0  # largest norm of the gradient

    # Checkpoints
    save_every: int = 100  # steps
    log_every: int = 20  # steps
    validate_every: int = 300  # steps; a few minutes
    validation_photos: int = 25  # of each set
    validation_sets: tuple[str, ...] = ("nyu", "strong", "people", "ecssd", "duts", "portraits")
    keep: str = "strong_order_percent"  # the figure that picks the checkpoint

    # How often photos of each part are drawn, in any unit
    share_nyu: float = 1.0
    share_rooms: float = 0.1  # the short RGB-D sequences
    share_strong: float = 2.0
    share_people: float = 1.8
    share_order: float = 0.25  # of its labels only the order is right: drawn seldom
    share_composites: float = 1.2
    share_duts: float = 1.6
    share_masks: float = 1.0  # ECSSD and the other sets with true masks
    share_portraits: float = 0.3
    share_horses: float = 0.05
    share_soft_masks: float = 0.6
    share_empty: float = 0.25  # photos without a subject
    labelled_factor: float = 1.6  # on the shares of photos once they are pseudo-labelled

    # What losses and labels count
    weight_relative: float = 2.0  # relative error of measured depth
    weight_exact_gradient: float = 1.0  # gradient matching where boundaries are exact
    weight_gradient: float = 0.3  # where they are measured
    weight_saliency: float = 2.0
    weight_person: float = 0.5  # depth variation within a person's mask
    weight_features: float = 1.0  # feature distillation
    label_weight_soft: float = 0.4  # of a mask that a network made

    # Augmentation of the photo; its labels come from the clean one
    whole_chance: float = 0.5  # of the whole photo: composition is a depth cue
    smallest_crop: float = 0.36  # of the photo's area
    aspect_change: float = 1.2  # of a crop's aspect against the sample's
    jitter: tuple[float, ...] = (0.35, 0.35, 0.5, 0.03)  # brightness, contrast, saturation, hue
    grey_chance: float = 0.07
    blur_chance: float = 0.25
    blur_sigma: tuple[float, ...] = (0.3, 2.0)  # pixels, from and to
    noise_chance: float = 0.25
    noise_sigma: float = 0.03  # of the range

    # Copy-paste composites and pseudo-labels
    composites: int = 2600  # to make
    label_scales: tuple[float, ...] = (1.0, 1.25)  # of the version's short side, averaged
    label_variation: float = 0.3  # of the depth variation within a subject that is kept
    label_band: float = 0.02  # half width of what is refilled at a boundary, of the diagonal

    @property
    def torch_device(self) -> torch.device:
        """Where to compute."""
        return torch.device(self.device) if self.device else pick_device()

    def to_dict(self) -> dict:
        """As a table for `config.json`."""
        return asdict(self)


FINE_TUNING = {
    "layer_decay": 0.85,
    "decoder_factor": 4.0,
    "head_factor": 10.0,
    "drop_path": 0.1,
}
STUDENT = {
    "rate": 2e-4,
    "decoder_factor": 5.0,
    "head_factor": 5.0,
    "weight_decay": 0.03,
    "average": 0.998,
    "accumulate": 1,
    "batch": 16,
}
STAGES = {
    "prepare": {},
    "finetune-coarse": {**FINE_TUNING, "steps": 3000, "heads_first": 80, "warmup": 150},
    "finetune": {**FINE_TUNING, "steps": 1500, "rate": 3e-5, "warmup": 60},
    "pseudo-label": {},
    # Small and many: views count most.
    "student-coarse": {**STUDENT, "steps": 8000, "size": (192, 256), "validate_every": 500},
    # Near the app's size, so that scale and edges are right.
    "student": {**STUDENT, "steps": 1000, "size": (352, 448), "rate": 6e-5, "batch": 8},
    "student-saliency": {
        **STUDENT,
        "steps": 1000,
        "average": 0.99,
        "weight_decay": 0.01,
        "validation_sets": ("ecssd", "duts", "portraits"),
        "keep": "ecssd_max_f",
    },
}


def stage_config(stage: str, **numbers: object) -> TrainConfig:
    """A stage's numbers, with some of them changed."""
    return replace(TrainConfig(), **{**STAGES[stage], **numbers})
