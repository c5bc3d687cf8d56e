import numpy as np
import pytest

from autofocus.lens.highlights import expand_highlights


@pytest.fixture
def night():
    """Linear light, 90×120, dark, with clipped highlights of several sizes and colours."""
    light = np.full((90, 120, 3), 0.05, np.float32)
    for number, (row, column) in enumerate([(10, 10), (29, 60), (45, 100), (70, 30)]):
        colour = np.roll(np.float32([6, 3, 1]), number)
        light[row : row + 3 + number, column : column + 4] = colour
        light[row - 1, column : column + 4] = 0.3 * colour + 0.035
    return light.clip(0, 1)


def test_bands_of_rows_give_what_the_whole_photo_gives(night, monkeypatch):
    whole = expand_highlights(night, 1.0)
    assert whole.max() > 2
    monkeypatch.setattr("autofocus.lens.highlights.BAND_PIXELS", 30 * night.shape[1])
    assert np.array_equal(expand_highlights(night, 1.0), whole)


def test_only_clipped_pixels_change_by_the_strength_and_never_get_darker(night):
    full, half, none = (expand_highlights(night, strength) for strength in (1.0, 0.5, 0.0))
    unclipped = (night < 0.965).all(axis=2)
    assert np.array_equal(full[unclipped], night[unclipped])
    assert np.array_equal(none, night)
    assert (full >= night).all()
    assert np.allclose(half - night, (full - night) / 2, atol=1e-5)
