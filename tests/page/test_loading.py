"""Settings that the page has handed out make the same picture again."""

import json

import cv2
import numpy as np
import pytest

from autofocus.errors import AutoFocusError
from autofocus.page import depth_maps
from autofocus.page.controls import CONTROLS
from autofocus.page.correction import encode_correction, read_painted
from autofocus.page.downloads import make_photo, make_settings
from autofocus.page.focusing import Focusing
from autofocus.page.loading import NO_DEPTH, NO_PNG, ONE_FILE, Loading
from autofocus.page.opening import Opening
from autofocus.page.refocus_tab import RefocusTab
from autofocus.page.session import discard, make_scene
from autofocus.page.visit import Visit
from autofocus.photo import Photo, read_photo, write_photo
from autofocus.predict import Prediction
from autofocus.render import Lens
from autofocus.viewer import ViewerData

LENS = Lens(focus=0.31, focus_range=0.12, f_stop=1.4, blades=6, cats_eye=0.5, spherical=-0.25)


@pytest.fixture
def opened(scene, tmp_path):
    photo, depth = scene
    write_photo(photo, tmp_path / "photo.png")
    prediction = Prediction(depth, np.float32(depth > 0.7))
    made = make_scene(tmp_path / "photo.png", Photo(photo), prediction)
    yield made
    discard(made)


@pytest.fixture
def loading():
    import gradio as gr

    with gr.Blocks():
        tab = RefocusTab()
        tab.lay_out()
    return Loading(tab, Opening(tab, Focusing(tab)))


def load(loading, scene, files, *, live=True, version="tiny"):
    """What loading these files has changed."""
    visit = Visit(live=live)
    changes = {}
    for change in loading.load(visit, scene, None, version, [str(f) for f in files], Lens()):
        changes |= change
    return changes


def stroke(scene):
    """A correction that is not the same everywhere."""
    painted = np.zeros(scene.depth.shape, np.float32)
    painted[10:40, 20:60], painted[50:70, 30:90] = 1, -0.5
    return painted


def lens_on_page(loading, changes):
    """What the controls say."""
    values = {c.field: changes[loading.page.lens[c.field]] for c in CONTROLS}
    return Lens(**{c.field: c.to_lens(values[c.field]) for c in CONTROLS})


def test_the_same_image_is_made_again(loading, opened):
    painted = encode_correction(stroke(opened))
    before = read_photo(make_photo(opened, "PNG", painted, LENS)).pixels
    files = make_settings(opened, "tiny", painted, LENS)
    changes = load(loading, opened, files)
    lens = lens_on_page(loading, changes)
    assert lens == LENS
    assert np.array_equal(read_painted(changes[loading.page.correction]), read_painted(painted))
    after = make_photo(opened, "PNG", changes[loading.page.correction], lens)
    assert np.array_equal(before, read_photo(after).pixels)
    assert "The settings are loaded." in changes[loading.page.status]
    assert "settings" in changes[loading.page.reason]


def test_the_viewer_is_given_lens_and_correction_as_another_photo(loading, opened):
    painted = stroke(opened)
    first = load(loading, opened, make_settings(opened, "tiny", encode_correction(painted), LENS))
    data = first[loading.page.viewer]
    assert isinstance(data, ViewerData) and data == first[loading.page.live]
    assert (data.focus, data.f_stop, data.spherical) == (0.31, 1.4, -0.25)
    shown = np.fromfile(data.correction.path, np.uint8).reshape(opened.depth.shape)
    assert np.array_equal(shown > 128, painted > 0) and np.array_equal(shown < 128, painted < 0)
    without = load(loading, opened, [make_settings(opened, "tiny", None, LENS)])
    assert without[loading.page.viewer].correction is None
    assert without[loading.page.correction] is None
    assert without[loading.page.viewer].run != data.run


def test_where_the_server_draws_the_correction_is_seen_too(loading, opened):
    flat = np.ones(opened.depth.shape, np.float32)  # all of it sharp
    files = make_settings(opened, "tiny", encode_correction(flat), LENS)
    shown = load(loading, opened, files, live=False)[loading.page.refocused]["value"]
    assert np.abs(shown / 255.0 - opened.photo).max() < 0.01


def test_a_correction_of_another_size_is_fitted_and_of_another_shape_refused(
    loading, opened, tmp_path
):
    settings, _ = make_settings(opened, "tiny", encode_correction(stroke(opened)), LENS)
    for name, shape in (("half.png", (48, 64)), ("square.png", (64, 64))):
        cv2.imwrite(str(tmp_path / name), np.full(shape, 255, np.uint8))
    changes = load(loading, opened, [settings, tmp_path / "half.png"])
    assert read_painted(changes[loading.page.correction]).shape == opened.depth.shape
    with pytest.raises(AutoFocusError, match="64×64, which is another aspect"):
        load(loading, opened, [settings, tmp_path / "square.png"])


def test_what_cannot_be_loaded_gets_a_sentence(loading, opened, tmp_path):
    settings, png = make_settings(opened, "tiny", encode_correction(stroke(opened)), LENS)
    broken, grey = tmp_path / "broken.json", tmp_path / "phone.json"
    broken.write_text('{"f_stop": "wide"}')
    grey.write_text('{"depth": "phone"}')
    for files, says in (
        ([], ONE_FILE),
        ([png], ONE_FILE),
        ([settings, settings], ONE_FILE),
        ([settings], NO_PNG),
        ([broken], "broken.json: f_stop: 'wide' is not a number."),
        ([grey], NO_DEPTH),
    ):
        with pytest.raises(AutoFocusError) as caught:
            load(loading, opened, files)
        assert str(caught.value) == says


def test_what_the_page_lacks_is_named(loading, opened, tmp_path):
    chosen = {"f_stop": 0.9, "rotation": 30, "version": "another"}
    (tmp_path / "s.json").write_text(json.dumps(chosen))
    changes = load(loading, opened, [tmp_path / "s.json"])
    assert lens_on_page(loading, changes).f_stop == 1.4
    assert "f stop, rotation" in changes[loading.page.status]
    assert "version another" in changes[loading.page.status]
    assert lens_on_page(loading, changes).focus == pytest.approx(opened.focus.depth)  # auto


def test_the_photos_own_depth_is_used_again(loading, opened):
    depth_maps.keep_depth(opened, depth_maps.PHONE, 1 - opened.full_depth())
    by_phone = depth_maps.use_depth(opened, depth_maps.PHONE)
    by_network = [make_settings(opened, "tiny", None, LENS)]
    back = load(loading, by_phone, by_network)[loading.page.scene]
    assert back.depth_source == depth_maps.NETWORK
    again = load(loading, opened, [make_settings(by_phone, "tiny", None, LENS)])
    assert again[loading.page.scene].depth_source == depth_maps.PHONE
