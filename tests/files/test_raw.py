import struct

import numpy as np
import pytest
from PIL import Image

from autofocus.errors import PhotoError
from autofocus.files import raw
from autofocus.photo import read_photo
from tests.files.pictures import colours, levels, raw_file, saved


def jpeg(height, width):
    return saved(Image.fromarray(levels(colours(height, width))), "JPEG", quality=95)


@pytest.fixture
def without_rawpy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "rawpy", None)


@pytest.mark.parametrize("preview", [None, (133, 200)], ids=["none", "too small"])
def test_a_thumbnail_is_never_taken_for_the_photo(without_rawpy, preview):
    with pytest.raises(PhotoError, match="raw file: export it as JPEG or TIFF first"):
        read_photo(raw_file(jpeg(*preview) if preview else None))


def test_a_large_preview_is_used_turned_and_said(without_rawpy):
    data = raw_file(jpeg(200, 300) + jpeg(400, 600), short={274: 6})
    photo = read_photo(data)
    assert photo.pixels.shape == (600, 400, 3)
    upright = np.rot90(colours(400, 600), 3)
    assert np.abs(photo.pixels - upright).mean() < 0.02
    assert "embedded preview (400×600)" in photo.notes[0]
    assert photo.metadata.exif.main[0x010F] == "Maker"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_directory_that_says_several_widths_is_left_out(without_rawpy):
    data = bytearray(raw_file(jpeg(400, 600)))
    width = data.index(struct.pack("<HHI", 256, 4, 1))
    data[width + 4] = 3  # the tag's values are now three, which lie elsewhere
    assert read_photo(bytes(data)).pixels.shape == (400, 600, 3)


@pytest.mark.parametrize("start", [b"FUJIFILMCCD-RAW 0201", bytes(4) + b"ftypcrx ", b"IIU\0"])
def test_other_cameras_files(without_rawpy, start):
    with pytest.raises(PhotoError, match="raw file"):
        read_photo(start + bytes(200) + jpeg(48, 64))
    assert read_photo(start + bytes(200) + jpeg(800, 1200)).pixels.shape == (800, 1200, 3)


def test_a_preview_of_another_aspect_is_not_the_photo():
    assert not raw.is_large((600, 600), (600, 400))
    assert raw.is_large((590, 400), (600, 400))


def test_a_plain_tiff_is_no_raw_file():
    assert not raw.is_raw(saved(Image.fromarray(levels(colours())), "TIFF"))


def test_rawpy_develops_what_has_no_preview(monkeypatch):
    rawpy = pytest.importorskip("rawpy")

    class Opened:
        sizes = type("Sizes", (), {"width": 64, "height": 48})

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def postprocess(self, **options):
            assert options["output_bps"] == 16
            return (colours() * 65535).astype(np.uint16)

    monkeypatch.setattr(rawpy, "imread", lambda _: Opened())
    photo = read_photo(raw_file())
    assert photo.bits == 16
    assert np.abs(photo.pixels - colours()).max() < 1e-4
    assert "developed" in photo.notes[0]
