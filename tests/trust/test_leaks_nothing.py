"""Every file of a visit goes: on leaving, with age, when the server stops or is killed."""

import signal

import pytest

from autofocus.page.visits import SERVER
from tests.trust.serving import Served, Visitor, given, serving, until


def servers_in(folder):
    """The folders that servers have made."""
    return list(folder.glob(f"{SERVER}*"))


def test_a_visitor_who_leaves_leaves_nothing(server, photo):
    before = set(server.files())
    visitor = Visitor(server, "leaving")
    messages = visitor.open(server.upload(photo))
    assert messages[-2]["success"] and len(set(server.files()) - before) > 3
    visitor.leave()
    assert until(lambda: not set(server.files()) - before, 20), set(server.files()) - before


def test_whose_page_comes_back_at_once_keeps_the_photo(server, photo):
    visitor = Visitor(server, "reloading")
    visitor.open(server.upload(photo))
    kept = set(server.files())
    visitor.leave()
    back = Visitor(server, "reloading")
    assert not until(lambda: not kept & set(server.files()), 7)
    back.leave()


def test_a_program_can_fetch_what_it_asked_for(server, photo):
    depth, saliency, facts = server.call("predict", given(server.upload(photo)), None)
    for file in (depth, saliency):
        assert server.get(f"/gradio_api/file={file['path']}").body.startswith(b"\x89PNG")


@pytest.fixture
def short(tmp_path, tiny_versions):
    """A server that keeps nothing longer than some seconds."""
    with serving(tmp_path, tiny_versions, AUTOFOCUS_KEPT="20") as running:
        yield running


def test_nothing_is_kept_longer_than_is_said(short, photo):
    visitor = Visitor(short, "staying")
    visitor.open(short.upload(photo))
    short.call("predict", given(short.upload(photo)), None)
    assert short.files()
    assert until(lambda: not short.files(), 60), short.files()
    visitor.leave()
    assert short.stop(signal.SIGTERM) == 0
    assert not servers_in(short.folder)
    assert "Traceback" not in short.said()


def test_a_killed_server_is_cleared_away_by_the_next(tmp_path, tiny_versions, photo):
    with serving(tmp_path, tiny_versions) as living, serving_beside(living, tiny_versions) as dead:
        living.upload(photo)
        dead.upload(photo)
        assert len(servers_in(living.folder)) == 2
        dead.stop(signal.SIGKILL)
        with serving_beside(living, tiny_versions):
            assert len(servers_in(living.folder)) == 2
            assert len(living.files()) == 1  # the living one's are still there


def serving_beside(other, versions):
    """A server that shares the folder of another."""
    return serving(other.folder.parent, versions)


def test_a_server_that_is_told_to_stop_does_so_in_ten_seconds(tmp_path, tiny_versions, photo):
    served = Served(tmp_path, tiny_versions).wait()
    visitor = Visitor(served, "unlucky")
    visitor.open(served.upload(photo))
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=10) == 0
    visitor.leave()
    assert "deleted" in served.said() and not servers_in(served.folder)
