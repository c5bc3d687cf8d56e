"""Who looks after the visits goes on looking, whatever happens in the folders meanwhile."""

import os

import pytest

from autofocus.page import visits
from autofocus.page.limits import limits
from tests.trust.serving import until


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The visits of a server, which are looked at often."""
    monkeypatch.setattr(visits.tempfile, "tempdir", None)
    monkeypatch.setattr(visits, "TICK", 0.01)
    here = visits.Visits(tmp_path, limits())
    yield here
    here.stop()


def test_a_folder_that_goes_while_it_is_counted_is_left_out(tmp_path, monkeypatch):
    for name in ("going", "staying"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x")
    scan = os.scandir

    def scan_late(path):
        if str(path).endswith("going"):
            remove(path)
        return scan(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scan_late)
        found = visits.files_of(tmp_path)
    assert [file.parent.name for _, _, file in found] == ["staying"]


def remove(folder):
    """Without a look into it."""
    if os.path.exists(folder):
        os.unlink(os.path.join(folder, "file"))
        os.rmdir(folder)


def test_one_look_that_fails_is_not_the_last(kept, monkeypatch, capsys):
    looks = []

    def look():
        looks.append(1)
        if len(looks) == 1:
            raise OSError("a folder that went")

    monkeypatch.setattr(kept, "look", look)
    kept.start()
    assert until(lambda: len(looks) > 3, 30)
    assert "a folder that went" in capsys.readouterr().err
