"""The loop that every stage shares: steps, rates, averaged weights, validation, checkpoints."""

import csv
import io
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from autofocus.errors import TrainingError
from autofocus.files.atomic import write_bytes, write_text
from autofocus.network import AutoFocusNet, NetworkConfig
from autofocus.predict import arithmetic, pick_dtype
from autofocus.training.config import TrainConfig
from autofocus.training.fine_tuning import parameter_groups
from autofocus.training.objectives import whole_network

BEST = "best.safetensors"  # the averaged network of the validation that was best
LOWER_IS_BETTER = (
    "nyu_delta_error_percent",
    "discontinuities_within_subject_percent",
    "salient_without_subject_percent",
)
LOWER_ENDINGS = ("_mae", "_nrmse", "_holes_percent")

Validate = Callable[[nn.Module], dict[str, float]]


@dataclass
class Run:
    """The state of a run between two steps."""

    model: nn.Module
    averaged: AveragedModel
    optimiser: torch.optim.Optimizer
    folder: Path
    step: int = 0
    best: float | None = None
    seconds: float = 0.0  # of training so far, over all resumptions
    losses: list[dict[str, float]] = field(default_factory=list)  # since they were last logged


def train(
    model: nn.Module,
    batches: Callable[[int], Iterator[dict[str, Tensor]]],
    validate: Validate,
    config: TrainConfig,
    folder: Path,
) -> None:
    """Train the parameters of `model` that require gradients, and keep the best network.

    Args:
        model: an objective: batch → losses by name, whose sum is minimised; its `network` is what
            is kept.
        batches: from the number of the first batch to an endless stream of batches.
        validate: from the averaged network, in evaluation mode, to figures by name; `config.keep`
            names the one that picks `best.safetensors`. It is called before the first step too,
            for comparison.
        config: all numbers.
        folder: `config.json`, `checkpoint.pt` (resumed from if there), `curve.csv`,
            `validation.csv` and `best.safetensors` are kept here.

    Raises:
        TrainingError: validation has no figure of the name `config.keep`.
        PhotoError: a file cannot be written; the checkpoint that was there is still whole.

    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "config.json", json.dumps(config.to_dict(), indent=2, default=str) + "\n")
    run = begin(model.to(config.torch_device), config, folder)
    seed_all(config.seed + run.step)
    if run.step == 0:
        validate_and_keep(run, validate, config)
    stream = batches(run.step * config.accumulate) if run.step < config.steps else iter(())
    began = time.monotonic() - run.seconds
    while run.step < config.steps:
        run.losses.append(take_step(run, stream, config))
        run.step += 1
        run.seconds = time.monotonic() - began
        after_step(run, validate, config)


def begin(model: nn.Module, config: TrainConfig, folder: Path) -> Run:
    """A new run, or the one whose checkpoint lies in the folder."""
    groups = parameter_groups(model, config)
    optimiser = torch.optim.AdamW(groups, config.rate, weight_decay=config.weight_decay, fused=True)
    averaged = AveragedModel(model, avg_fn=moving_average(config.average), use_buffers=True)
    averaged.requires_grad_(False)
    run = Run(model, averaged, optimiser, folder)
    if (folder / "checkpoint.pt").exists():
        resume(run, config.torch_device)
    return run


def seed_all(seed: int) -> None:
    """Seed what draws at random outside of samples: drop path, dropout, fresh layers."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def moving_average(decay: float) -> Callable[[Tensor, Tensor, int], Tensor]:
    """An exponential moving average whose memory grows, so that short runs are right too."""

    def blend(averaged: Tensor, current: Tensor, count: int) -> Tensor:
        if not averaged.is_floating_point():
            return current
        return torch.lerp(current, averaged, min(decay, (1 + int(count)) / (10 + int(count))))

    return blend


def rate_at(step: int, config: TrainConfig, head: bool) -> float:
    """Fraction of the peak rate at a step: linear warm-up times a cosine to the final rate."""
    started = step if head else step - config.heads_first
    warm = min(1.0, max(0, started + 1) / config.warmup) if config.warmup else 1.0
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, config.steps))))
    return warm * (config.final_rate + (1 - config.final_rate) * cosine)


def take_step(run: Run, stream: Iterator, config: TrainConfig) -> dict[str, float]:
    """One update from several batches; what is not finite changes nothing."""
    for group in run.optimiser.param_groups:
        group["lr"] = group["peak"] * rate_at(run.step, config, group["head"])
    run.model.train()
    run.optimiser.zero_grad(set_to_none=True)
    said = [backward(run.model, next(stream), config) for _ in range(config.accumulate)]
    parameters = [p for group in run.optimiser.param_groups for p in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(parameters, config.clip)
    if torch.isfinite(norm):
        run.optimiser.step()
    run.averaged.update_parameters(run.model)
    return {name: float(np.mean([losses[name] for losses in said])) for name in said[0]}


def backward(model: nn.Module, batch: dict[str, Tensor], config: TrainConfig) -> dict[str, float]:
    """Add one batch's part of the gradient; return its losses by name."""
    device = config.torch_device
    moved = {name: value.to(device, non_blocking=True) for name, value in batch.items()}
    moved["photo"] = moved["photo"].contiguous(memory_format=torch.channels_last)
    with arithmetic(device, pick_dtype(device)):
        losses = model(moved)
    total = sum(losses.values()) / config.accumulate
    if torch.isfinite(total):
        total.backward()
    return {name: value.item() for name, value in losses.items()}


def after_step(run: Run, validate: Validate, config: TrainConfig) -> None:
    """Log, validate and save as often as the config says, and at the end."""
    last = run.step == config.steps
    if run.step % config.log_every == 0 or last:
        mean = {n: np.mean([losses[n] for losses in run.losses]) for n in run.losses[0]}
        append_row(run.folder / "curve.csv", run, mean)
        run.losses.clear()
    if run.step % config.validate_every == 0 or last:
        validate_and_keep(run, validate, config)
    if run.step % config.save_every == 0 or last:
        save(run)


def validate_and_keep(run: Run, validate: Validate, config: TrainConfig) -> None:
    """Log the averaged network's figures, and write it if it is the best that was trained so far.

    What the run starts from is for comparison only: it may have heads that know nothing yet, and
    still be lucky in the figure that picks.
    """
    network = run.averaged.module.eval().network
    figures = validate(network)
    if config.keep not in figures:
        known = ", ".join(figures) or "none: the data folders hold no validation photos"
        raise TrainingError(f"Validation has no figure {config.keep!r}. It has {known}.")
    append_row(run.folder / "validation.csv", run, figures)
    print(f"{run.folder.name} {run.step}: {config.keep} {figures[config.keep]:.3f}", flush=True)
    if run.step and is_better(config.keep, figures[config.keep], run.best):
        run.best = figures[config.keep]
        write_network(whole_network(network), run.folder / BEST)


def is_better(name: str, value: float, best: float | None) -> bool:
    """Whether a validation figure is better than the best so far; the first number is."""
    if best is None or math.isnan(best):
        return True
    lower = name in LOWER_IS_BETTER or name.endswith(LOWER_ENDINGS)
    return value < best if lower else value > best


def write_network(network: AutoFocusNet, file: Path) -> None:
    """Write a network's tensors with its shape."""
    state = {name: tensor.cpu().contiguous() for name, tensor in network.state_dict().items()}
    shape = {"network": json.dumps(network.config.to_dict())}
    write_bytes(file, to_safetensors(state, metadata=shape))


def read_network(file: Path) -> AutoFocusNet:
    """The network that `write_network` wrote."""
    with safe_open(file, framework="pt") as handle:
        shape = json.loads(handle.metadata()["network"])
    network = AutoFocusNet(NetworkConfig.from_dict(shape))
    network.load_state_dict(load_file(file), strict=True)
    return network


def save(run: Run) -> None:
    """Write `checkpoint.pt`; an interruption leaves the last one whole."""
    state = {
        "step": run.step,
        "best": run.best,
        "seconds": run.seconds,
        "model": run.model.state_dict(),
        "averaged": run.averaged.state_dict(),
        "optimiser": run.optimiser.state_dict(),
    }
    file = io.BytesIO()
    torch.save(state, file)
    write_bytes(run.folder / "checkpoint.pt", file.getbuffer())


def resume(run: Run, device: torch.device) -> None:
    """Bring a run to where its checkpoint was written."""
    state = torch.load(run.folder / "checkpoint.pt", map_location=device, weights_only=True)
    run.step, run.best, run.seconds = state["step"], state["best"], state["seconds"]
    run.model.load_state_dict(state["model"])
    run.averaged.load_state_dict(state["averaged"])
    run.optimiser.load_state_dict(state["optimiser"])


def append_row(file: Path, run: Run, figures: dict[str, float]) -> None:
    """Append a step and its figures to a table; the header comes first."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    if not file.exists():
        writer.writerow(["step", "seconds", *figures])
    row = (f"{value:.4f}" for value in figures.values())
    writer.writerow([run.step, f"{run.seconds:.1f}", *row])
    known = file.read_bytes() if file.exists() else b""
    write_bytes(file, known + table.getvalue().encode())
