import numpy as np
import torch

from autofocus.depth_edges import erode, pool_lowest, sharpen


def test_the_lowest_value_is_the_same_by_both_ways():
    values = torch.from_numpy(np.random.default_rng(0).random((17, 23), dtype=np.float32))
    assert torch.equal(erode(values, 3), pool_lowest(values, 3))


def test_a_soft_discontinuity_becomes_sharp_and_a_slope_stays():
    soft = torch.tensor([0.2] * 8 + [0.35, 0.5, 0.65] + [0.8] * 8).repeat(9, 1)
    sharp = sharpen(soft, 2)
    assert set(sharp.unique().tolist()) <= set(soft[:, [0, -1]].unique().tolist())
    slope = torch.linspace(0.2, 0.4, 19).repeat(9, 1)
    assert torch.equal(sharpen(slope, 2), slope)
