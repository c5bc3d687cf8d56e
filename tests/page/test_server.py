"""How the page is served: where, within which limits, and from which folder."""

import socket
import time

import pytest

from autofocus.errors import BusyError, RequestError
from autofocus.page import limits as module
from autofocus.page import server, visits
from autofocus.page.limits import Limits
from autofocus.page.visits import SERVER, UPLOADS, Visits


def allowing(**changed):
    """Limits for tests."""
    plain = {"kept": 3600, "megapixels": 64, "visitors": 3, "queue": 9, "waiting": 9, "uploads": 9}
    return Limits(**plain | {"disk": 10**9, "frame_ancestors": "'self'"} | changed)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The visits of one server."""
    monkeypatch.setattr("tempfile.tempdir", None)
    made = Visits(tmp_path, allowing())
    yield made
    made.stop()


@pytest.fixture
def environment(monkeypatch):
    """Sets variables, and has the limits read anew."""
    yield monkeypatch.setenv
    module.limits.cache_clear()


@pytest.mark.parametrize("port", ["0", "x", "70000", "-1", "7860.0", "٣"])
def test_a_port_that_is_none_is_said_to_be(monkeypatch, port):
    monkeypatch.setenv("GRADIO_SERVER_PORT", port)
    with pytest.raises(RequestError, match="not a port"):
        server.address()


def test_a_port_that_is_taken_is_named(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("GRADIO_SERVER_PORT", str(port))
        with pytest.raises(RequestError, match=f"Port {port}"):
            server.address()
    assert server.address() == ("127.0.0.1", port)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("AUTOFOCUS_KEPT", "7200"),
        ("AUTOFOCUS_KEPT", "0"),
        ("AUTOFOCUS_MAX_MEGAPIXELS", "many"),
        ("AUTOFOCUS_MAX_VISITORS", "-1"),
        ("AUTOFOCUS_FRAME_ANCESTORS", "'self'; script-src *"),
        ("AUTOFOCUS_FRAME_ANCESTORS", "a\nb"),
    ],
)
def test_a_limit_that_means_nothing_is_named(environment, variable, text):
    module.limits.cache_clear()
    environment(variable, text)
    with pytest.raises(RequestError, match=variable):
        module.limits()


def test_a_space_may_be_framed_by_the_hub(environment):
    module.limits.cache_clear()
    assert module.limits().frame_ancestors == "'self'"
    module.limits.cache_clear()
    environment("SPACE_ID", "a/b")
    assert "https://huggingface.co" in module.limits().frame_ancestors


def test_a_visit_has_a_folder_until_it_is_over(here, monkeypatch):
    monkeypatch.setattr(visits, "GRACE", 0.0)
    with here.page_open("a"):
        folder = here.of("a").folder
        here.look()
        assert folder.is_dir()
    time.sleep(0.01)
    here.look()
    assert not folder.exists() and not here.visitors


def test_what_is_made_lies_in_the_folder_of_the_visit(here):
    with here.working("a", lambda: True):
        assert visits.new_folder().parent == here.of("a").folder == visits.folder()
    assert visits.folder() is None


def test_an_upload_goes_with_the_visit_that_took_it(here):
    upload = here.root / UPLOADS / "x" / "photo.jpg"
    upload.parent.mkdir()
    upload.touch()
    with here.working("a", lambda: True):
        visits.own(upload)
    here.end("a")
    assert not upload.exists()


def test_work_knows_when_nobody_waits_for_it(here):
    with here.working("a", lambda: True):
        assert not visits.is_left()
        here.of("a").left.set()
        assert visits.is_left()
    with here.working("b", lambda: False), pytest.raises(visits.LeftError):
        visits.go_on()
    visits.go_on()


def test_a_page_takes_the_place_of_a_program_but_not_of_a_page(here):
    for name in ("a", "b"):
        here.of(name).page = True
    here.of("program")
    here.of("c").page = True
    assert set(here.visitors) == {"a", "b", "c"}
    with pytest.raises(BusyError, match="Many people"):
        here.of("d")


def test_old_files_go_and_young_ones_are_counted(here):
    old, young = (here.of("a").folder / name / "x" for name in ("old", "young"))
    for file in (old, young):
        file.parent.mkdir()
        file.write_bytes(bytes(100))
    import os

    os.utime(old, (0, 0))
    here.delete_old()
    assert not old.parent.exists() and young.exists() and here.used == 100


def test_a_visit_that_makes_ever_more_images_keeps_the_last(here, monkeypatch):
    monkeypatch.setattr(visits, "VISIT_DISK", 250)
    monkeypatch.setattr(visits, "FRESH", -1.0)
    folder = here.of("a").folder
    for number in range(5):
        file = folder / str(number) / "image.png"
        file.parent.mkdir()
        file.write_bytes(bytes(100))
        time.sleep(0.01)
    here.delete_old()
    assert sorted(each.name for each in folder.iterdir()) == ["3", "4"]


def test_full_is_full(tmp_path, here):
    here.used = here.limits.disk + 1
    with pytest.raises(BusyError, match="no room"), here.working("a", lambda: True):
        pass


def test_the_folders_of_dead_servers_go_and_those_of_living_ones_stay(here):
    dead = here.root.parent / f"{SERVER}dead"
    (dead / "visits").mkdir(parents=True)
    other = Visits(here.root.parent, allowing())
    assert not dead.exists() and here.root.exists()
    other.stop()
    assert here.root.exists() and not other.root.exists()
