import pytest
import torch

from autofocus.training.losses import (
    depth_loss,
    feature_loss,
    person_loss,
    relative_loss,
    saliency_loss,
)


@pytest.fixture
def target():
    rows = torch.linspace(0.1, 0.5, 48).view(1, 1, 48, 1).expand(2, 1, 48, 64).clone()
    rows[:, :, 10:30, 20:40] = 0.9
    return rows


EDGES = torch.ones(2)
MEASURED = torch.tensor([False, False])
ONE_PSEUDO = torch.tensor([False, True])


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_depth_loss_ignores_scale_and_shift(target):
    assert depth_loss(5 * target - 3, target, EDGES, MEASURED) < 1e-4


def test_better_depth_lower_loss(target):
    noise = torch.randn_like(target)
    near = depth_loss(target + 0.02 * noise, target, EDGES, MEASURED)
    far = depth_loss(target + 0.3 * noise, target, EDGES, MEASURED)
    assert near < far


def test_sharp_edges_cost_less_than_soft_ones(target):
    soft = torch.nn.functional.avg_pool2d(target, 9, stride=1, padding=4, count_include_pad=False)
    assert depth_loss(target, target, EDGES, MEASURED) < depth_loss(soft, target, EDGES, MEASURED)
    without = depth_loss(soft, target, 0 * EDGES, MEASURED)
    assert without < depth_loss(soft, target, EDGES, MEASURED)


def test_unknown_pixels_do_not_count(target):
    predicted = target.clone()
    predicted[:, :, :8] = 7
    target[:, :, :8] = torch.nan
    assert depth_loss(predicted, target, EDGES, MEASURED) < 1e-4


@pytest.mark.parametrize("value", [0.5, torch.nan])
def test_flat_and_unknown_labels_give_finite_losses_and_gradients(target, value):
    predicted = torch.randn_like(target).requires_grad_()
    loss = depth_loss(predicted, torch.full_like(target, value), EDGES, ONE_PSEUDO)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(predicted.grad).all()


def test_the_worst_pixels_of_a_pseudo_label_are_forgiven(target):
    wrong = target.clone()
    wrong[:, :, 40:43, :] = 4
    strict = depth_loss(wrong, target, 0 * EDGES, MEASURED)
    assert depth_loss(wrong, target, 0 * EDGES, ONE_PSEUDO) < strict
    assert depth_loss(wrong, target, 0 * EDGES, MEASURED) == strict


def test_relative_loss_sees_what_is_far(target):
    assert relative_loss(5 * target - 3, target, MEASURED) < 1e-4
    near, far = target.clone(), target.clone()
    near[:, :, 10:30, 20:40] += 0.2
    far[:, :, :5] += 0.2
    assert relative_loss(far, target, MEASURED) > 2 * relative_loss(near, target, MEASURED)


def test_relative_loss_leaves_pseudo_labels_and_unknown_pixels_out(target):
    wrong = target.clone()
    wrong[1] = torch.randn_like(wrong[1])
    assert relative_loss(wrong, target, ONE_PSEUDO) < 1e-4
    unknown = torch.full_like(target, torch.nan)
    assert relative_loss(wrong, unknown, ONE_PSEUDO) == 0


def test_unknown_pixels_do_not_make_a_pseudo_label_look_better():
    target = torch.rand(2, 1, 48, 64)
    target[:, :, 8:] = torch.nan  # most of it is unknown: less than a tenth of what is left is bad
    wrong = target.nan_to_num()
    wrong[:, :, :, :4] = 9
    pseudo = torch.tensor([True, True])
    assert depth_loss(wrong, target, 0 * EDGES, pseudo) < depth_loss(
        wrong, target, 0 * EDGES, MEASURED
    )


@pytest.fixture
def body():
    """A person's mask on each photo, and depth at which all of it looks sharp."""
    mask = torch.zeros(2, 1, 48, 64)
    mask[:, :, 10:40, 20:40] = 1
    rows = torch.linspace(0.7, 0.78, 48).view(1, 1, 48, 1).expand(2, 1, 48, 64)
    depth = torch.where(mask > 0, rows, 0.2)
    depth[:, :, 0], depth[:, :, 47] = 0, 1
    return mask, depth


def test_a_head_out_of_focus_costs_and_slight_depth_variation_does_not(body):
    mask, depth = body
    assert person_loss(3 * depth - 7, mask, ~MEASURED) == 0
    leaning = depth.clone()
    leaning[:, :, 10:18, 20:40] -= 0.2
    assert person_loss(leaning, mask, ~MEASURED) > 0.01
    assert person_loss(leaning, mask, MEASURED) == 0
    assert person_loss(leaning, torch.full_like(mask, torch.nan), ~MEASURED) == 0


def test_a_person_is_pulled_together_and_the_rest_of_the_photo_left_alone(body):
    mask, depth = body
    depth[:, :, 10:18, 20:40] = 0.3
    depth.requires_grad_()
    person_loss(depth, mask, ~MEASURED).backward()
    assert (depth.grad[:, :, 10:18, 20:40] < 0).all()
    assert (depth.grad[mask == 0] == 0).all()


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
