"""The page, and a visitor's photo as the page keeps it."""

import numpy as np
import pytest

from autofocus.page import models
from autofocus.page.server import build_page
from autofocus.page.session import discard, make_scene
from autofocus.photo import Photo, write_photo
from autofocus.predict import Prediction
from tests.conftest import use_only


@pytest.fixture(scope="package")
def built_page(tiny_version):
    """Built once: handlers are given everything, and leave the page as it is."""
    with pytest.MonkeyPatch.context() as patched:
        use_only(tiny_version, patched)
        return build_page()


@pytest.fixture
def page(built_page, only_tiny):
    models.cached_predictor.cache_clear()
    yield built_page
    models.cached_predictor.cache_clear()


@pytest.fixture
def photo_file(scene, tmp_path):
    write_photo(scene[0], tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def predicted(scene, photo_file):
    """A scene as the page keeps it; the disc in front is the subject."""
    photo, depth = scene
    made = make_scene(photo_file, Photo(photo), Prediction(depth, np.float32(depth > 0.7)))
    yield made
    discard(made)
