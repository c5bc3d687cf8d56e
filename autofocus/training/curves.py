"""The losses of every stage as one picture."""

import csv
from pathlib import Path

import numpy as np

from autofocus.training.config import TrainConfig

WINDOW = 15  # rows that a running mean takes in; a single batch says little


def plot(config: TrainConfig) -> None:
    """Write `curves.png` into the folder of runs: one row a stage, smoothed losses by step."""
    from matplotlib.figure import Figure  # not loaded for training itself

    files = sorted(config.runs.glob("*/curve.csv"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise SystemExit(f"No folder of {config.runs} has a curve.csv: train a stage first.")
    figure = Figure(figsize=(8, 2.5 * len(files)), layout="constrained")
    rows = figure.subplots(len(files), squeeze=False)
    for axes, file in zip(rows[:, 0], files, strict=True):
        steps, losses = read_curve(file)
        for name, values in losses.items():
            axes.plot(steps, running_mean(values), label=name)
        axes.set(title=file.parent.name, xlabel="step", ylabel="loss")
        axes.legend(loc="upper right")
    figure.savefig(config.runs / "curves.png", dpi=100)
    print(f"wrote {config.runs / 'curves.png'}")


def read_curve(file: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Steps, and the losses by name."""
    with file.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    columns.pop("seconds")
    return columns.pop("step"), columns


def running_mean(values: np.ndarray) -> np.ndarray:
    """The mean of each value and those shortly before it."""
    sums = np.cumsum(np.insert(values, 0, 0.0))
    first = np.maximum(np.arange(len(values)) + 1 - WINDOW, 0)
    last = np.arange(len(values)) + 1
    return (sums[last] - sums[first]) / (last - first)
