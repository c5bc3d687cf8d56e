"""The stages as runs on disk: which items, which network, from where, to where."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.training.augment import write_retaken
from autofocus.training.config import TrainConfig
from autofocus.training.data import (
    Item,
    depth_items,
    mask_items,
    photo_items,
    photos_in,
    scenes_in,
)
from autofocus.training.features import cache_tokens, token_file
from autofocus.training.objectives import (
    NeckStage,
    Saliency,
    Student,
    Teacher,
    loss_of,
    token_statistics,
)
from autofocus.training.paste import write_pasted
from autofocus.training.patch_samples import stream_cells
from autofocus.training.pseudo_labels import labelled, write_labels
from autofocus.training.samples import Recipe, stream
from autofocus.training.trainer import Schedule, train
from autofocus.versions.catalog import read_version
from autofocus.versions.weights import load_network, save_version

ALL_LAYERS, LAST_LAYER = (0, 1, 2, 3), (3,)
EXPORTS = {"resnet": "saliency", "dinov2-s": "teacher-saliency"}  # version → run
STATISTICS_FROM = 300  # frames
SHARES = {  # how often photos of a folder are drawn; others: 1
    "nyu/train": 3.0,
    "retaken": 2.0,
    "depth/kitchen": 0.3,
    "ecssd/train": 3.0,
    "saliency/video": 0.3,
}
RESULT = "averaged.safetensors"  # what a run ends with
NETWORK = "network."  # what the network's tensors are called in it


def prepare(config: TrainConfig) -> None:
    """Make the pasted and the retaken photos, then DINOv2's features of every frame."""
    scenes, subjects = depth_items(config.data), subject_items(config)
    write_pasted(scenes, subjects, config.pasted, config.runs / "pasted")
    write_retaken(scenes, config.retaken, config.runs / "retaken")
    everything = measured_items(config) + subjects
    cache_tokens(teacher_network(config).eval(), everything, config.runs / "tokens")


def mix(config: TrainConfig) -> None:
    """Train the teacher's neck; a version that is given goes on with all that it has."""
    schedule = Schedule(config.neck_steps, config.neck_rate, decay=0.05)
    folder = config.runs / "tokens"
    items = with_tokens(config, teacher_items(config))
    model = NeckStage(started(config, teacher_network(config)))
    run(config, "neck", model, partial(stream_cells, items, balanced(items), folder), schedule)


def teach(config: TrainConfig) -> None:
    """Train neck and the coarse part of the teacher's decoder."""
    schedule = Schedule(config.teacher_steps, config.teacher_rate)
    model = Teacher(teacher_network(config, "neck"), coarse=True)
    train_teacher(config, "teacher", model, schedule)


def refine_teacher(config: TrainConfig) -> None:
    """Train the last step of the teacher's decoder and the depth head."""
    schedule = Schedule(config.refine_steps, config.refine_rate)
    model = Teacher(teacher_network(config, "teacher"))
    train_teacher(config, "teacher-refine", model, schedule)


def train_teacher(config: TrainConfig, name: str, model: Teacher, schedule: Schedule) -> None:
    """Teacher training on whole frames whose features are cached."""
    items = with_tokens(config, teacher_items(config))
    recipe = teacher_recipe(config)
    run(config, name, model, partial(stream, items, balanced(items), recipe), schedule)


def teacher_recipe(config: TrainConfig) -> Recipe:
    """Whole frames with all that is cached of them."""
    return Recipe(config.teacher_size, tokens=config.runs / "tokens", layers=ALL_LAYERS)


def label(config: TrainConfig) -> None:
    """Write the teacher's depth for every photo that has none."""
    teacher = labeller(config)
    items = with_tokens(config, subject_items(config))
    write_labels(teacher.eval(), items, config.runs / "tokens", config.runs / "labels")


def labeller(config: TrainConfig) -> Teacher:
    """The teacher of this run's own stage, or a version that is one already."""
    if config.start:
        return Teacher(load_network(read_version(config.start)))
    teacher = Teacher(teacher_network(config), coarse=True)
    teacher.load_state_dict(load_file(config.runs / "teacher" / RESULT), strict=True)
    return teacher


def learn(config: TrainConfig) -> None:
    """Train the student's encoder and the coarse part of its decoder on small photos."""
    schedule = Schedule(config.student_steps, config.student_rate, decay=0.03)
    network = started(config, student_network(config))
    train_student(config, "student", network, config.student_size, schedule, coarse=True)


def refine(config: TrainConfig) -> None:
    """Go on with the whole student at the size that the app uses."""
    schedule = Schedule(config.refine_steps, config.refine_rate, decay=0.03)
    network = student_network(config, "student")
    train_student(config, "refine", network, config.refine_size, schedule, coarse=False)


def train_student(
    config: TrainConfig,
    name: str,
    network: AutoFocusNet,
    size: tuple,
    schedule: Schedule,
    coarse: bool,
) -> None:
    """Student training on measured, pasted and pseudo-labelled depth."""
    items = with_tokens(config, measured_items(config) + labelled_items(config))
    files = [token_file(config.runs / "tokens", item) for item in items]
    step = max(1, len(files) // STATISTICS_FROM)
    model = Student(network, *token_statistics(files[::step]), coarse=coarse)
    tokens = config.runs / "tokens"
    recipe = Recipe(size, zoom=True, disturb=True, tokens=tokens, layers=LAST_LAYER)
    run(config, name, model, partial(stream, items, balanced(items), recipe), schedule)


def student_saliency(config: TrainConfig) -> None:
    """Train the student's saliency head on true and soft masks."""
    recipe = Recipe(config.saliency_size, zoom=True, disturb=True)
    network = student_network(config, "refine")
    train_saliency(config, "saliency", network, subject_items(config), recipe)


def teacher_saliency(config: TrainConfig) -> None:
    """Train the teacher's saliency head on true and soft masks."""
    recipe = teacher_recipe(config)
    items = with_tokens(config, subject_items(config))
    train_saliency(
        config, "teacher-saliency", teacher_network(config, "teacher-refine"), items, recipe
    )


def train_saliency(
    config: TrainConfig, name: str, network: AutoFocusNet, items: list[Item], recipe: Recipe
) -> None:
    """Everything frozen but the saliency head."""
    schedule = Schedule(config.saliency_steps, config.saliency_rate, average=0.99)
    batches = partial(stream, items, balanced(items), recipe)
    run(config, name, Saliency(network), batches, schedule)


def run(
    config: TrainConfig, name: str, model: nn.Module, batches: Callable, schedule: Schedule
) -> None:
    """Train a stage's model and write its averaged weights into the run's folder.

    `batches` is called with the batch's size and the first step.
    """
    from_step = partial(batches, config.batch)
    averaged = train(model.train(), from_step, loss_of, schedule, config.runs / name)
    state = {key: value.contiguous() for key, value in averaged.state_dict().items()}
    save_file(state, config.runs / name / RESULT)


def balanced(items: list[Item]) -> list[float]:
    """How often to draw each item: measured depth most, then true masks; films least."""
    return [
        next((share for end, share in SHARES.items() if item.photo.parent.match(end)), 1.0)
        for item in items
    ]


def teacher_network(config: TrainConfig, source: str | None = None) -> AutoFocusNet:
    """The network on DINOv2, from a run or with a fresh decoder."""
    network = AutoFocusNet(NetworkConfig("dinov2-s", config.widths))
    if source:
        return load_run(config, source, network)
    backbone = config.runs / "backbone" / "model.safetensors"
    network.encoder.backbone.load_state_dict(load_file(backbone), strict=True)
    return network.to(memory_format=torch.channels_last)


def student_network(config: TrainConfig, source: str | None = None) -> AutoFocusNet:
    """The article's network, from a run or fresh."""
    network = AutoFocusNet(NetworkConfig(config.encoder, config.widths, config.short_side))
    network.to(memory_format=torch.channels_last)
    return load_run(config, source, network) if source else network


def started(config: TrainConfig, network: AutoFocusNet) -> AutoFocusNet:
    """A fresh network, with the weights of the version to go on from if one is given."""
    if config.start:
        network.load_state_dict(load_network(read_version(config.start)).state_dict())
    return network


def load_run(config: TrainConfig, name: str, network: AutoFocusNet) -> AutoFocusNet:
    """Fill a network with the weights that a run ended with."""
    state = load_file(config.runs / name / RESULT)
    own = {key.removeprefix(NETWORK): state[key] for key in state if key.startswith(NETWORK)}
    network.load_state_dict(own, strict=True)
    return network.to(memory_format=torch.channels_last)


def pasted_items(config: TrainConfig) -> list[Item]:
    """The photos with a pasted subject that `prepare` made."""
    folder = config.runs / "pasted"
    return [Item(p, p.with_suffix(".png"), exact=True) for p in photos_in(folder)]


def retaken_items(config: TrainConfig) -> list[Item]:
    """The rooms that `prepare` took anew."""
    return scenes_in(config.runs / "retaken")


def measured_items(config: TrainConfig) -> list[Item]:
    """All that is known of depth without a teacher."""
    return depth_items(config.data) + pasted_items(config) + retaken_items(config)


def subject_items(config: TrainConfig) -> list[Item]:
    """The photos whose subject is known, and no depth: by true masks, then by soft ones."""
    return mask_items(config.data) + photo_items(config.data)


def teacher_items(config: TrainConfig) -> list[Item]:
    """What the teacher learns from: its own corrected labels too, once there are any.

    Outlines of true masks are in no measured depth, nor is the little relief that subjects keep.
    """
    return measured_items(config) + (labelled_items(config) or mask_items(config.data))


def labelled_items(config: TrainConfig) -> list[Item]:
    """The photos without depth, with the teacher's."""
    return labelled(subject_items(config), config.runs / "labels")


def with_tokens(config: TrainConfig, items: list[Item]) -> list[Item]:
    """The items whose features are cached."""
    return [item for item in items if token_file(config.runs / "tokens", item).exists()]


def export(config: TrainConfig, name: str, folder: Path) -> None:
    """Write a version's folder from its last run."""
    make = teacher_network if name == "dinov2-s" else student_network
    network = make(config, EXPORTS[name])
    description = {"name": name, "quality": {}, "trained_on": trained_on(config)}
    save_version(network, folder, description)


def trained_on(config: TrainConfig) -> dict[str, int]:
    """How many photos of each kind both versions have seen."""
    return {
        "measured depth": len(depth_items(config.data)),
        "pasted subjects": len(pasted_items(config)),
        "retaken rooms": len(retaken_items(config)),
        "subject masks": len(mask_items(config.data)),
        "pseudo-labels": len(list((config.runs / "labels").glob("*.png"))),
    }
