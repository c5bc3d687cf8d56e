"""Servers and visitors for the tests."""

import secrets

import pytest
import skimage.data
from PIL import Image

from tests.trust.serving import Visitor, serving


@pytest.fixture(scope="session")
def tiny_versions(tiny_version):
    return tiny_version.folder.parent


@pytest.fixture(scope="session")
def server(tmp_path_factory, tiny_versions):
    """One for all tests that leave it as it is; nothing of theirs is a trace in its log."""
    with serving(tmp_path_factory.mktemp("server"), tiny_versions) as running:
        yield running
        assert "Traceback" not in running.said(), running.said()


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    """A small photo."""
    file = tmp_path_factory.mktemp("photo") / "coffee.png"
    Image.fromarray(skimage.data.coffee()).resize((300, 200)).save(file)
    return file


@pytest.fixture
def visitor(server):
    """Somebody with the page open."""
    here = Visitor(server, f"visitor-{secrets.token_hex(6)}")
    yield here
    here.leave()
