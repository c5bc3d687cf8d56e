"""The losses and the validation figures of every run as one image."""

import csv
from pathlib import Path

import numpy as np

from autofocus.errors import TrainingError
from autofocus.files.atomic import replace_file
from autofocus.training.config import TrainConfig

WINDOW = 15  # rows that a running mean takes in; a single batch says little


def curves(config: TrainConfig) -> None:
    """Write `curves.png` into the folder of runs: one row a run, losses beside figures by step."""
    from matplotlib.figure import Figure  # not loaded for training itself

    files = sorted(config.runs.glob("*/curve.csv"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise TrainingError(f"No folder of {config.runs} has a curve.csv: train a stage first.")
    figure = Figure(figsize=(12, 2.8 * len(files)), layout="constrained")
    rows = figure.subplots(len(files), 2, squeeze=False)
    for (left, right), file in zip(rows, files, strict=True):
        draw(left, file, "loss", WINDOW)
        draw(right, file.with_name("validation.csv"), "validation", window=1)
    with replace_file(config.runs / "curves.png") as temporary:
        figure.savefig(temporary, dpi=100)
    print(f"wrote {config.runs / 'curves.png'}")


def draw(axes: object, file: Path, what: str, window: int) -> None:
    """One table's columns by step, in matplotlib's axes."""
    steps, columns = read_curve(file)
    for name, values in columns.items():
        axes.plot(steps, running_mean(values, window), label=name)
    axes.set(title=file.parent.name, xlabel="step", ylabel=what)
    axes.legend(loc="upper right", fontsize="x-small")


def read_curve(file: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Steps, and the other columns by name."""
    with file.open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}
    columns.pop("seconds")
    return columns.pop("step"), columns


def running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """The mean of each value and the `window` - 1 before it."""
    sums = np.cumsum(np.insert(values, 0, 0.0))
    first = np.maximum(np.arange(len(values)) + 1 - window, 0)
    last = np.arange(len(values)) + 1
    return (sums[last] - sums[first]) / (last - first)
