"""Measure a version on photos that training never saw.

    python -m autofocus.evaluation.evaluate --version resnet --data ../shared/data more_data

Every photo goes the whole way of the app: photo, predict, focus. The table is printed; `--output`
also writes it as JSON with the version's hash. Sets that no data folder has are named and skipped.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from autofocus.errors import AutoFocusError
from autofocus.evaluation import metrics
from autofocus.evaluation.datasets import (
    Item,
    confident_items,
    depth_items,
    empty_items,
    mask_items,
    read_disparity,
    read_mask,
    resize_label,
    resize_to,
)
from autofocus.files.atomic import write_text
from autofocus.focus import SALIENT, choose_focus
from autofocus.network import AutoFocusNet
from autofocus.photo import read_photo
from autofocus.predict import Prediction, Upsample, pick_device, pick_dtype, predict
from autofocus.upsample import upsample_depth
from autofocus.versions.catalog import Version, find_version, read_version
from autofocus.versions.weights import load_network

MIDDLEBURY_LONG_SIDE = 640

Predict = Callable[[Path], Prediction]
Figures = dict[str, float | np.ndarray]  # of one photo; arrays are curves, averaged as they are


@dataclass(frozen=True)
class ValidationSet:
    """Photos that are measured in one way."""

    items: Callable[[Sequence[Path]], list[Item]]  # of some data folders
    measure: Callable[[Prediction, Item], Figures]  # what one photo says


def measure_nyu(prediction: Prediction, item: Item) -> Figures:
    """Wrong pixels (δ > 1.25), in percent."""
    truth = read_disparity(item.depth)
    error = metrics.delta_error(resize_to(prediction.depth, truth), truth)
    return {"nyu_delta_error_percent": 100 * error}


def measure_middlebury(prediction: Prediction, item: Item) -> Figures:
    """Depth-edge F1 within two pixels at 640 pixels."""
    scale = MIDDLEBURY_LONG_SIDE / max(prediction.depth.shape)
    height, width = (round(side * scale) for side in prediction.depth.shape)
    truth = resize_label(read_disparity(item.depth), (height, width))
    return {"middlebury_edge_f1": metrics.edge_f1(resize_to(prediction.depth, truth), truth)}


def measure_people(prediction: Prediction, item: Item) -> Figures:
    """How people's rooms and streets agree with their depth."""
    return measure_order("people", prediction, item)


def measure_strong(prediction: Prediction, item: Item) -> Figures:
    """The same against far stronger networks, whose edges are exact too."""
    truth = read_disparity(item.depth)
    f1 = metrics.edge_f1(resize_to(prediction.depth, truth), truth)
    return {**measure_order("strong", prediction, item), "strong_edge_f1": f1}


def measure_order(name: str, prediction: Prediction, item: Item) -> Figures:
    """Pairs in the right order, in percent, and the error after scale and shift."""
    truth = read_disparity(item.depth)
    depth = resize_to(prediction.depth, truth)
    return {
        f"{name}_order_percent": 100 * metrics.pair_order(depth, truth),
        f"{name}_nrmse": metrics.nrmse(depth, truth),
    }


def measure_mask(name: str, prediction: Prediction, item: Item) -> Figures:
    """Saliency against a true mask, and whether the default focus lands on the subject."""
    soft = read_mask(item.mask)
    mask = soft > 0.5
    return {
        f"{name}_curve": metrics.precision_recall(prediction.saliency, mask),
        f"{name}_mae": float(np.abs(prediction.saliency - soft).mean()),
        f"{name}_holes_percent": 100 * metrics.salient_holes(prediction.saliency, mask),
        f"{name}_focus_on_subject_percent": 100 * hits_subject(prediction, mask),
    }


def measure_ecssd(prediction: Prediction, item: Item) -> Figures:
    """ECSSD counts for the default focus together with the portraits."""
    figures = measure_mask("ecssd", prediction, item)
    figures["focus_on_subject_percent"] = figures.pop("ecssd_focus_on_subject_percent")
    return figures


def measure_portrait(prediction: Prediction, item: Item) -> Figures:
    """Whether the default focus lands on the person, and on the head."""
    mask = read_mask(item.mask) > 0.5
    focus = choose_focus(prediction.depth, prediction.saliency).depth
    return {
        "focus_on_subject_percent": 100 * hits_subject(prediction, mask),
        "head_in_focus_percent": 100 * metrics.head_in_focus(prediction.depth, mask, focus),
    }


def hits_subject(prediction: Prediction, mask: np.ndarray) -> bool:
    """Whether the default focus lands on the subject of a boolean mask."""
    focus = choose_focus(prediction.depth, prediction.saliency).depth
    return metrics.focus_hits(prediction.depth, mask, focus)


def measure_confident(prediction: Prediction, item: Item) -> Figures:
    """Whether the subject is nearer than the rest, with depth edges around it, not within it."""
    mask = read_mask(item.mask) > 0.5
    within = metrics.discontinuities_within(prediction.depth, mask)
    return {
        "subject_in_front_percent": 100 * metrics.subject_in_front(prediction.depth, mask),
        "boundary_recall_percent": 100 * metrics.boundary_recall(prediction.depth, mask),
        "discontinuities_within_subject_percent": 100 * within,
    }


def measure_empty(prediction: Prediction, item: Item) -> Figures:
    """How much is salient where nothing should be, in percent of the photo."""
    return {"salient_without_subject_percent": 100 * metrics.salient_part(prediction.saliency)}


SETS = {
    "nyu": ValidationSet(partial(depth_items, folder="nyu/val"), measure_nyu),
    "middlebury": ValidationSet(partial(depth_items, folder="middlebury"), measure_middlebury),
    "strong": ValidationSet(partial(depth_items, folder="strong/val"), measure_strong),
    "people": ValidationSet(partial(depth_items, folder="people/val"), measure_people),
    "ecssd": ValidationSet(partial(mask_items, folder="ecssd/val"), measure_ecssd),
    "duts": ValidationSet(partial(mask_items, folder="duts/val"), partial(measure_mask, "duts")),
    "portraits": ValidationSet(
        partial(mask_items, folder="people", held_out=True), measure_portrait
    ),
    "confident": ValidationSet(confident_items, measure_confident),
    "empty": ValidationSet(partial(empty_items, held_out=True), measure_empty),
}


def evaluate(
    predict_photo: Predict,
    data: Sequence[Path],
    limit: int | None = None,
    sets: Iterable[str] = tuple(SETS),
) -> dict[str, float]:
    """The figures of `docs/evaluation.md`, each the mean over its photos.

    Args:
        predict_photo: from a photo's path to its prediction, at the photo's size.
        data: data folders; sets that none of them has are left out.
        limit: measure only so many photos of each set, spread evenly over it.
        sets: which of `SETS`.

    """
    rows = []
    for name in sets:
        items = evenly(SETS[name].items(data), limit)
        for item in tqdm(items, desc=name, disable=None):
            rows.append(SETS[name].measure(predict_photo(item.photo), item))
    return summarise(rows)


def missing_sets(data: Sequence[Path], sets: Iterable[str]) -> list[str]:
    """Those of the sets of which no data folder has a photo."""
    return [name for name in sets if not SETS[name].items(data)]


def evenly(items: list[Item], limit: int | None) -> list[Item]:
    """At most `limit` of the items, spread evenly over the list."""
    if limit is None or limit >= len(items):
        return items
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, limit)]


def summarise(rows: Sequence[Figures]) -> dict[str, float]:
    """The mean of each figure over the photos that have it; curves become their F measures."""
    figures: dict[str, float] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = np.array([row[name] for row in rows if name in row])
        if name.endswith("_curve"):
            f = metrics.f_measure(values.mean(axis=0))
            prefix = name.removesuffix("_curve")
            figures[f"{prefix}_max_f"] = float(f.max())
            figures[f"{prefix}_f_at_{SALIENT}"] = float(f[round(SALIENT * 255)])
        else:
            known = values[np.isfinite(values)]
            figures[name] = float(known.mean()) if known.size else float("nan")
    return figures


def bilinear(values: np.ndarray, small: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """A map at the photo's size without a look at the photo, to compare with."""
    return cv2.resize(values, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)


UPSAMPLING = {"guided": upsample_depth, "bilinear": bilinear}


def predictor(
    network: AutoFocusNet, device: torch.device, upsample: Upsample = upsample_depth
) -> Predict:
    """The app's own way from a photo's file to its prediction."""
    dtype = pick_dtype(device)

    def run(path: Path) -> Prediction:
        photo = read_photo(path).pixels
        return predict(network, photo, device=device, dtype=dtype, upsample=upsample)

    return run


def choose_version(name: str | None) -> Version:
    """A version by its name, or by its folder's path; None is the default one."""
    return read_version(Path(name)) if name and Path(name).is_dir() else find_version(name)


def main() -> int:
    """Evaluate the version named on the command line; 1 if it or the report's file fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", help="a version's name or folder (default: the default one)")
    parser.add_argument(
        "--data", type=Path, nargs="+", default=[Path("../shared/data")], help="data folders"
    )
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS), metavar="SET")
    parser.add_argument("--limit", type=int, help="only so many photos of each set")
    parser.add_argument("--upsampling", choices=UPSAMPLING, default="guided", help="of the depth")
    parser.add_argument("--output", type=Path, help="write the figures as JSON too")
    try:
        report(parser.parse_args())
    except AutoFocusError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def report(arguments: argparse.Namespace) -> None:
    """Measure the version; print its figures, and write them where that was asked for."""
    version, device = choose_version(arguments.version), pick_device()
    predict_photo = predictor(
        load_network(version, device), device, UPSAMPLING[arguments.upsampling]
    )
    for name in missing_sets(arguments.data, arguments.sets):
        print(f"{name}: no data folder has it, skipped", file=sys.stderr)
    figures = evaluate(predict_photo, arguments.data, arguments.limit, arguments.sets)
    for name, value in figures.items():
        print(f"{name:40} {value:8.3f}")
    if arguments.output:
        facts = {"version": version.name, "sha256": version.sha256, **figures}
        write_text(arguments.output, json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
