"""Measure a version on photos that training never saw.

    python -m autofocus.evaluation.evaluate --version resnet --data ../shared/data

Every photo goes the whole way of the app: photo, predict, focus. The table is printed; `--output`
also writes it as JSON with the version's hash.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import torch
from tqdm import tqdm

from autofocus.evaluation import metrics
from autofocus.focus import SALIENT, choose_focus
from autofocus.network import AutoFocusNet
from autofocus.photo import read_photo
from autofocus.predict import Prediction, Upsample, pick_device, pick_dtype, predict
from autofocus.training.data import (
    Item,
    depth_items,
    is_sure,
    mask_items,
    photo_items,
    photos_in,
    read_disparity,
    read_mask,
    resize_label,
)
from autofocus.upsample import upsample_depth
from autofocus.versions.weights import Version, find_version, load_network, read_version

MIDDLEBURY_LONG_SIDE = 640

Predict = Callable[[Item], tuple[np.ndarray, Prediction]]


def evaluate(predict_item: Predict, data: Path, limit: int | None = None) -> dict[str, float]:
    """All metrics of `docs/evaluation.md` on the validation splits; `limit` photos of each set."""
    return {
        **nyu(predict_item, islice(depth_items(data, ["nyu/val"]), limit)),
        **middlebury(predict_item, islice(depth_items(data, ["middlebury"]), limit)),
        **subjects(predict_item, islice(ecssd_val(data), limit), held_out(data, limit)),
        **unlabelled(predict_item, islice(sure_photos(data), limit)),
    }


def ecssd_val(data: Path) -> list[Item]:
    """The validation photos of ECSSD."""
    folder = data / "saliency" / "ecssd" / "val"
    return [Item(p, mask=p.with_suffix(".png")) for p in photos_in(folder)]


def held_out(data: Path, limit: int | None) -> Iterator[Item]:
    """Every tenth of `saliency/people`."""
    return islice(mask_items(data, held_out=True), limit)


def sure_photos(data: Path) -> Iterator[Item]:
    """The held-out unlabelled photos whose soft mask is sure."""
    return (i for i in photo_items(data, held_out=True) if is_sure(read_mask(i.mask)))


def nyu(predict_item: Predict, items: Iterator[Item]) -> dict[str, float]:
    """Share of pixels with δ > 1.25, in percent."""
    errors = []
    for item in tqdm(items, desc="nyu", disable=None):
        _, found = predict_item(item)
        truth = read_disparity(item.depth)
        depth = cv2.resize(found.depth, truth.shape[::-1], interpolation=cv2.INTER_AREA)
        errors.append(metrics.delta_error(depth, truth))
    return {"nyu_delta_error_percent": 100 * mean(errors)}


def middlebury(predict_item: Predict, items: Iterator[Item]) -> dict[str, float]:
    """Depth-edge F1 within two pixels at 640 pixels."""
    scores = []
    for item in tqdm(items, desc="middlebury", disable=None):
        photo, found = predict_item(item)
        scale = MIDDLEBURY_LONG_SIDE / max(photo.shape[:2])
        size = tuple(round(side * scale) for side in photo.shape[:2])
        truth = resize_label(read_disparity(item.depth), size)
        depth = cv2.resize(found.depth, size[::-1], interpolation=cv2.INTER_LINEAR)
        scores.append(metrics.edge_f1(depth, truth))
    return {"middlebury_edge_f1": mean(scores)}


def subjects(predict_item: Predict, ecssd: Iterator[Item], people: Iterator[Item]) -> dict:
    """Saliency on ECSSD, and how often the default focus lands on the true subject, in percent.

    Saliency: best F over thresholds, mean absolute error, F at the threshold that the focus uses.
    """
    curves, errors, hits = [], [], []
    for item in tqdm(ecssd, desc="ecssd", disable=None):
        _, found = predict_item(item)
        mask = read_mask(item.mask)
        curves.append(metrics.precision_recall(found.saliency, mask > 0.5))
        errors.append(np.abs(found.saliency - mask).mean())
        hits.append(focus_hits(found, mask))
    for item in tqdm(people, desc="people", disable=None):
        hits.append(focus_hits(predict_item(item)[1], read_mask(item.mask)))
    precision, recall = np.mean([c[0] for c in curves], 0), np.mean([c[1] for c in curves], 0)
    f = metrics.f_measure(precision, recall)
    return {
        "ecssd_max_f": f.max(),
        "ecssd_mae": mean(errors),
        "ecssd_f_at_0.8": f[round(SALIENT * 255)],
        "focus_on_subject_percent": 100 * mean(hits),
    }


def focus_hits(found: Prediction, mask: np.ndarray) -> bool:
    """Whether the default focus lands on the subject of a mask."""
    focus = choose_focus(found.depth, found.saliency).depth
    return metrics.focus_hits(found.depth, mask > 0.5, focus)


def unlabelled(predict_item: Predict, items: Iterator[Item]) -> dict[str, float]:
    """Whether subjects are nearer than the rest, and step at their outline and not within it."""
    front, outline, within = [], [], []
    for item in tqdm(items, desc="photos", disable=None):
        _, found = predict_item(item)
        mask = read_mask(item.mask) > 0.5
        front.append(metrics.subject_in_front(found.depth, mask))
        outline.append(metrics.outline_recall(found.depth, mask))
        within.append(metrics.steps_within(found.depth, mask))
    return {
        "subject_in_front_percent": 100 * mean(front),
        "outline_recall_percent": 100 * mean(outline),
        "steps_within_subject_percent": 100 * mean(within),
    }


def mean(values: list) -> float:
    """The mean, and not-a-number (without a warning) of nothing."""
    return float(np.mean(values)) if values else float("nan")


def bilinear(values: np.ndarray, small: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """A map at the photo's size without a look at the photo, to compare with."""
    return cv2.resize(values, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)


UPSAMPLING = {"guided": upsample_depth, "bilinear": bilinear}


def predictor(network: AutoFocusNet, device: torch.device, upsample: Upsample) -> Predict:
    """The app's own way from an item's file to its prediction."""
    dtype = pick_dtype(device)

    def run(item: Item) -> tuple[np.ndarray, Prediction]:
        photo = read_photo(item.photo).pixels
        return photo, predict(network, photo, device=device, dtype=dtype, upsample=upsample)

    return run


def chosen_version(name: str | None) -> Version:
    """A version by its name, or by its folder's path."""
    return read_version(Path(name)) if name and Path(name).is_dir() else find_version(name)


def main() -> None:
    """Evaluate the version named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", help="a version's name or folder (default: the bundled one)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="data folder")
    parser.add_argument("--limit", type=int, help="only so many photos of each set")
    parser.add_argument("--upsampling", choices=UPSAMPLING, default="guided", help="of the depth")
    parser.add_argument("--output", type=Path, help="write the figures as JSON too")
    arguments = parser.parse_args()
    version, device = chosen_version(arguments.version), pick_device()
    network, upsample = load_network(version, device), UPSAMPLING[arguments.upsampling]
    figures = evaluate(predictor(network, device, upsample), arguments.data, arguments.limit)
    for name, value in figures.items():
        print(f"{name:28} {value:8.3f}")
    if arguments.output:
        report = {"version": version.name, "sha256": version.sha256, **figures}
        arguments.output.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
