import numpy as np
import torch

from autofocus.lens.layers import deepest_level, find_backdrop, hidden, unmix

SIZE = (64, 96)


def test_colours_at_a_discontinuity_are_the_photos_even_where_the_edges_differ():
    light = torch.from_numpy(np.random.default_rng(3).random((*SIZE, 3), dtype=np.float32)).movedim(
        -1, 0
    )
    depth = torch.from_numpy(
        np.where(np.arange(SIZE[1]) % 24 < 9, np.full(SIZE, 0.8, np.float32), np.float32(0.2))
    )
    front, back = unmix(light, depth)
    mixed = (back.alpha > 0).numpy()
    assert mixed.any()
    for layer in (front, back):
        colours = layer.light.numpy()[:, mixed]
        assert colours.min() >= light.min()
        assert colours.max() <= light.max()


def test_a_backdrop_of_the_whole_photo_fills_as_the_photo_itself_does():
    rng = np.random.default_rng(0)
    light = torch.from_numpy(rng.random((3, 192, 256), dtype=np.float32))
    depth = torch.full((192, 256), 0.1)
    depth[40:160, 60:200] = 0.9
    radius = 60.0
    assert deepest_level(radius) > 5
    bands = [(light[:, rows], depth[rows]) for rows in (slice(0, 64), slice(64, 192))]
    backdrop = find_backdrop(bands, radius)
    whole = hidden(torch.cat([light, depth[None]]), radius)
    part = torch.cat([light, depth[None]])[:, 64:, 32:]
    filled = hidden(part, radius, backdrop.at(64, 32))
    inner = slice(16, -8), slice(16, -8)
    expected = whole.light[:, 64:, 32:]
    assert torch.allclose(filled.light[:, *inner], expected[:, *inner], atol=1e-5)
    assert filled.alpha[32, 96] == 1  # deep under the near surface
