import cv2
import numpy as np
import pytest

from autofocus.evaluation import metrics


@pytest.fixture
def disc():
    rows, columns = np.mgrid[0:120, 0:160]
    return np.hypot(rows - 60, columns - 80) < 35


def step_map(disc, blur=0):
    depth = np.where(disc, 0.8, 0.2).astype(np.float32)
    return cv2.GaussianBlur(depth, (0, 0), blur) if blur else depth


def test_delta_error_ignores_scale_and_shift_and_grows_with_noise():
    draw = np.random.default_rng(0)
    truth = draw.uniform(0.1, 1, (60, 80)).astype(np.float32)
    assert metrics.delta_error(3 * truth - 7, truth) == 0
    slightly = metrics.delta_error(truth + draw.normal(0, 0.05, truth.shape), truth)
    badly = metrics.delta_error(truth + draw.normal(0, 0.5, truth.shape), truth)
    assert 0 < slightly < badly


def test_delta_error_looks_at_known_pixels_only():
    truth = np.random.default_rng(0).uniform(0.1, 1, (60, 80)).astype(np.float32)
    predicted = truth.copy()
    predicted[:20] = 5
    truth[:20] = np.nan
    assert metrics.delta_error(predicted, truth) < 1e-6


def test_edge_f1_prefers_sharp_and_well_placed_edges(disc):
    truth = step_map(disc)
    assert metrics.edge_f1(truth, truth) == 1
    near = metrics.edge_f1(np.roll(truth, 1, axis=1), truth)
    far = metrics.edge_f1(np.roll(truth, 8, axis=1), truth)
    soft = metrics.edge_f1(step_map(disc, blur=8), truth)
    assert near > 0.95
    assert far < near
    assert soft < near


def test_f_is_one_for_the_mask_itself_and_less_for_a_flood(disc):
    right = metrics.f_measure(metrics.precision_recall(disc.astype(np.float32), disc))
    flood = metrics.f_measure(metrics.precision_recall(np.ones(disc.shape, np.float32), disc))
    assert right.max() == pytest.approx(1)
    assert flood.max() < 0.5


def test_threshold_counts_pixels_at_or_above_it(disc):
    saliency = np.where(disc, 0.8, 0.799).astype(np.float32)
    precision, recall = metrics.precision_recall(saliency, disc)
    assert precision[round(0.8 * 255)] == recall[round(0.8 * 255)] == 1


def test_focus_hits_where_most_of_the_subject_is(disc):
    depth = step_map(disc)
    assert metrics.focus_hits(depth, disc, 0.75)
    assert not metrics.focus_hits(depth, disc, 0.5)


def test_subject_in_front(disc):
    assert metrics.subject_in_front(step_map(disc), disc)
    assert not metrics.subject_in_front(1 - step_map(disc), disc)


def test_boundary_recall_wants_a_step_down_at_the_boundary(disc):
    assert metrics.boundary_recall(step_map(disc), disc) == 1
    assert metrics.boundary_recall(1 - step_map(disc), disc) == 0
    assert metrics.boundary_recall(step_map(disc, blur=30), disc) < 0.5


def test_discontinuities_within_a_subject_are_found_but_not_those_at_its_boundary(disc):
    depth = step_map(disc)
    assert metrics.discontinuities_within(depth, disc) == 0
    strands = np.where(np.arange(disc.shape[1]) % 8 < 4, 0.1, 0.0)
    assert metrics.discontinuities_within(depth + strands * disc, disc) > 0.3
    assert metrics.discontinuities_within(depth, np.zeros_like(disc)) == 0


def test_pair_order_ignores_scale_and_small_differences_and_counts_turned_pairs():
    draw = np.random.default_rng(0)
    truth = draw.random((60, 80), np.float32)
    assert metrics.pair_order(5 * truth + 2, truth) == 1
    assert metrics.pair_order(-truth, truth) == 0
    assert metrics.pair_order(draw.random((60, 80)), truth) == pytest.approx(0.5, abs=0.03)
    assert metrics.pair_order(truth + draw.uniform(-0.02, 0.02, truth.shape), truth) == 1
    assert np.isnan(metrics.pair_order(truth, 0.5 + truth / 100))


def test_pair_order_and_nrmse_look_at_known_pixels_only():
    truth = np.random.default_rng(0).random((60, 80), np.float32)
    predicted = truth.copy()
    predicted[:20] = 9
    truth[:20] = np.nan
    assert metrics.pair_order(predicted, truth) == 1
    assert metrics.nrmse(predicted, truth) < 1e-6


def test_nrmse_is_relative_to_the_truths_range():
    truth = np.tile(np.array([0.2, 0.4], np.float32), (60, 40))
    assert metrics.nrmse(7 - 3 * truth, truth) < 1e-6
    noise = np.random.default_rng(0).normal(0, 0.02, truth.shape).astype(np.float32)
    assert metrics.nrmse(truth + noise, truth) == pytest.approx(0.1, abs=0.02)


def test_holes_are_enclosed_and_not_in_the_true_mask(disc):
    saliency = disc.astype(np.float32)
    assert metrics.salient_holes(saliency, disc) == 0
    saliency[50:60, 70:90] = 0.5
    assert metrics.salient_holes(saliency, disc) == pytest.approx(200 / disc.sum())
    ring = disc.copy()
    ring[50:60, 70:90] = False
    assert metrics.salient_holes(saliency, ring) == 0
    saliency[55, :80] = 0  # open to the outside
    assert metrics.salient_holes(saliency, disc) == 0
    assert np.isnan(metrics.salient_holes(0 * saliency, disc))


def test_a_head_out_of_focus_is_seen(disc):
    depth = step_map(disc)
    assert metrics.head_in_focus(depth, disc, 0.83)
    depth[:44] -= 0.1  # the disc reaches from 25 to 95
    assert not metrics.head_in_focus(depth, disc, 0.8)
    depth[:44] += 0.1
    depth[60:] -= 0.3
    assert metrics.head_in_focus(depth, disc, 0.8)


def test_salient_part():
    saliency = np.zeros((10, 10), np.float32)
    saliency[:2] = 0.8
    assert metrics.salient_part(saliency) == pytest.approx(0.2)
