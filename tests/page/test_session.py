"""A visitor's photo: what is made of it, and where."""

import errno

import numpy as np
import pytest
from PIL import Image

from autofocus.errors import AutoFocusError, PhotoError
from autofocus.page import visits
from autofocus.page.depth_maps import CUSTOM, keep_custom, keep_depth, use_depth
from autofocus.page.events import NO_ROOM, sentence_of
from autofocus.page.session import (
    NETWORK,
    discard,
    hand_out,
    make_scene,
    refocused,
    write_depth_map,
    write_refocused,
)
from autofocus.photo import Photo, read_correction, read_depth, read_photo, resize
from autofocus.predict import Prediction
from autofocus.render import Lens, RenderCancelled
from tests.conftest import filled


def test_what_is_handed_out_outlives_the_scene(predicted):
    file = hand_out(write_depth_map(predicted))
    discard(predicted)
    assert file.is_file() and not predicted.folder.exists()


def test_maps_of_a_smaller_copy_are_handed_out_at_the_photos_size(scene, photo_file):
    pixels, depth = scene
    depth = filled(depth)
    prediction = Prediction(depth, np.float32(depth > 0.7))
    made = make_scene(photo_file, Photo(pixels, full_size=(192, 256)), prediction)
    full, saliency = made.full_depth(), made.full_saliency()
    assert full.shape == saliency.shape == (192, 256)
    assert (full.min(), full.max()) == (0, 1)
    assert np.abs(resize(full, depth.shape) - depth).mean() < 0.01
    assert read_depth(write_depth_map(made)).depth.shape == (192, 256)
    discard(made)


def test_an_inverted_map_is_the_other_way_round(predicted, scene, tmp_path):
    file = tmp_path / "depth.png"
    Image.fromarray(np.uint16(65535 * scene[1])).save(file)
    depths = []
    for invert in (False, True):
        keep_custom(predicted, file, invert=invert)
        depths.append(use_depth(predicted, CUSTOM).depth)
    np.testing.assert_allclose(sum(depths), 1, atol=1e-4)


def test_a_map_of_the_visitors_leaves_the_networks_as_it_is(predicted, scene, tmp_path):
    file = tmp_path / "depth.png"
    Image.fromarray(np.uint16(65535 * (1 - scene[1]))).save(file)
    keep_custom(predicted, file)
    assert np.abs(use_depth(predicted, CUSTOM).depth - scene[1]).max() > 0.1
    np.testing.assert_allclose(use_depth(predicted, NETWORK).depth, scene[1], atol=1e-4)


def test_a_correction_blurs_where_it_is_dark_and_leaves_grey_as_it_is(predicted, tmp_path):
    grey = np.full((96, 128), 128, np.uint8)
    grey[:, :64] = 0
    Image.fromarray(grey).save(tmp_path / "painted.png")
    painted = read_correction(tmp_path / "painted.png")
    assert painted.min() == -1 and np.all(painted[:, 64:] == 0)
    lens = Lens(focus=0.3, f_stop=2.0)
    plain, corrected = (
        read_photo(write_refocused(predicted, lens, ".png", correction=value)).pixels
        for value in (None, painted)
    )
    change = np.abs(plain - corrected).mean(axis=(0, 2))
    assert change[:32].mean() > 10 * change[-32:].mean()


@pytest.mark.parametrize("kind", ["text", "colour", "jpeg", "missing"])
def test_what_is_no_correction_is_refused(tmp_path, kind):
    file = tmp_path / "painted.png"
    if kind == "text":
        file.write_text("grey")
    elif kind != "missing":
        mode, form = ("RGB", "PNG") if kind == "colour" else ("L", "JPEG")
        Image.new(mode, (8, 8)).save(file, form)
    with pytest.raises(AutoFocusError):
        read_correction(file)


def test_what_does_not_fit_on_the_disk_leaves_no_half_file(predicted, monkeypatch):
    def save(file, values):
        file.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    before = set(predicted.folder.iterdir())
    monkeypatch.setattr(np, "save", save)
    with pytest.raises(PhotoError) as caught:
        keep_depth(predicted, CUSTOM, predicted.full_depth())
    assert sentence_of(caught.value) == NO_ROOM
    assert set(predicted.folder.iterdir()) == before


def test_rendering_stops_when_the_visitor_has_left(predicted, monkeypatch):
    monkeypatch.setattr("autofocus.page.session.is_left", lambda: True)
    with pytest.raises(RenderCancelled):
        refocused(predicted, Lens(focus=0.3, f_stop=1.4))
    assert not visits.is_left()
