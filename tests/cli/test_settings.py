import json
import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofocus.batch.refocusing import PHONE, Refocusing
from autofocus.batch.settings import read_settings
from autofocus.batch.values import LENS
from autofocus.cli.arguments import LENS_PARAMETERS
from autofocus.cli.settings import fill
from autofocus.errors import SettingsError
from autofocus.photo import read_photo, write_depth, write_photo
from autofocus.render import Lens
from tests.cli.test_commands import run


def written(folder, settings):
    """A settings file."""
    file = folder / "s.json"
    file.write_text(settings if isinstance(settings, str) else json.dumps(settings), "utf-8")
    return file


def test_every_field_of_the_lens_is_an_option_and_a_setting(tmp_path):
    names = {field.name for field in fields(Lens)} - {"focus"}
    assert {one.name for one in LENS_PARAMETERS} == set(LENS) == names | {"aperture"}
    chosen = {name: LENS[name]("0") if name != "f_stop" else 1.4 for name in names}
    assert read_settings(written(tmp_path, chosen)).lens == chosen


def test_settings_of_the_page_give_the_same_image(scene, tmp_path):
    photo = tmp_path / "scene.png"
    write_photo(scene[0], photo)
    write_depth(1 - scene[1], tmp_path / "own.png")
    painted = Image.new("L", (64, 48), 128)
    painted.paste(255, (0, 24, 64, 48))
    painted.save(tmp_path / "painted.png")
    files = {"depth": "own.png", "correction": "painted.png", "invert": True}
    chosen = {"focus": 0.2, "range": 0.1, "f_stop": 1.4, "aperture": 0.5, "blades": 6}
    settings = written(tmp_path, chosen | files | {"highlights": 0.3, "reason": "…"})
    options = ("--focus", 0.2, "--range", 0.1, "--f-stop", 1.4, "--blades", 6, "--highlights", 0.3)
    options += ("--depth", tmp_path / "own.png", "--correction", tmp_path / "painted.png")
    images = []
    for arguments in (
        ("--settings", settings),
        (*options, "--invert"),
        ("--settings", settings, "--f-stop", 8),
    ):
        assert run("refocus", photo, "--output", tmp_path / "x.png", *arguments) == 0
        images.append(read_photo(tmp_path / "x.png").pixels)
    assert np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_options_go_before_settings_and_a_range_belongs_to_its_focus(tmp_path):
    file = written(tmp_path, {"focus": 0.2, "range": 0.1, "blades": 6, "version": "a"})
    given = Refocusing(lens={"blades": 0})
    assert fill(given, file) == Refocusing(0.2, {"focus_range": 0.1, "blades": 0}, version="a")
    given = Refocusing(0.0, {}, version="b")
    assert fill(given, file) == Refocusing(0.0, {"blades": 6}, version="b")
    given = Refocusing(0.0, {"focus_range": 0.3})
    assert fill(given, file).lens["focus_range"] == 0.3
    assert fill(given, None) is given


def test_maps_lie_beside_the_settings_or_in_the_photo(tmp_path):
    settings = read_settings(written(tmp_path, {"depth": "a.exr", "correction": "b.png"}))
    assert (settings.depth, settings.correction) == (tmp_path / "a.exr", tmp_path / "b.png")
    assert read_settings(written(tmp_path, {"depth": "phone"})).depth == PHONE == Path("phone")
    assert read_settings(written(tmp_path, {"depth": "network"})).depth is None


def test_what_sets_nothing_is_said(tmp_path, capsys):
    chosen = {"colour": 1, "reason": "…", "photo": "a.jpg", "blades": None}
    fill(Refocusing(), written(tmp_path, chosen))
    assert (
        capsys.readouterr().err == f"{tmp_path}/s.json: 'colour' is not a setting and is ignored.\n"
    )


def test_a_byte_order_mark_is_no_harm_and_no_aperture_is_a_pinhole(tmp_path):
    file = written(tmp_path, '\ufeff{"aperture": 0, "focus": "12,34"}')
    assert read_settings(file) == Refocusing((12, 34), {"f_stop": math.inf})


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("no", "settings file"),
        ("[1]", "names with values"),
        ("[" * 100_000, "settings file"),
        ('{"a":' * 100_000, "settings file"),
        ('{"focus": 3}', "focus: 3 is not"),
        ('{"focus": NaN}', "focus: nan is not"),
        ('{"range": NaN}', "focus_range: 'nan' is not a finite number"),
        ('{"f_stop": 1e-300}', "f_stop: 1e-300 is not an f-stop"),
        ('{"f_stop": true}', "f_stop: true is not a number"),
        ('{"f_stop": [1]}', "f_stop: [1] is not a number"),
        ('{"blades": 4}', "blades: '4' is neither"),
        ('{"cats_eye": 2}', "cats_eye: 2 is not between"),
        ('{"spherical": 1e400}', "spherical: 'inf' is not a finite"),
        ('{"aperture": -1}', "aperture: -1 is negative"),
    ],
)
def test_settings_that_mean_nothing_get_a_sentence(tmp_path, text, word):
    with pytest.raises(SettingsError, match="s.json: ") as caught:
        read_settings(written(tmp_path, text))
    assert word in str(caught.value) and "\n" not in str(caught.value)


def test_settings_that_are_missing_are_said_before_the_photo_is_read(tmp_path, capsys):
    arguments = ("--output", tmp_path / "x.png", "--settings", tmp_path / "none.json")
    assert run("refocus", tmp_path / "no.png", *arguments) == 1
    assert "none.json: This is not a settings file" in capsys.readouterr().err
