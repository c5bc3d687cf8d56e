"""The page without a browser: its handlers, and how it is served."""

import shutil
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from autofocus.page import models, server
from autofocus.page.controls import F_STOPS
from autofocus.page.downloads import Downloads
from autofocus.page.events import never_empty
from autofocus.page.focusing import Focusing, focus_under
from autofocus.page.opening import NO_EXAMPLE, Opening, first_photo
from autofocus.page.session import Scene, discard, make_scene
from autofocus.page.text import GONE, note, sentence
from autofocus.page.visit import Visit
from autofocus.photo import Photo
from autofocus.predict import Prediction
from autofocus.render import Lens
from autofocus.versions import catalog


@pytest.fixture
def tab(page):
    return page.refocus


@pytest.fixture
def focusing(tab):
    return Focusing(tab)


@pytest.fixture
def opening(tab, focusing):
    return Opening(tab, focusing)


def merged(changes):
    """What a handler has changed in the end."""
    return {part: value for change in changes for part, value in change.items()}


@pytest.mark.slow
def test_nothing_is_loaded_on_import_or_when_the_page_is_built(only_tiny):
    models.cached_predictor.cache_clear()
    server.build_page()
    assert models.cached_predictor.cache_info().currsize == 0


def test_nobody_else_hears_of_a_visit(page):
    options = server.launch_options()
    assert options["allowed_paths"] == [] and not options["enable_monitoring"]
    assert not page.demo.analytics_enabled
    assert "http:" not in options["js"] and "https:" not in options["js"]


def test_a_photo_is_shown_at_once_and_then_with_everything(opening, photo_file):
    shown, facts, scene = opening.steps(Visit((str(photo_file),)), "tiny")
    assert shown[opening.page.viewer].size == [128, 96]
    assert opening.page.refocused not in shown
    assert "tiny" in facts[opening.page.facts]
    assert isinstance(scene, Scene)
    discard(scene)


def test_who_cannot_draw_the_lens_is_sent_images(opening, photo_file):
    visit = Visit(live=False)
    visit.ask(str(photo_file))
    changes = list(opening.open(visit, None, "tiny", "inferno", Lens()))
    assert changes[0][opening.page.refocused]["value"].shape == (96, 128, 3)
    everything = merged(changes)
    for picture in (opening.page.photo, opening.page.depth, opening.page.subject):
        assert everything[picture].shape == (96, 128, 3)
    discard(everything[opening.page.scene])


@pytest.mark.parametrize("name", ["missing.jpg", "folder", "empty.jpg", "text.jpg"])
def test_what_is_not_a_photo_gets_one_sentence(opening, tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no photo")
    (change,) = opening.steps(Visit((str(tmp_path / name),)), "tiny")
    assert 'role="alert"' in change[opening.page.status]


@pytest.mark.parametrize("version", [None, "other"])
def test_a_version_that_is_not_here_gets_a_sentence(opening, photo_file, version):
    *_, change = opening.steps(Visit((str(photo_file),)), version)
    assert 'role="alert"' in change[opening.page.status]


def test_damaged_weights_get_a_sentence(opening, only_tiny, photo_file, tmp_path, monkeypatch):
    shutil.copytree(only_tiny.folder, tmp_path / "versions" / "tiny")
    (tmp_path / "versions" / "tiny" / "model.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr(catalog, "BUNDLED", tmp_path / "versions")
    *_, change = opening.steps(Visit((str(photo_file),)), "tiny")
    assert "damaged" in change[opening.page.status]


def test_a_later_photo_stops_an_earlier_one(opening, photo_file):
    visit = Visit()
    visit.ask(str(photo_file))
    first = opening.open(visit, None, "tiny", "inferno", Lens())
    next(first)
    visit.ask(str(photo_file))
    assert list(first) == []


def test_opening_a_photo_discards_the_one_before(opening, predicted, photo_file):
    visit = Visit()
    visit.ask(str(photo_file))
    changes = opening.open(visit, predicted, "tiny", "inferno", Lens())
    new = merged(changes)[opening.page.scene]
    assert not predicted.folder.exists()
    assert new.full_depth().shape == new.size == new.full_saliency().shape
    discard(new)


def fill_range(depth):
    """A map of 0..1, which is taken to the letter."""
    return (depth - depth.min()) / np.ptp(depth)


@pytest.fixture
def custom(opening, predicted):
    """Uses a map (H×W in [0, 1]) as the photo's depth → what changes."""

    def use(depth, folder, invert=False):
        Image.fromarray(np.uint16(np.round(65535 * depth))).save(folder / "custom.png")
        file = str(folder / "custom.png")
        visit, lens = Visit(), Lens()
        return merged(opening.read_custom(visit, predicted, "grey", file, invert, lens))

    return use


def test_a_custom_depth_map_moves_the_focus_and_is_taken_back(
    opening, predicted, custom, scene, tmp_path
):
    tab, flipped = opening.page, fill_range(1 - scene[1])
    changes = custom(flipped, tmp_path)
    assert changes[tab.lens["focus"]] == pytest.approx(0, abs=0.01)
    assert "runs against" in changes[tab.depth_note]
    used = changes[tab.scene]
    assert np.abs(used.full_depth() - flipped).max() < 1e-4
    back = merged(opening.switch_depth(Visit(), used, "grey", "network", Lens()))
    assert back[tab.lens["focus"]] == pytest.approx(0.8, abs=0.01)
    assert np.abs(back[tab.scene].full_depth() - scene[1]).max() < 1e-4


def test_a_custom_depth_map_is_inverted_on_demand(opening, custom, scene, tmp_path):
    changes = custom(fill_range(1 - scene[1]), tmp_path, invert=True)
    assert changes[opening.page.lens["focus"]] == pytest.approx(1, abs=0.01)
    assert "runs against" not in changes[opening.page.depth_note]


def test_a_custom_depth_map_of_another_aspect_is_refused(opening, custom, tmp_path):
    change = custom(np.zeros((200, 50)), tmp_path)
    assert "aspect" in change[opening.page.status]
    assert opening.page.scene not in change


def test_a_depth_map_that_is_not_there_cannot_be_chosen(opening, predicted):
    changes = merged(opening.switch_depth(Visit(), predicted, "grey", "phone", Lens()))
    assert changes == {}


def test_the_phones_own_depth_is_offered(opening, photo_file, scene, monkeypatch):
    photo = Photo(scene[0], depth=scene[1][::2, ::2])
    monkeypatch.setattr("autofocus.page.opening.read_upload", lambda *_: photo)
    visit, tab = Visit(), opening.page
    visit.ask(str(photo_file))
    changes = merged(opening.open(visit, None, "tiny", "inferno", Lens()))
    assert [source for _, source in changes[tab.depth_source]["choices"]] == ["network", "phone"]
    assert "camera" in changes[tab.depth_note]
    opened = changes[tab.scene]
    used = merged(opening.switch_depth(Visit(), opened, "grey", "phone", Lens()))[tab.scene]
    assert np.abs(used.full_depth() - scene[1]).mean() < 0.02
    discard(opened)


def test_a_lens_that_is_overtaken_is_dropped(focusing, predicted):
    visit = Visit()
    taking = visit.take
    visit.take = lambda lens: taking(lens) and taking(None) - 1
    assert list(focusing.rest(visit, predicted, None, Lens())) == []


def test_a_drag_after_the_pointer_rested_there_changes_nothing(tab, focusing, predicted):
    visit = Visit()
    assert tab.refocused in merged(focusing.rest(visit, predicted, None, Lens(focus=0.2)))
    skipped = focusing.drag(visit, predicted, None, Lens(focus=0.2))
    assert skipped == {tab.refocused: gr.skip()}
    shown = focusing.drag(visit, predicted, None, Lens(focus=0.3))[tab.refocused]
    assert shown.shape == (96, 128, 3)


def test_a_photo_that_has_expired_is_said_to_be_gone(tab, focusing):
    for change in (
        focusing.drag(Visit(), None, None, Lens()),
        merged(focusing.rest(Visit(), None, None, Lens())),
        focusing.pick(None, None),
    ):
        assert GONE in change[tab.status]


def test_a_click_names_the_pixel_and_takes_its_depth(predicted):
    focus = focus_under(predicted, 0.5, 0.5)
    assert focus.depth == pytest.approx(0.8) and focus.reason == "picked at 64, 48"


def test_without_a_subject_the_aperture_is_narrower(opening, photo_file, scene):
    photo, depth = scene
    made = make_scene(photo_file, Photo(photo), Prediction(depth, np.zeros_like(depth)))
    stop = opening.page.lens["f_stop"]
    for chosen, expected in ((2.0, 4), (4.0, 4), (1.4, 1.4)):
        changes = merged(opening.show(Visit(), made, "grey", Lens(f_stop=chosen)))
        assert F_STOPS[changes[stop]] == expected
        assert "No clear subject" in changes[opening.page.reason]
    discard(made)


def test_with_a_subject_the_aperture_is_wide_again(opening, predicted):
    changes = merged(opening.show(Visit(), predicted, "grey", Lens(f_stop=4)))
    assert F_STOPS[changes[opening.page.lens["f_stop"]]] == 2
    assert "Focused on the subject" in changes[opening.page.reason]


@pytest.mark.parametrize("index", [-1, 999, "1", None, True, [0] * 1000])
def test_an_example_that_is_not_there_gets_a_sentence(opening, index):
    visit = Visit()
    change = opening.begin_example(SimpleNamespace(index=index), visit)
    assert NO_EXAMPLE in change[opening.page.status] and visit.sources == ()


def test_of_several_files_the_first_photo_is_opened(opening, photo_file, tmp_path):
    (tmp_path / "text.jpg").write_text("no photo")
    files = [str(tmp_path / "text.jpg"), str(photo_file)]
    assert first_photo(files) == str(photo_file)
    assert first_photo(files[:1]) == files[0]
    assert first_photo([]) is None
    changes = opening.fill_strip([*files, files[1]])
    assert changes[opening.page.photos] == [files[1]] * 2
    assert len(changes[opening.page.strip]["value"]) == 2
    assert "text.jpg" in changes[opening.page.status]


def test_a_file_of_a_photo_that_was_left_is_not_handed_over(tab, predicted, photo_file):
    visit, file = Visit(), gr.File()

    def make(scene, lens):
        visit.ask("another photo")
        return photo_file

    handle = Downloads(tab).maker(make, file)
    assert merged(handle(visit, predicted, Lens()))[file] is None


def test_a_file_is_handed_over(tab, predicted, photo_file):
    file = gr.File()
    handle = Downloads(tab).maker(lambda *_: photo_file, file)
    assert merged(handle(Visit(), predicted, Lens()))[file] == str(photo_file)


def test_unusable_versions_are_listed_with_their_reason(only_tiny, tmp_path, monkeypatch):
    folder = tmp_path / "large"
    shutil.copytree(only_tiny.folder, folder)
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config.replace('"name": "tiny"', '"name": "large"'))
    (folder / "model.safetensors").write_bytes(b"")
    monkeypatch.setenv(catalog.VERSIONS_VARIABLE, str(tmp_path))
    usable, unusable = models.version_choices()
    assert usable == [("tiny", "tiny")]
    assert len(unusable) == 1 and unusable[0].startswith("large is not available: ")


def test_asking_for_versions_anew_changes_every_selector(page, only_tiny, tmp_path, monkeypatch):
    config = (only_tiny.folder / "config.json").read_text().replace('"tiny"', '"newer"')
    shutil.copytree(only_tiny.folder, tmp_path / "newer")
    (tmp_path / "newer" / "config.json").write_text(config)
    monkeypatch.setenv(catalog.VERSIONS_VARIABLE, str(tmp_path))
    changes = page.refresh_versions()
    selectors = [page.refocus.version, page.compare.versions, *page.review.versions]
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
