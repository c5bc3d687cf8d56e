import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from autofocus.files.colour import srgb_to_linear
from autofocus.files.hdr import linear_to_srgb
from autofocus.photo import read_photo, through_lens, write_photo
from tests.files.pictures import colours, levels, saved, tiff, words


def soft_alpha():
    """H×W in [0, 1]: clear on the left, hidden on the right."""
    return np.linspace(0, 1.2, 64, dtype=np.float32)[None].repeat(48, axis=0).clip(0, 1)


def blur(pixels):
    """A lens: the mean of linear light."""
    light = gaussian_filter(srgb_to_linear(pixels), (2, 2, 0))
    return linear_to_srgb(light.clip(0, 1)).astype(np.float32)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
@pytest.mark.parametrize("deep", [False, True])
def test_transparency_stays_where_the_format_has_it(tmp_path, suffix, deep):
    pixels, alpha = colours(), soft_alpha()
    stored = np.dstack([pixels, alpha])
    if deep:
        data = tiff(words(stored), photometric="rgb", extrasamples=["unassalpha"])
    else:
        data = saved(Image.fromarray(levels(stored)), "PNG")
    photo = read_photo(data)
    write_photo(photo.pixels, tmp_path / f"photo{suffix}", photo)
    again = read_photo(tmp_path / f"photo{suffix}")
    assert np.abs(again.alpha - alpha).max() < 0.01
    assert np.abs(again.pixels - photo.pixels).mean() < 0.005


def test_jpeg_lies_over_white(tmp_path):
    photo = read_photo(saved(Image.fromarray(levels(np.dstack([colours(), soft_alpha()]))), "PNG"))
    write_photo(photo.pixels, tmp_path / "photo.jpg", photo)
    again = read_photo(tmp_path / "photo.jpg")
    assert again.alpha is None
    assert again.pixels[:, :2].min() > 0.97


def test_a_lens_lets_no_background_shine_in():
    cut = np.zeros((48, 64, 4), np.uint8)
    cut[12:36, 16:48] = (20, 40, 60, 255)  # dark, on nothing
    photo = read_photo(saved(Image.fromarray(cut), "PNG"))
    blurred = through_lens(photo, blur)
    soft = (blurred.alpha > 0.05) & (blurred.alpha < 0.95)
    assert soft.sum() > 200
    cover = blurred.alpha[..., None]
    straight = (blurred.pixels - (1 - cover)) / np.maximum(cover, 1e-3)
    assert np.abs(straight[soft] * 255 - (20, 40, 60)).max() < 3
    assert (blurred.pixels[:4] == 1).all()


def test_a_lens_that_does_nothing_changes_nothing():
    photo = read_photo(saved(Image.fromarray(levels(np.dstack([colours(), soft_alpha()]))), "PNG"))
    same = through_lens(photo, lambda pixels: pixels)
    assert np.abs(same.pixels - photo.pixels).max() < 0.005
    assert np.abs(same.alpha - photo.alpha).max() < 0.005
    plain = read_photo(saved(Image.fromarray(levels(colours())), "PNG"))
    assert np.array_equal(through_lens(plain, blur).pixels, blur(plain.pixels))


def test_alpha_that_hides_nothing_is_none():
    opaque = np.dstack([colours(), np.ones((48, 64))])
    assert read_photo(saved(Image.fromarray(levels(opaque)), "PNG")).alpha is None
    grey = Image.fromarray(levels(soft_alpha())).convert("LA")
    assert read_photo(saved(grey, "PNG")).alpha is None
