"""Depth and saliency metrics: pure functions of H×W arrays."""

import cv2
import numpy as np

BETA2 = 0.3  # weight of precision in F, as in Achanta et al. 2009
THRESHOLDS = np.arange(256) / 255
EDGE_STEPS = (0.03, 0.06, 0.12)  # disparity steps that count as an edge
EDGE_REACH = 2  # pixels
OUTLINE_REACH = 3  # pixels
OUTLINE_STEP = 0.05  # of the map's range


def aligned(predicted: np.ndarray, truth: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The prediction after the least-squares scale and shift to the truth's disparity."""
    p, t = predicted[known].astype(np.float64), truth[known].astype(np.float64)
    scale = ((p - p.mean()) * (t - t.mean())).mean() / max(p.var(), 1e-12)
    return (scale * predicted + t.mean() - scale * p.mean()).astype(np.float32)


def delta_error(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Share of known pixels whose depth is off by more than 1.25× (MiDaS's protocol).

    `truth` is disparity, NaN unknown. The prediction is aligned in disparity and, as MiDaS does
    with the sensor's range, no point lies farther than the farthest that was measured.
    """
    known = np.isfinite(truth) & (truth > 0)
    t = truth[known]
    p = np.maximum(aligned(predicted, truth, known)[known], t.min())
    return float((np.maximum(p / t, t / p) > 1.25).mean())


def edge_f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    """F1 of depth edges within 2 pixels, mean over three step heights; NaN unknown in `truth`."""
    known = np.isfinite(truth)
    p = aligned(predicted, truth, known)
    span = np.nanmax(truth) - np.nanmin(truth)
    filled = np.where(known, truth, p)
    scores = [
        f1(edges(p, step * span) & known, edges(filled, step * span) & known) for step in EDGE_STEPS
    ]
    return float(np.mean(scores))


def edges(disparity: np.ndarray, step: float) -> np.ndarray:
    """Pixels whose 3×3 neighbourhood spans more than `step`."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(disparity, kernel) - cv2.erode(disparity, kernel) > step


def f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    """F1 of two sets of pixels, matched within `EDGE_REACH`."""
    if not predicted.any() or not truth.any():
        return float(predicted.any() == truth.any())
    precision = (distance_to(truth)[predicted] <= EDGE_REACH).mean()
    recall = (distance_to(predicted)[truth] <= EDGE_REACH).mean()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def distance_to(pixels: np.ndarray) -> np.ndarray:
    """Distance in pixels from everywhere to the nearest of some pixels."""
    return cv2.distanceTransform(np.uint8(~pixels), cv2.DIST_L2, 5)


def precision_recall(saliency: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall of saliency ≥ t against a boolean mask, at 256 thresholds t."""
    bins = np.clip(np.floor(saliency * 255 + 1e-6), 0, 255).astype(np.int64)
    hits = np.bincount(bins[mask], minlength=256)[::-1].cumsum()[::-1]
    found = np.bincount(bins.ravel(), minlength=256)[::-1].cumsum()[::-1]
    return hits / np.maximum(found, 1), hits / max(mask.sum(), 1)


def f_measure(precision: np.ndarray, recall: np.ndarray) -> np.ndarray:
    """The weighted F that saliency papers report, β² = 0.3."""
    return (1 + BETA2) * precision * recall / np.maximum(BETA2 * precision + recall, 1e-9)


def focus_hits(depth: np.ndarray, mask: np.ndarray, focus: float) -> bool:
    """Whether most of the true subject lies within 0.1 of the focus."""
    return bool((np.abs(depth[mask] - focus) <= 0.1).mean() > 0.5)


def subject_in_front(depth: np.ndarray, mask: np.ndarray) -> bool:
    """Whether the subject's median depth is nearer than the rest's."""
    return bool(np.median(depth[mask]) > np.median(depth[~mask]))


def outline_recall(depth: np.ndarray, mask: np.ndarray) -> float:
    """Share of the mask's outline where depth steps down outwards by 0.05 within 3 pixels.

    The boundary recall of Depth Pro (2410.02073) for relative depth: an outline pixel counts if
    the nearest 3 pixels inward lie at least `OUTLINE_STEP` nearer than those 3 pixels outward.
    """
    field = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2)
    down = np.stack([-cv2.Sobel(field, cv2.CV_32F, 0, 1), -cv2.Sobel(field, cv2.CV_32F, 1, 0)])
    down /= np.maximum(np.hypot(*down), 1e-9)
    outline = mask & (cv2.erode(np.uint8(mask), np.ones((3, 3), np.uint8), borderValue=1) == 0)
    rows, columns = np.nonzero(outline)
    steps = OUTLINE_REACH * down[:, rows, columns]
    inside = sample(depth, rows - steps[0], columns - steps[1])
    outside = sample(depth, rows + steps[0], columns + steps[1])
    return float((inside - outside >= OUTLINE_STEP).mean()) if rows.size else float("nan")


def steps_within(depth: np.ndarray, mask: np.ndarray) -> float:
    """Share of the mask, but for a rim, where depth steps: a subject's texture is no outline."""
    rim = 2 * OUTLINE_REACH + 3
    inner = cv2.erode(np.uint8(mask), np.ones((rim, rim), np.uint8), borderValue=1) > 0
    return float(edges(depth, EDGE_STEPS[0])[inner].mean()) if inner.any() else 0.0


def sample(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The image at fractional places, bilinear, borders repeated."""
    where = [a.astype(np.float32)[None] for a in (columns, rows)]
    return cv2.remap(image, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
