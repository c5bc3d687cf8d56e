"""The page without a browser: its handlers, and how it is served."""

import shutil

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from autofocus.focus import choose_focus
from autofocus.page import models, server
from autofocus.page.events import never_empty
from autofocus.page.focusing import Focusing, focus_under
from autofocus.page.opening import Opening
from autofocus.page.session import Scene, discard, make_scene
from autofocus.page.text import GONE, note, sentence
from autofocus.page.visit import Visit
from autofocus.photo import write_photo
from autofocus.predict import Prediction
from autofocus.versions import weights


@pytest.fixture
def page(only_tiny):
    models.cached_network.cache_clear()
    yield server.build_page()
    models.cached_network.cache_clear()


@pytest.fixture
def opening(page):
    return Opening(page, Focusing(page))


@pytest.fixture
def photo_file(scene, tmp_path):
    write_photo(scene[0], tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def predicted(scene, photo_file):
    """A scene as the page keeps it; the disc in front is the subject."""
    photo, depth = scene
    made = make_scene(photo_file, photo, Prediction(depth, np.float32(depth > 0.7)))
    yield made
    discard(made)


def merged(changes):
    """What a handler has changed in the end."""
    return {part: value for change in changes for part, value in change.items()}


def test_nothing_is_loaded_on_import_or_when_the_page_is_built(page):
    assert models.cached_network.cache_info().currsize == 0


def test_nobody_else_hears_of_a_visit(page):
    options = server.launch_options()
    assert options["allowed_paths"] == [] and not options["enable_monitoring"]
    assert not page.demo.analytics_enabled
    assert page.demo.delete_cache
    assert "http" not in options["js"]


def test_a_photo_is_shown_at_once_and_then_with_everything(opening, photo_file):
    shown, facts, scene = opening.steps(Visit(source=str(photo_file)), "tiny")
    assert shown[opening.page.viewer].size == [128, 96]
    assert opening.page.refocused not in shown
    assert "tiny" in facts[opening.page.facts]
    assert isinstance(scene, Scene)
    discard(scene)


def test_who_cannot_draw_the_lens_is_sent_pictures(opening, photo_file):
    visit = Visit(live=False)
    visit.ask(str(photo_file))
    changes = list(opening.open(visit, None, "tiny", 0.5, 2.0, 0, 0.5, "inferno"))
    assert changes[0][opening.page.refocused]["value"].shape == (96, 128, 3)
    everything = merged(changes)
    for picture in (opening.page.photo, opening.page.depth, opening.page.subject):
        assert everything[picture].shape == (96, 128, 3)
    discard(everything[opening.page.scene])


@pytest.mark.parametrize("name", ["missing.jpg", "folder", "empty.jpg", "text.jpg"])
def test_what_is_no_photo_gets_one_sentence(opening, tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no photo")
    (change,) = opening.steps(Visit(source=str(tmp_path / name)), "tiny")
    assert 'role="alert"' in change[opening.page.status]


@pytest.mark.parametrize("version", [None, "other"])
def test_a_version_that_is_not_here_gets_a_sentence(opening, photo_file, version):
    *_, change = opening.steps(Visit(source=str(photo_file)), version)
    assert 'role="alert"' in change[opening.page.status]


def test_damaged_weights_get_a_sentence(opening, only_tiny, photo_file, tmp_path, monkeypatch):
    shutil.copytree(only_tiny.folder, tmp_path / "versions" / "tiny")
    (tmp_path / "versions" / "tiny" / "model.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr(weights, "BUNDLED", tmp_path / "versions")
    *_, change = opening.steps(Visit(source=str(photo_file)), "tiny")
    assert "hash" in change[opening.page.status]


def test_a_later_photo_stops_an_earlier_one(opening, photo_file):
    visit = Visit()
    visit.ask(str(photo_file))
    first = opening.open(visit, None, "tiny", 0.5, 2.0, 0, 0.5, "inferno")
    next(first)
    visit.ask(str(photo_file))
    assert list(first) == []


def test_opening_a_photo_discards_the_one_before(opening, predicted, photo_file):
    visit = Visit()
    visit.ask(str(photo_file))
    changes = opening.open(visit, predicted, "tiny", 0.5, 2.0, 0, 0.5, "inferno")
    new = merged(changes)[opening.page.scene]
    assert not predicted.folder.exists()
    assert new.full_depth().shape == new.size == new.full_saliency().shape
    discard(new)


def test_an_own_depth_map_moves_the_focus(opening, predicted, scene, tmp_path):
    flipped = np.uint16(65535 * (1 - scene[1]))
    own = tmp_path / "own.png"
    Image.fromarray(flipped).save(own)
    changes = opening.replace_depth(own, Visit(), predicted, 0.5, 2.0, 0, 0.5, "grey")
    assert merged(changes)[opening.page.focus] == pytest.approx(0.2, abs=0.01)


def test_an_own_depth_map_of_another_shape_is_refused(opening, predicted, tmp_path):
    Image.new("L", (50, 200)).save(tmp_path / "own.png")
    own = tmp_path / "own.png"
    change = merged(opening.replace_depth(own, Visit(), predicted, 0.5, 2.0, 0, 0.5, "grey"))
    assert "aspect" in change[opening.page.status]
    assert opening.page.scene not in change


def test_a_picture_that_is_overtaken_is_dropped(page, predicted):
    focusing, visit = Focusing(page), Visit()
    changes = focusing.rest(visit, predicted, 0.2, 2.0, 0, 0.5)
    assert page.histogram in next(changes)
    taking = visit.take
    visit.take = lambda lens: taking(lens) and taking(None) - 1
    assert list(changes) == []


def test_a_drag_after_the_hand_rested_there_changes_nothing(page, predicted):
    focusing, visit = Focusing(page), Visit()
    assert page.refocused in merged(focusing.rest(visit, predicted, 0.2, 2.0, 0, 0.5))
    assert page.refocused not in focusing.drag(visit, predicted, 0.2, 2.0, 0, 0.5)
    assert page.refocused in focusing.drag(visit, predicted, 0.3, 2.0, 0, 0.5)


def test_a_photo_that_has_expired_is_said_to_be_gone(page):
    focusing, nothing = Focusing(page), (Visit(), None, 0.5, 2.0, 0, 0.5)
    for change in (
        focusing.drag(*nothing),
        merged(focusing.rest(*nothing)),
        focusing.back_to_default(None),
    ):
        assert GONE in change[page.status]


def test_a_click_names_the_pixel_and_takes_its_depth(predicted):
    focus = focus_under(predicted, 0.5, 0.5)
    assert focus.depth == pytest.approx(0.8) and focus.reason == "picked at 64, 48"


def test_the_default_focus_is_taken_back(page, predicted, scene):
    change = Focusing(page).back_to_default(predicted)
    assert change[page.focus] == choose_focus(scene[1], np.float32(scene[1] > 0.7)).depth


def test_unusable_versions_are_listed_with_their_reason(only_tiny, tmp_path, monkeypatch):
    folder = tmp_path / "large"
    shutil.copytree(only_tiny.folder, folder)
    config = (folder / "config.json").read_text()
    config = config.replace('"name": "tiny"', '"name": "large", "backbone": {"repo": "a/b"}')
    (folder / "config.json").write_text(config)
    monkeypatch.setenv(weights.VERSIONS_VARIABLE, str(tmp_path))
    monkeypatch.delenv(weights.BACKBONE_VARIABLE, raising=False)
    usable, unusable = models.version_choices()
    assert usable == [("tiny", "tiny")]
    assert len(unusable) == 1 and unusable[0].startswith("large is not available: ")


def test_asking_for_versions_anew_changes_every_selector(page, only_tiny, tmp_path, monkeypatch):
    opening = Opening(page, Focusing(page))
    config = (only_tiny.folder / "config.json").read_text().replace('"tiny"', '"newer"')
    shutil.copytree(only_tiny.folder, tmp_path / "newer")
    (tmp_path / "newer" / "config.json").write_text(config)
    monkeypatch.setenv(weights.VERSIONS_VARIABLE, str(tmp_path))
    changes = opening.refresh()
    selectors = [page.version, page.comparing.versions, *page.reviewing.versions]
    assert len(selectors) == 4
    for selector in selectors:
        assert [name for _, name in changes[selector]["choices"]] == ["tiny", "newer"]


def test_words_are_safe_and_whole():
    assert "<b>" not in note("<b>", "error")
    assert sentence("picked at 1, 2") == "Picked at 1, 2."


def test_a_handler_that_changes_nothing_says_so():
    def changing(values):
        yield from values

    assert list(never_empty(changing)([])) == [gr.skip()]
    assert list(never_empty(changing)([{"a": 1}, {"b": 2}])) == [{"a": 1}, {"b": 2}]
