"""One photo refocused: what is held of it meanwhile."""

import tracemalloc

import numpy as np
import pytest

from autofocus.batch import refocusing
from autofocus.batch.refocusing import Refocusing, refocus_photo
from autofocus.photo import Photo
from autofocus.predict import Prediction

SIZE = (900, 1200)


def predict(pixels):
    return Prediction(*(np.full(pixels.shape[:2], 0.5, np.float32) for _ in range(2)))


@pytest.mark.parametrize("bits", [8, 16])
def test_the_lens_works_without_the_photo_in_floats(monkeypatch, bits):
    held = []

    def render(pixels, depth, lens, **options):
        held.append(tracemalloc.get_traced_memory()[0])
        return pixels

    monkeypatch.setattr(refocusing, "render", render)
    tracemalloc.start()
    result, _ = refocus_photo(
        lambda enough=None: Photo(np.zeros((*SIZE, 3), np.float32), bits=bits),
        Refocusing(focus=0.5),
        lambda: predict,
    )
    tracemalloc.stop()
    floats = 4 * 3 * SIZE[0] * SIZE[1]
    assert result.pixels.nbytes == floats * bits // 32
    assert held[0] < 0.9 * floats  # the pixels as bytes or words, and the depth


def test_a_large_photo_is_seen_in_a_copy_and_photographed_whole():
    whole = Photo(np.zeros((60, 80, 3), np.float32))
    copy = Photo(whole.pixels[::2, ::2], full_size=(60, 80))
    seen = []

    def see(pixels):
        seen.append(pixels.shape)
        return predict(pixels)

    result, focus = refocus_photo(
        lambda enough=None: copy if enough else whole, Refocusing(), lambda: see
    )
    assert seen == [(30, 40, 3)]
    assert result.pixels.shape == (60, 80, 3) and focus.depth == 0.5
