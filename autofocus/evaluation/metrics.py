"""Depth and saliency metrics: pure functions of H×W arrays."""

import cv2
import numpy as np
from scipy.ndimage import binary_fill_holes

from autofocus.focus import SALIENT

BETA2 = 0.3  # weight of precision in F, as in Achanta et al. 2009
EDGE_HEIGHTS = (0.03, 0.06, 0.12)  # differences of disparity that count as an edge
EDGE_RADIUS = 2  # pixels
BOUNDARY_RADIUS = 3  # pixels
BOUNDARY_HEIGHT = 0.05  # of the map's range
PAIRS = 20_000  # pairs of pixels of one photo
PAIR_DIFFERENCE = 0.05  # of the true disparity, above which a pair's order counts
ON_SUBJECT = 0.1  # of depth to either side of the focus
IN_FOCUS = 0.05  # of depth to either side of the focus: looks sharp


def aligned(predicted: np.ndarray, truth: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The prediction after the least-squares scale and shift to the truth's disparity."""
    p, t = predicted[known].astype(np.float64), truth[known].astype(np.float64)
    scale = ((p - p.mean()) * (t - t.mean())).mean() / max(p.var(), 1e-12)
    return (scale * predicted + t.mean() - scale * p.mean()).astype(np.float32)


def delta_error(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Fraction of known pixels whose depth is off by more than 1.25× (MiDaS's protocol).

    `truth` is disparity, NaN unknown. The prediction is aligned in disparity and, as MiDaS does
    with the sensor's range, no point lies farther than the farthest that was measured.
    """
    known = np.isfinite(truth) & (truth > 0)
    t = truth[known]
    p = np.maximum(aligned(predicted, truth, known)[known], t.min())
    return float((np.maximum(p / t, t / p) > 1.25).mean())


def pair_order(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Fraction of random pairs of known pixels that the prediction puts in the true order.

    Only pairs whose true disparities (NaN unknown) differ by more than 0.05 count; equal predicted
    values are wrong. The pairs are the same at every call.
    """
    known = np.isfinite(truth)
    p, t = predicted[known], truth[known]
    first, second = np.random.default_rng(0).integers(0, len(t), (2, PAIRS))
    apart = np.abs(t[first] - t[second]) > PAIR_DIFFERENCE
    right = (p[first] - p[second]) * (t[first] - t[second]) > 0
    return float(right[apart].mean()) if apart.any() else float("nan")


def nrmse(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Root of the mean squared error after scale and shift, as a fraction of the truth's range."""
    known = np.isfinite(truth)
    error = aligned(predicted, truth, known)[known] - truth[known]
    span = float(np.nanmax(truth) - np.nanmin(truth))
    return float(np.sqrt((error**2).mean())) / max(span, 1e-6)


def edge_f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    """F1 of depth edges within 2 pixels, mean over three heights; NaN unknown in `truth`."""
    known = np.isfinite(truth)
    p = aligned(predicted, truth, known)
    span = np.nanmax(truth) - np.nanmin(truth)
    filled = np.where(known, truth, p)
    scores = [
        f1(edges(p, height * span) & known, edges(filled, height * span) & known)
        for height in EDGE_HEIGHTS
    ]
    return float(np.mean(scores))


def edges(disparity: np.ndarray, height: float) -> np.ndarray:
    """Pixels whose 3×3 neighbourhood spans more than `height`."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(disparity, kernel) - cv2.erode(disparity, kernel) > height


def f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    """F1 of two sets of pixels, matched within `EDGE_RADIUS`."""
    if not predicted.any() or not truth.any():
        return float(predicted.any() == truth.any())
    precision = (distance_to(truth)[predicted] <= EDGE_RADIUS).mean()
    recall = (distance_to(predicted)[truth] <= EDGE_RADIUS).mean()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def distance_to(pixels: np.ndarray) -> np.ndarray:
    """Distance in pixels from everywhere to the nearest of some pixels."""
    return cv2.distanceTransform(np.uint8(~pixels), cv2.DIST_L2, 5)


def precision_recall(saliency: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Precision and recall, 2×256, of saliency ≥ t/255 against a boolean mask, for t from 0."""
    bins = np.clip(np.floor(saliency * 255 + 1e-6), 0, 255).astype(np.int64)
    hits = np.bincount(bins[mask], minlength=256)[::-1].cumsum()[::-1]
    marked = np.bincount(bins.ravel(), minlength=256)[::-1].cumsum()[::-1]
    return np.stack([hits / np.maximum(marked, 1), hits / max(mask.sum(), 1)])


def f_measure(curve: np.ndarray) -> np.ndarray:
    """The weighted F (β² = 0.3) that saliency papers report, from precision and recall, 2×N."""
    precision, recall = curve
    return (1 + BETA2) * precision * recall / np.maximum(BETA2 * precision + recall, 1e-9)


def salient_part(saliency: np.ndarray) -> float:
    """Fraction of the photo that is salient enough to be focused on."""
    return float((saliency >= SALIENT).mean())


def salient_holes(saliency: np.ndarray, mask: np.ndarray) -> float:
    """Area of the holes in salient regions, as a fraction of the regions with their holes filled.

    A hole is enclosed by salient pixels on all sides; those that the true mask has do not count.
    NaN where nothing is salient.
    """
    salient = saliency >= SALIENT
    filled = binary_fill_holes(salient)
    true_holes = binary_fill_holes(mask) & ~mask
    holes = filled & ~salient & ~true_holes
    return float(holes.sum() / filled.sum()) if filled.any() else float("nan")


def focus_hits(depth: np.ndarray, mask: np.ndarray, focus: float) -> bool:
    """Whether most of the true subject lies within 0.1 of the focus."""
    return bool((np.abs(depth[mask] - focus) <= ON_SUBJECT).mean() > 0.5)


def head_in_focus(depth: np.ndarray, mask: np.ndarray, focus: float) -> bool:
    """Whether the median depth of the mask's top quarter lies within 0.05 of the focus.

    The top quarter is that of the mask's height: of an upright person, the head.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    below = rows[0] + max(1, round((rows[-1] + 1 - rows[0]) / 4))
    head = depth[:below][mask[:below]]
    return bool(abs(np.median(head) - focus) <= IN_FOCUS)


def subject_in_front(depth: np.ndarray, mask: np.ndarray) -> bool:
    """Whether the subject's median depth is nearer than the rest's."""
    return bool(np.median(depth[mask]) > np.median(depth[~mask]))


def boundary_recall(depth: np.ndarray, mask: np.ndarray) -> float:
    """Fraction of the mask's boundary where depth falls outwards by 0.05 within 3 pixels.

    The boundary recall of Depth Pro (2410.02073) for relative depth: a boundary pixel counts if the
    nearest 3 pixels inward lie at least `BOUNDARY_HEIGHT` nearer than those 3 pixels outward.
    """
    field = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2)
    down = np.stack([-cv2.Sobel(field, cv2.CV_32F, 0, 1), -cv2.Sobel(field, cv2.CV_32F, 1, 0)])
    down /= np.maximum(np.hypot(*down), 1e-9)
    boundary = mask & (cv2.erode(np.uint8(mask), np.ones((3, 3), np.uint8), borderValue=1) == 0)
    rows, columns = np.nonzero(boundary)
    offset = BOUNDARY_RADIUS * down[:, rows, columns]
    inside = sample(depth, rows - offset[0], columns - offset[1])
    outside = sample(depth, rows + offset[0], columns + offset[1])
    return float((inside - outside >= BOUNDARY_HEIGHT).mean()) if rows.size else float("nan")


def discontinuities_within(depth: np.ndarray, mask: np.ndarray) -> float:
    """Fraction of the mask, but for a rim, where depth jumps: a texture is not a boundary."""
    rim = 2 * BOUNDARY_RADIUS + 3
    inner = cv2.erode(np.uint8(mask), np.ones((rim, rim), np.uint8), borderValue=1) > 0
    return float(edges(depth, EDGE_HEIGHTS[0])[inner].mean()) if inner.any() else 0.0


def sample(image: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The image at fractional places, bilinear, borders repeated."""
    where = [a.astype(np.float32)[None] for a in (columns, rows)]
    return cv2.remap(image, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
