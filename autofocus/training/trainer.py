"""The loop that every stage shares: steps, schedule, averaged weights, checkpoints, curves."""

import csv
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train."""

    steps: int
    rate: float  # peak learning rate
    warmup: int = 100  # steps of linear warm-up before the cosine
    decay: float = 0.01  # AdamW's weight decay
    average: float = 0.998  # decay of the exponential moving average of the weights
    save_every: int = 100  # steps between checkpoints

    def factor(self, step: int) -> float:
        """Share of the peak rate at a step: linear warm-up, then cosine to 1 %."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def blend(self, averaged: Tensor, current: Tensor, count: int) -> Tensor:
        """The moving average's next value; its memory grows, so that short runs are right too."""
        if not averaged.is_floating_point():
            return current
        decay = min(self.average, (1 + int(count)) / (10 + int(count)))
        return torch.lerp(current, averaged, decay)


def train(
    model: nn.Module,
    batches: Callable[[int], Iterable],
    loss_of: Callable[[nn.Module, object], dict[str, Tensor]],
    schedule: Schedule,
    folder: Path,
) -> nn.Module:
    """Train the parameters that require gradients; return the averaged model.

    Args:
        model: put into the mode it should train in; frozen parts have `requires_grad` off.
        batches: from the first step to take to an endless stream of batches.
        loss_of: model and batch to named losses; their sum is minimised.
        schedule: steps and rates.
        folder: `checkpoint.pt` (resumed from if there) and `curve.csv` are kept here.

    """
    folder.mkdir(parents=True, exist_ok=True)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, schedule.rate, weight_decay=schedule.decay, fused=True)
    averaged = AveragedModel(model, avg_fn=schedule.blend, use_buffers=True)
    averaged.requires_grad_(False)
    first = resume(folder, model, averaged, optimiser)
    started = time.monotonic()
    for step, batch in zip(range(first, schedule.steps), batches(first), strict=False):
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate * schedule.factor(step)
        losses = one_step(model, batch, loss_of, optimiser, trained)
        averaged.update_parameters(model)
        if (step + 1) % 20 == 0:
            log(folder / "curve.csv", step + 1, losses, time.monotonic() - started)
        if (step + 1) % schedule.save_every == 0 or step + 1 == schedule.steps:
            save(folder, step + 1, model, averaged, optimiser)
    return averaged.module


def one_step(
    model: nn.Module,
    batch: object,
    loss_of: Callable,
    optimiser: torch.optim.Optimizer,
    trained: list[nn.Parameter],
) -> dict[str, float]:
    """One update; a step whose loss is not finite changes nothing."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses = loss_of(model, batch)
    total = sum(losses.values())
    optimiser.zero_grad(set_to_none=True)
    if torch.isfinite(total):
        total.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
    return {name: value.item() for name, value in losses.items()}


def save(folder: Path, step: int, model: nn.Module, averaged: nn.Module, optimiser: object) -> None:
    """Write `checkpoint.pt` in one move, so that a stop in between leaves the last one whole."""
    partial = folder / "checkpoint.partial"
    state = {
        "step": step,
        "model": model.state_dict(),
        "averaged": averaged.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    torch.save(state, partial)
    partial.rename(folder / "checkpoint.pt")


def resume(folder: Path, model: nn.Module, averaged: nn.Module, optimiser: object) -> int:
    """Load `checkpoint.pt` if there is one; return the first step still to take."""
    file = folder / "checkpoint.pt"
    if not file.exists():
        return 0
    state = torch.load(file, weights_only=True)
    model.load_state_dict(state["model"])
    averaged.load_state_dict(state["averaged"])
    optimiser.load_state_dict(state["optimiser"])
    return state["step"]


def log(file: Path, step: int, losses: dict[str, float], seconds: float) -> None:
    """Append one row to the curve; the header comes first."""
    fresh = not file.exists()
    with file.open("a", newline="") as handle:
        writer = csv.writer(handle)
        if fresh:
            writer.writerow(["step", "seconds", *losses])
        writer.writerow([step, f"{seconds:.1f}", *(f"{v:.4f}" for v in losses.values())])
