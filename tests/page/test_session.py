"""A visitor's photo: what is made of it, and where."""

import numpy as np
import pytest
from PIL import Image

from autofocus.errors import AutoFocusError
from autofocus.page import visits
from autofocus.page.session import (
    discard,
    hand_out,
    make_scene,
    refocused,
    with_depth,
    write_depth_map,
    write_refocused,
)
from autofocus.photo import read_correction, read_photo, write_photo
from autofocus.predict import Prediction
from autofocus.render import Lens, RenderCancelled


@pytest.fixture
def made(scene, tmp_path):
    """A photo as the page keeps it; the disc in front is the subject."""
    photo, depth = scene
    write_photo(photo, tmp_path / "photo.png")
    kept = make_scene(tmp_path / "photo.png", photo, Prediction(depth, np.float32(depth > 0.7)))
    yield kept
    discard(kept)


def test_what_is_handed_out_outlives_the_scene(made):
    file = hand_out(write_depth_map(made))
    discard(made)
    assert file.is_file() and not made.folder.exists()


def test_an_inverted_map_is_the_other_way_round(made, scene, tmp_path):
    file = tmp_path / "depth.png"
    Image.fromarray(np.uint16(65535 * scene[1])).save(file)
    plain, inverted = with_depth(made, file).depth, with_depth(made, file, invert=True).depth
    np.testing.assert_allclose(plain + inverted, 1, atol=1e-4)


def test_a_correction_blurs_where_it_is_dark_and_leaves_grey_as_it_is(made, tmp_path):
    grey = np.full((96, 128), 128, np.uint8)
    grey[:, :64] = 0
    Image.fromarray(grey).save(tmp_path / "painted.png")
    painted = read_correction(tmp_path / "painted.png")
    assert painted.min() == -1 and np.all(painted[:, 64:] == 0)
    lens = Lens(focus=0.3, f_stop=2.0)
    plain, corrected = (
        read_photo(write_refocused(made, lens, ".png", correction=value)).pixels
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


def test_rendering_stops_when_the_visitor_has_left(made, monkeypatch):
    monkeypatch.setattr("autofocus.page.session.is_left", lambda: True)
    with pytest.raises(RenderCancelled):
        refocused(made, Lens(focus=0.3, f_stop=1.4))
    assert not visits.is_left()
