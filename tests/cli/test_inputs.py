import io
import os
from types import SimpleNamespace

import pytest

from autofocus.cli.inputs import Source, Target, expand, find_target
from autofocus.cli.main import spread
from autofocus.errors import PhotoError, RequestError


@pytest.fixture
def folder(tmp_path):
    for name in ("b.JPG", "a.png", ".hidden.png", "notes.txt", "sub/c.webp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(*given):
    """What names stand for."""
    return [source.name for source in expand([str(name) for name in given])]


def test_a_folder_stands_for_its_photos_in_order(folder):
    assert names(folder) == [f"{folder}/a.png", f"{folder}/b.JPG"]


def test_wildcards_that_the_shell_left_alone(folder):
    assert names(folder / "*.png") == [f"{folder}/a.png"]
    assert names(folder / "**" / "*.webp") == [f"{folder}/sub/c.webp"]
    (folder / "[a].png").touch()
    assert names(folder / "[a].png") == [f"{folder}/[a].png"]


def test_what_stands_for_nothing_is_kept_so_that_reading_it_says_why(folder):
    assert names(folder / "*.gif", "missing.jpg") == [f"{folder}/*.gif", "missing.jpg"]
    (folder / "empty").mkdir()
    (source,) = expand([f"{folder}/empty"])
    with pytest.raises(PhotoError, match="folder"):
        source.read()


def test_a_folder_that_may_not_be_read_gets_a_sentence(folder, monkeypatch):
    def refuse(path, enough=None):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    assert names(folder) == [str(folder)]
    monkeypatch.setattr("autofocus.cli.inputs.read_photo", refuse)
    with pytest.raises(PhotoError, match="Permission denied"):
        Source("locked/a.jpg").read()


def test_standard_input_keeps_its_format(monkeypatch):
    for data, suffix in ((b"\x89PNG\r", ".png"), (b"RIFF", ".webp"), (b"\xff\xd8", ".jpg")):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
        (source,) = expand(["-"])
        assert (source.data, source.stem, source.suffix) == (data, "photo", suffix)


def test_results_in_a_folder_keep_their_names_and_take_none(folder):
    target = find_target(f"{folder}/new/", [Source("x/a.heic"), Source("y/a.png")])
    assert target.path_for(Source("x/a.heic")) == folder / "new" / "a.jpg"
    assert find_target(str(folder), [Source("x/a.png")]).path_for(Source("x/a.png")) == (
        folder / "a-2.png"
    )
    replacing = find_target(str(folder), [Source("x/a.png")], overwrite=True)
    assert replacing.path_for(Source("x/a.png")) == folder / "a.png"


def test_standard_output_is_for_one_photo_and_no_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: False))
    assert find_target("-", [Source("a.png")]) == Target()
    with pytest.raises(RequestError, match="folder"):
        find_target("-", [Source("a.png"), Source("b.png")])
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(RequestError, match="terminal"):
        find_target("-", [Source("a.png")])


def test_one_option_takes_several_values():
    assert spread(["p", "--versions", "a", "b", "--output", "x", "q"]) == [
        "p", "--versions", "a", "--versions", "b", "--output", "x", "q",
    ]  # fmt: skip
    assert spread(["--versions", "a", "--versions", "b"]) == spread(["--versions", "a", "b"])
