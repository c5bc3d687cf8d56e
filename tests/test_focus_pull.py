import av
import numpy as np
import pytest
from PIL import Image

from autofocus.errors import PhotoError
from autofocus.focus_pull import RATE, focus_path, write_rack


def grey(focus):
    return np.full((31, 45, 3), focus, np.float32)


def test_the_focus_starts_and_stops_softly():
    path = focus_path(0.2, 0.8, 2)
    assert len(path) == 2 * RATE and path[0] == 0.2 and path[-1] == pytest.approx(0.8)
    steps = np.diff(path)
    assert (steps > 0).all() and steps[0] < steps[len(steps) // 2] / 3 > steps[-1] / 3


@pytest.mark.parametrize("seconds", [0, -1, 61, float("nan")])
def test_lengths_that_mean_nothing_are_refused(seconds):
    with pytest.raises(ValueError, match="60 seconds"):
        focus_path(0, 1, seconds)


def test_a_film_has_every_frame_in_order(tmp_path):
    file = tmp_path / "pull.mp4"
    write_rack(grey, focus_path(0.1, 0.9, 0.5), file)
    with av.open(str(file)) as film:
        levels = [frame.to_ndarray(format="rgb24").mean() for frame in film.decode(video=0)]
        assert film.streams.video[0].codec.name == "h264"
    assert len(levels) == 12
    assert np.allclose(levels, 255 * focus_path(0.1, 0.9, 0.5), atol=3)


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_an_animation_has_every_frame(tmp_path, suffix):
    file = tmp_path / f"pull{suffix}"
    write_rack(grey, focus_path(0.1, 0.9, 0.25), file)
    with Image.open(file) as image:
        assert image.n_frames == 6 and image.size == (45, 31)


def test_other_formats_get_a_sentence(tmp_path):
    with pytest.raises(PhotoError, match="mp4"):
        write_rack(grey, np.array([0.5]), tmp_path / "pull.avi")


@pytest.mark.parametrize("suffix", [".mp4", ".webp"])
def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path, suffix):
    with pytest.raises(PhotoError, match="cannot be written"):
        write_rack(grey, np.array([0.1, 0.5]), tmp_path / "missing" / f"pull{suffix}")


@pytest.mark.parametrize("suffix", [".mp4", ".webp"])
def test_nothing_is_left_of_a_film_that_was_stopped(tmp_path, suffix):
    def stops(focus):
        if focus > 0.4:
            raise KeyboardInterrupt
        return grey(focus)

    with pytest.raises(KeyboardInterrupt):
        write_rack(stops, focus_path(0, 1, 0.5), tmp_path / f"pull{suffix}")
    assert not list(tmp_path.iterdir())
