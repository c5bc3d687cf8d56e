"""What a visitor paints, on its way into the downloads."""

import base64
import json

import cv2
import numpy as np
import pytest

from autofocus.errors import RequestError
from autofocus.page.correction import PREFIX, png_of
from autofocus.page.downloads import make_photo, make_settings
from autofocus.photo import read_correction, read_photo
from autofocus.render import Lens


def address(values):
    png = cv2.imencode(".png", values)[1].tobytes()
    return PREFIX + base64.b64encode(png).decode()


def test_a_png_is_read_as_pixels_from_blurred_to_sharp():
    painted = png_of(address(np.uint8([[0, 128, 255]])))
    assert read_correction(painted)[0].tolist() == [-1, 0, 1]
    assert png_of(None) is None


@pytest.mark.parametrize(
    "sent",
    [
        1,
        "text",
        PREFIX,
        PREFIX + "!",
        PREFIX + "AAAA",
        PREFIX + "ÀÀÀÀ",
        address(np.zeros((2, 2, 3), np.uint8)),
        address(np.zeros((2, 2), np.uint16)),
    ],
)
def test_anything_else_gets_a_sentence(sent):
    with pytest.raises(RequestError, match="cannot be read"):
        png_of(sent)


def test_what_is_painted_sharp_stays_sharp_in_the_download(predicted, scene):
    painted = png_of(address(np.full((12, 16), 255, np.uint8)))
    lens = Lens(focus=0.8, f_stop=1.4)
    photo, _ = scene
    plain, sharp = (
        read_photo(make_photo(predicted, "PNG", png, lens)).pixels for png in (None, painted)
    )
    assert np.abs(sharp - photo).max() < 0.01 < np.abs(plain - photo).max()


def test_the_settings_name_the_file_beside_them(predicted):
    painted = png_of(address(np.full((12, 16), 255, np.uint8)))
    settings, correction = make_settings(predicted, "tiny", painted, Lens())
    assert json.loads(settings.read_text())["correction"] == correction.name
    assert correction.read_bytes() == painted
    assert "correction" not in json.loads(
        make_settings(predicted, "tiny", None, Lens()).read_text()
    )
