"""A visitor's photo, as the page keeps it."""

import numpy as np
import pytest

from autofocus.page.session import discard, make_scene
from autofocus.photo import write_photo
from autofocus.predict import Prediction


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
