import numpy as np
import pytest
import torch

from autofocus.lens.aperture import Aperture, disc_kernel
from autofocus.lens.planes import (
    FINEST,
    PROPORTION,
    convolve_directly,
    fraction_on,
    multiply_spectra,
    plane_radii,
    reduction,
    stretch,
    tile_side,
)


@pytest.mark.parametrize("radius", [1.4, 6.0])
def test_spectra_and_the_direct_sum_convolve_alike(radius):
    content = torch.from_numpy(np.random.default_rng(0).random((23, 31, 4), dtype=np.float32))
    kernel = disc_kernel(radius, Aperture(blades=5, rotation=20.0))
    direct, spectral = (way(content, kernel) for way in (convolve_directly, multiply_spectra))
    assert torch.allclose(direct, spectral, atol=1e-5)


def test_planes_enclose_the_range_and_share_every_radius_completely():
    planes = plane_radii(-7.3, 22.0)
    assert planes[0] <= -7.3 and planes[-1] >= 22.0 and 0.0 in planes
    steps = np.diff(planes)
    assert (steps <= np.maximum(FINEST, PROPORTION * np.abs(planes[1:])) + 1e-6).all()
    radius = torch.linspace(-7.3, 22.0, 500)
    total = sum(fraction_on(radius, planes, k) for k in range(len(planes)))
    assert torch.allclose(total, torch.ones_like(total), atol=1e-5)


@pytest.mark.parametrize("largest", [0.6, 24.0, 96.0, 371.0])
def test_tiles_are_made_of_whole_cells_and_kept_small_for_a_cats_eye(largest):
    assert tile_side(largest) % (2 * reduction(largest)) == 0
    assert tile_side(largest) >= 320
    assert tile_side(largest, most=100) <= max(100, 2 * reduction(largest))


@pytest.mark.parametrize("span", [(2, 5), (-3, 4), (5, 12), (-2, 11)])
@pytest.mark.parametrize("axis", [0, 1])
def test_what_is_on_a_border_goes_on_beyond_it(axis, span):
    image = torch.rand(8, 9, 4)
    beyond = [(20, 20) if along == axis else (0, 0) for along in range(3)]
    padded = np.pad(image.numpy(), beyond, mode="edge")
    expected = padded.take(range(span[0] + 20, span[1] + 20), axis)
    assert np.array_equal(stretch(image, axis, span).numpy(), expected)
