"""Losses as plain functions of tensors; unknown labels are NaN."""

import torch
from torch import Tensor
from torch.nn import functional

from autofocus.evaluation.metrics import IN_FOCUS

SCALES = 4
TRIM = 0.1
FARTHEST = 0.03  # disparity below which relative errors grow no more


def depth_loss(predicted: Tensor, target: Tensor, edges: Tensor, pseudo: Tensor) -> Tensor:
    """Scale-and-shift-invariant error plus multi-scale gradient matching (MiDaS, 1907.01341).

    Args:
        predicted: B×1×H×W disparity up to scale and shift.
        target: B×1×H×W disparity, NaN where unknown.
        edges: B weights of the gradient term: high where the label's boundaries are exact.
        pseudo: B flags of the targets that a network made. Of these the tenth of the pixels with
            the largest error is ignored: it is most likely wrong (Depth Anything V2, 2406.09414).

    """
    known = torch.isfinite(target)
    predicted = standardised(predicted.float(), known)
    target = standardised(target, known).nan_to_num()
    error = (predicted - target).abs() * known
    counted = known & (~pseudo.view(-1, 1, 1, 1) | untrimmed(error, known))
    absolute = masked_mean(error, counted)
    gradient = gradient_error(predicted - target, known)
    return (absolute + edges * gradient).sum() / labelled(known)


def relative_loss(predicted: Tensor, target: Tensor, pseudo: Tensor) -> Tensor:
    """Mean relative error of depth after the least-squares scale and shift in disparity.

    What is far has little disparity, so an absolute error hardly sees how wrong it is there.

    Args:
        predicted: B×1×H×W disparity up to scale and shift.
        target: B×1×H×W true disparity, NaN where unknown.
        pseudo: B flags of targets that are no measurement: their shift is not known.

    """
    known = torch.isfinite(target) & ~pseudo.view(-1, 1, 1, 1)
    target = target.nan_to_num()
    centred = predicted.float() - mean_over(predicted.float(), known)
    middle = mean_over(target, known)
    scale = mean_over(centred * (target - middle), known) / (
        mean_over(centred**2, known).clamp(min=1e-6)
    )
    error = (scale * centred + middle - target).abs() / target.clamp(min=FARTHEST)
    return masked_mean(error, known).sum() / labelled(known)


def person_loss(predicted: Tensor, mask: Tensor, person: Tensor) -> Tensor:
    """How far a person's parts lie out of focus when the focus is the person's median depth.

    Depth is taken as the app shows it, filling 0 to 1 on each photo; what lies within 0.05 of the
    median looks sharp and costs nothing. The photo's range and the median are held fixed, so that
    neither a wider range nor a moved median is a way out.

    Args:
        predicted: B×1×H×W disparity up to scale and shift.
        mask: B×1×H×W in [0, 1], NaN unknown.
        person: B flags of the masks that show one person.

    """
    inside = (mask.nan_to_num() > 0.5) & person.view(-1, 1, 1, 1)
    depth = predicted.float()
    still = depth.detach()
    span = (still.amax(dim=(1, 2, 3)) - still.amin(dim=(1, 2, 3))).clamp(min=1e-3)
    middle = torch.where(inside, still, torch.nan).flatten(1).nanmedian(dim=1).values
    shape = (-1, 1, 1, 1)
    away = (depth - middle.nan_to_num().view(shape)).abs() / span.view(shape)
    return masked_mean((away - IN_FOCUS).relu(), inside).sum() / labelled(inside)


def labelled(known: Tensor) -> Tensor:
    """How many photos have any label, at least one."""
    return known.flatten(1).any(dim=1).sum().clamp(min=1)


def mean_over(x: Tensor, known: Tensor) -> Tensor:
    """B×1×H×W → B×1×1×1 means over the known pixels."""
    return masked_mean(x, known).view(-1, 1, 1, 1)


def standardised(x: Tensor, known: Tensor) -> Tensor:
    """Each map less its median, over its mean absolute deviation, among the known pixels."""
    flat = torch.where(known, x, torch.nan).flatten(1)
    middle = flat.nanmedian(dim=1, keepdim=True).values.nan_to_num()
    deviation = (flat - middle).abs().nanmean(dim=1, keepdim=True).nan_to_num(nan=1.0)
    shape = (-1, 1, 1, 1)
    return (x - middle.view(shape)) / deviation.clamp(min=1e-4).view(shape)


def untrimmed(error: Tensor, known: Tensor) -> Tensor:
    """B×1×H×W: true where the error is below the upper tenth of its photo's known pixels."""
    sampled = torch.where(known, error.detach(), torch.nan).flatten(1)[:, ::7]
    limit = torch.nanquantile(sampled, 1 - TRIM, dim=1).nan_to_num()
    return error <= limit.view(-1, 1, 1, 1)


def gradient_error(difference: Tensor, known: Tensor) -> Tensor:
    """Mean absolute slope of the difference, over four scales; B×1×H×W → B."""
    total = difference.new_zeros(len(difference))
    for scale in range(SCALES):
        step = 2**scale
        d, k = difference[..., ::step, ::step], known[..., ::step, ::step]
        for axis in (-1, -2):
            slope = d.diff(dim=axis).abs()
            n = d.shape[axis] - 1
            both = k.narrow(axis, 0, n) & k.narrow(axis, 1, n)
            total = total + masked_mean(slope, both)
    return total


def masked_mean(x: Tensor, where: Tensor) -> Tensor:
    """B×… → B means over the pixels where the mask is true (0 where there are none)."""
    return (x * where).flatten(1).sum(dim=1) / where.flatten(1).sum(dim=1).clamp(min=1)


def feature_loss(mine: Tensor, theirs: Tensor) -> Tensor:
    """One minus the cosine between B×C×h×w features (Depth Anything, 2401.10891)."""
    return 1 - functional.cosine_similarity(mine.float(), theirs, dim=1).mean()


def saliency_loss(logits: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy of B×1×H×W logits and mask in [0, 1], photos weighted by B weights."""
    known = torch.isfinite(mask).flatten(1).all(dim=1)
    mask = mask.nan_to_num()
    loss = functional.binary_cross_entropy_with_logits(logits.float(), mask, reduction="none")
    weights = weights * known
    return (loss.mean(dim=(1, 2, 3)) * weights).sum() / weights.sum().clamp(min=1e-6)
