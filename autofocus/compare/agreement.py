"""How far two versions agree about one photo, in figures and as a map of where they do not."""

from dataclasses import dataclass

import numpy as np

from autofocus.focus import SALIENT, choose_focus
from autofocus.predict import Prediction

SAMPLE = 200_000  # pixels whose depths are ranked; more change nothing that is shown


@dataclass(frozen=True)
class Agreement:
    """Three figures; two equal predictions have 1, 1 and 0."""

    rank: float  # Spearman's correlation of the depths, in [-1, 1]
    overlap: float  # intersection over union of the salient pixels, in [0, 1]
    focus: float  # distance of the default focus values, in [0, 1]


def measure_agreement(one: Prediction, other: Prediction) -> Agreement:
    """The figures of two predictions of one photo; ValueError if their sizes differ."""
    check_sizes(one.depth, other.depth)
    focuses = [
        choose_focus(prediction.depth, prediction.saliency).depth for prediction in (one, other)
    ]
    return Agreement(
        rank_correlation(one.depth, other.depth),
        overlap(one.saliency, other.saliency),
        abs(focuses[0] - focuses[1]),
    )


def mean_agreement(agreements: list[Agreement]) -> Agreement:
    """The mean of each figure; ValueError if there is none."""
    if not agreements:
        raise ValueError("there is no agreement to take the mean of")
    rows = [(one.rank, one.overlap, one.focus) for one in agreements]
    return Agreement(*map(float, np.mean(rows, axis=0)))


def format_figures(agreement: Agreement) -> list[str]:
    """The three figures as they are printed."""
    return [f"{value:.3f}" for value in (agreement.rank, agreement.overlap, agreement.focus)]


def describe(agreement: Agreement) -> str:
    """The three figures with their names, in one line."""
    rank, shared, focus = format_figures(agreement)
    return f"rank correlation {rank}, subject IoU {shared}, default focus {focus} apart"


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation of two depth maps of one shape; ties share their mean rank.

    Of two flat maps it is 1; of a flat map and another, which have no order in common, 0.
    """
    check_sizes(one, other)
    step = max(1, one.size // SAMPLE)
    first, second = (centred_ranks(values.ravel()[::step]) for values in (one, other))
    scale = float(np.sqrt((first @ first) * (second @ second)))
    if scale == 0:
        return float(not first.any() and not second.any())
    return float(np.clip((first @ second) / scale, -1, 1))


def centred_ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value among all, less the mean rank; equal values have equal ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return ranks[places] - (len(values) + 1) / 2


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of what two saliency maps call salient; 1 where neither does."""
    check_sizes(one, other)
    first, second = one >= SALIENT, other >= SALIENT
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def depth_difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How much nearer `one` sees each pixel than `other`: H×W, positive where nearer.

    `other` is first aligned to `one` by the scale and shift of least squares, as relative depth
    means nothing more (Ranftl et al., "Towards Robust Monocular Depth Estimation", eq. 4). A scale
    below 0 would hide that a map is upside down, so that it is 0 at least.
    """
    check_sizes(one, other)
    first, second = (values - values.mean(dtype=np.float64) for values in (one, other))
    spread = float((second * second).sum())
    scale = max(0.0, float((first * second).sum()) / spread) if spread else 0.0
    return (first - scale * second).astype(np.float32)


def check_sizes(one: np.ndarray, other: np.ndarray) -> None:
    """Refuse two maps of different photos."""
    if one.shape != other.shape or not one.size:
        raise ValueError(f"maps of {one.shape} and {other.shape} cannot be compared")
