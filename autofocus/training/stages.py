"""The stages, named as on the command line: which photos, which network, from where, to where."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import torch
from torch import nn

from autofocus.errors import TrainingError
from autofocus.evaluation.evaluate import choose_version, evaluate, predictor
from autofocus.network import AutoFocusNet, Head, NetworkConfig
from autofocus.training import data
from autofocus.training.config import TrainConfig
from autofocus.training.objectives import CoarseNetwork, FineTuning, SaliencyHead, Student
from autofocus.training.paste import write_composites
from autofocus.training.pseudo_labels import write_labels
from autofocus.training.public_weights import DINOV2, FOLDER, load_weights
from autofocus.training.samples import Batches, stream
from autofocus.training.teacher import with_teacher
from autofocus.training.trainer import BEST, read_network, seed_all, train
from autofocus.versions.weights import load_network, save_version

EXPORTS = {"resnet": "student-saliency", DINOV2: "finetune"}  # version → the run that it ends with


def prepare(config: TrainConfig) -> None:
    """Make copy-paste composites: subjects with true masks before measured scenes."""
    depth, _ = data.weighted(data.depth_parts(config))
    masks, _ = data.weighted(data.mask_parts(config))
    scenes = [item for item in depth if not item.pseudo and not item.exact]
    subjects = [item for item in masks if item.mask and not item.soft]
    if not scenes or not subjects:
        raise TrainingError(f"There are no scenes or no masks in {folders_of(config)}.")
    folder = config.runs / data.COMPOSITES
    write_composites(scenes, subjects, config.composites, config.seed, folder)


def finetune_coarse(config: TrainConfig) -> None:
    """Train DINOv2 and the coarse decoder end to end, depth and subject read at stride 4."""
    network = CoarseNetwork(starting_network(config, DINOV2))
    train_on(config, "finetune-coarse", FineTuning(network, config), data.training_parts(config))


def finetune(config: TrainConfig) -> None:
    """Train the whole network on DINOv2, both heads together."""
    network = starting_network(config, DINOV2, "finetune-coarse")
    train_on(config, "finetune", FineTuning(network, config), data.training_parts(config))


def pseudo_label(config: TrainConfig) -> None:
    """Write the depth of a version, `start` or what `finetune` gave, for photos with masks."""
    network = starting_network(config, None, "finetune")
    items, _ = data.weighted(data.mask_parts(config))
    write_labels(network.eval(), items, config.runs / data.LABELS, config)


def student_coarse(config: TrainConfig) -> None:
    """Train the article's encoder and its coarse decoder on small photos."""
    network = CoarseNetwork(starting_network(config, config.encoder))
    train_student(config, "student-coarse", network)


def student(config: TrainConfig) -> None:
    """Train the whole of the article's network near the size that the app uses."""
    network = starting_network(config, config.encoder, "student-coarse")
    train_student(config, "student", network)


def student_saliency(config: TrainConfig) -> None:
    """Train a new saliency head alone on masks, all else frozen, as in the article."""
    network = starting_network(config, config.encoder, "student")
    network.saliency_head = Head().to(config.torch_device)
    train_on(config, "student-saliency", SaliencyHead(network, config), data.mask_parts(config))


def train_student(config: TrainConfig, name: str, network: AutoFocusNet) -> None:
    """Train a network that also learns from a teacher: its features, and what labels lack."""
    teacher = load_network(choose_version(config.teacher), config.torch_device)
    if teacher.config.encoder != DINOV2:
        raise TrainingError(f"The teacher must be a network on DINOv2, unlike {config.teacher!r}.")
    parts = data.training_parts(config)
    train_on(config, name, Student(network, config), parts, teacher)


def train_on(
    config: TrainConfig,
    name: str,
    model: nn.Module,
    parts: Iterable[data.Part],
    teacher: AutoFocusNet | None = None,
) -> None:
    """Train a stage's model on parts of the data, in the folder of this name, or of `run`."""
    items, weights = data.weighted(parts)
    if not items:
        raise TrainingError(f"There are no photos to train {name} on in {folders_of(config)}.")

    def batches(first: int) -> Batches:
        samples = stream(items, weights, config, clean=teacher is not None, first=first)
        return with_teacher(samples, teacher) if teacher else samples

    folder = config.runs / (config.run or name)
    train(model, batches, partial(validate, config=config), config, folder)


def folders_of(config: TrainConfig) -> str:
    """The data folders, for messages."""
    return ", ".join(map(str, config.data))


def validate(network: AutoFocusNet, config: TrainConfig) -> dict[str, float]:
    """A network's figures on validation photos, each predicted as the app does."""
    predict_photo = predictor(network, config.torch_device)
    return evaluate(predict_photo, config.data, config.validation_photos, config.validation_sets)


def starting_network(
    config: TrainConfig, encoder: str | None, before: str | None = None
) -> AutoFocusNet:
    """What a stage starts from: the version that `start` names, the run before it, or nothing.

    Raises:
        TrainingError: it is on a ResNet where `encoder` is DINOv2, or the other way round.

    """
    seed_all(config.seed)
    if config.start:
        network = load_network(choose_version(config.start))
    elif before:
        network = read_run(config, before)
    else:
        network = new_network(config, encoder)
    if encoder and (network.config.encoder == DINOV2) != (encoder == DINOV2):
        what = f"{config.start!r} is a network on {network.config.encoder}"
        raise TrainingError(f"{what}: this stage trains one on {encoder}.")
    return network.to(config.torch_device, memory_format=torch.channels_last)


def new_network(config: TrainConfig, encoder: str) -> AutoFocusNet:
    """A network whose encoder has public weights if there are any of its kind, else random ones.

    Its decoder and heads are those of the version `decoder`, where their shapes agree.
    """
    network = AutoFocusNet(NetworkConfig(encoder, config.widths, config.short_side))
    load_weights(network, config.runs / FOLDER)
    if config.decoder:
        copy_decoder(load_network(choose_version(config.decoder)), network)
    return network


def copy_decoder(source: AutoFocusNet, target: AutoFocusNet) -> None:
    """Take over the decoder and the heads of another network, as far as their shapes agree."""
    wanted = target.state_dict()
    found = {
        name: tensor
        for name, tensor in source.state_dict().items()
        if not name.startswith("encoder.") and wanted[name].shape == tensor.shape
    }
    target.load_state_dict(found, strict=False)


def read_run(config: TrainConfig, name: str) -> AutoFocusNet:
    """The best network of a run; TrainingError if the stage did not run yet."""
    file = config.runs / name / BEST
    if not file.exists():
        raise TrainingError(f"{file} is missing: run the stage {name} first, or use --start.")
    return read_network(file)


def export(config: TrainConfig, name: str, folder: Path) -> None:
    """Write a version's folder from the best network of its last run, or of `run`."""
    description = {"name": name, "quality": {}, "trained_on": trained_on(config)}
    save_version(read_run(config, config.run or EXPORTS[name]), folder, description)


def trained_on(config: TrainConfig) -> dict[str, int]:
    """How many photos of each kind both versions have seen."""
    nyu, rooms, strong, people, order, composites = (
        len(items) for _, items in data.depth_parts(config)
    )
    *masks, soft_masks, empty = (len(items) for _, items in data.mask_parts(config))
    return {
        "measured depth": nyu + rooms,
        "depth by other networks": strong + people + order,
        "copy-paste composites": composites,
        "subject masks": sum(masks),
        "soft subject masks": soft_masks,
        "without a subject": empty,
        "pseudo-labels": len(list((config.runs / data.LABELS).glob("*.png"))),
    }
