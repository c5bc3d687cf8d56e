import math

import numpy as np
import pytest
import torch

from autofocus.lens.aperture import Aperture, cats_eye_shift, disc_kernel


def test_the_corners_aperture_is_shifted_by_one_radius():
    assert cats_eye_shift((0, 0), (60, 80), 1.0) == pytest.approx((0.8, -0.6))
    assert cats_eye_shift((30, 40), (60, 80), 1.0) == pytest.approx((0, 0))
    lens_shaped = disc_kernel(-30.0, Aperture(shift=(1.0, 0.0)))
    assert lens_shaped.sum() == pytest.approx(1)
    area = (2 * math.pi / 3 - math.sqrt(3) / 2) * 30**2  # of two unit discs one radius apart
    assert 1 / lens_shaped.max() == pytest.approx(area, rel=0.01)
    turned = disc_kernel(30.0, Aperture(shift=(1.0, 0.0)))
    assert torch.allclose(turned, lens_shaped.flip(0, 1), atol=1e-6)


@pytest.mark.parametrize("spherical", [-1.0, 0.0, 0.6])
@pytest.mark.parametrize("radius", [-10.0, 10.0])
def test_spherical_aberration_weighs_the_disc(spherical, radius):
    kernel = disc_kernel(radius, Aperture(spherical=spherical)).numpy()
    y, x = np.mgrid[-10:11, -10:11]
    rho = np.hypot(x, y) / 10
    expected = (1 + spherical * (1 - 2 * rho**2)) / (math.pi * 100)
    assert kernel.sum() == pytest.approx(1)
    assert np.abs(kernel - expected)[rho < 0.9].max() < 0.02 * expected.max()
