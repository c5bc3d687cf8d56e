import pytest
import torch

from autofocus.training.losses import (
    depth_loss,
    feature_loss,
    relative_loss,
    saliency_loss,
)


@pytest.fixture
def target():
    rows = torch.linspace(0.1, 0.5, 48).view(1, 1, 48, 1).expand(2, 1, 48, 64).clone()
    rows[:, :, 10:30, 20:40] = 0.9
    return rows


EDGES = torch.ones(2)
GUESSED = torch.tensor([False, True])


def test_depth_loss_ignores_scale_and_shift(target):
    assert depth_loss(5 * target - 3, target, EDGES) < 1e-4


def test_better_depth_lower_loss(target):
    noise = torch.randn_like(target)
    near = depth_loss(target + 0.02 * noise, target, EDGES)
    far = depth_loss(target + 0.3 * noise, target, EDGES)
    assert near < far


def test_sharp_edges_cost_less_than_soft_ones(target):
    soft = torch.nn.functional.avg_pool2d(target, 9, stride=1, padding=4, count_include_pad=False)
    assert depth_loss(target, target, EDGES) < depth_loss(soft, target, EDGES)
    without = depth_loss(soft, target, 0 * EDGES)
    assert without < depth_loss(soft, target, EDGES)


def test_unknown_pixels_do_not_count(target):
    predicted = target.clone()
    predicted[:, :, :8] = 7
    target[:, :, :8] = torch.nan
    assert depth_loss(predicted, target, EDGES) < 1e-4


@pytest.mark.parametrize("value", [0.5, torch.nan])
def test_flat_and_unknown_labels_give_finite_losses_and_gradients(target, value):
    predicted = torch.randn_like(target).requires_grad_()
    loss = depth_loss(predicted, torch.full_like(target, value), EDGES, GUESSED)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(predicted.grad).all()


def test_the_worst_pixels_of_a_guess_are_forgiven(target):
    wrong = target.clone()
    wrong[:, :, 40:43, :] = 4
    strict = depth_loss(wrong, target, 0 * EDGES)
    assert depth_loss(wrong, target, 0 * EDGES, GUESSED) < strict
    assert depth_loss(wrong, target, 0 * EDGES, ~GUESSED & GUESSED) == strict


def test_relative_loss_sees_what_is_far(target):
    assert relative_loss(5 * target - 3, target, ~GUESSED & GUESSED) < 1e-4
    near, far = target.clone(), target.clone()
    near[:, :, 10:30, 20:40] += 0.2
    far[:, :, :5] += 0.2
    measured = torch.zeros(2, dtype=torch.bool)
    assert relative_loss(far, target, measured) > 2 * relative_loss(near, target, measured)


def test_relative_loss_leaves_guesses_and_unknown_pixels_out(target):
    wrong = target.clone()
    wrong[1] = torch.randn_like(wrong[1])
    assert relative_loss(wrong, target, GUESSED) < 1e-4
    unknown = torch.full_like(target, torch.nan)
    assert relative_loss(wrong, unknown, GUESSED) == 0


def test_feature_loss_is_zero_for_the_same_direction():
    features = torch.randn(2, 16, 4, 5)
    assert feature_loss(3 * features, features) < 1e-5
    assert feature_loss(-features, features) > 1.9


def test_saliency_loss_prefers_the_mask_and_weighs_photos():
    mask = torch.zeros(2, 1, 8, 8)
    mask[:, :, 2:6, 2:6] = 1
    logits = 8 * (2 * mask - 1)
    assert saliency_loss(logits, mask, EDGES) < saliency_loss(-logits, mask, EDGES)
    mixed = torch.cat([logits[:1], -logits[1:]])
    assert saliency_loss(mixed, mask, torch.tensor([1.0, 0.0])) < 0.01


def test_photos_without_a_mask_do_not_count():
    mask = torch.zeros(2, 1, 8, 8)
    mask[1] = torch.nan
    logits = torch.stack([mask[0] - 9, mask[0] + 9])
    assert saliency_loss(logits, mask, EDGES) < 0.01
