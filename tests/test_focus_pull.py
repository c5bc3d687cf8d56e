from dataclasses import replace

import av
import numpy as np
import pytest
from PIL import Image

from autofocus.errors import PhotoError
from autofocus.focus_pull import FRAME_RATE, focus_path, write_focus_pull, write_frames
from autofocus.photo import to_bytes
from autofocus.render import Lens, correct, render


def grey(path):
    """A frame of one grey for each focus value."""
    return (np.full((31, 45, 3), focus, np.float32) for focus in path)


def test_the_focus_starts_and_stops_softly():
    path = focus_path(0.2, 0.8, 2)
    assert len(path) == 2 * FRAME_RATE and path[0] == 0.2 and path[-1] == pytest.approx(0.8)
    steps = np.diff(path)
    assert (steps > 0).all() and steps[0] < steps[len(steps) // 2] / 3 > steps[-1] / 3


@pytest.mark.parametrize("seconds", [0, -1, 61, float("nan")])
def test_lengths_that_mean_nothing_are_refused(seconds):
    with pytest.raises(ValueError, match="60 seconds"):
        focus_path(0, 1, seconds)


def test_a_video_has_every_frame_in_order(tmp_path):
    file = tmp_path / "pull.mp4"
    write_frames(grey(focus_path(0.1, 0.9, 0.5)), file)
    with av.open(str(file)) as video:
        levels = [frame.to_ndarray(format="rgb24").mean() for frame in video.decode(video=0)]
        assert video.streams.video[0].codec.name == "h264"
    assert len(levels) == 12
    assert np.allclose(levels, 255 * focus_path(0.1, 0.9, 0.5), atol=3)


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_an_animation_has_every_frame(tmp_path, suffix):
    file = tmp_path / f"pull{suffix}"
    write_frames(grey(focus_path(0.1, 0.9, 0.25)), file)
    with Image.open(file) as image:
        assert image.n_frames == 6 and image.size == (45, 31)


def test_other_formats_get_a_sentence(tmp_path):
    with pytest.raises(PhotoError, match="mp4"):
        write_frames(grey(np.array([0.5])), tmp_path / "pull.avi")


@pytest.mark.parametrize("suffix", [".mp4", ".webp"])
def test_a_place_that_cannot_be_written_gets_a_sentence(tmp_path, suffix):
    with pytest.raises(PhotoError, match="cannot be written"):
        write_frames(grey(np.array([0.1, 0.5])), tmp_path / "missing" / f"pull{suffix}")


@pytest.mark.parametrize("suffix", [".mp4", ".webp"])
def test_a_video_that_was_stopped_leaves_what_was_there(tmp_path, suffix):
    file = tmp_path / f"pull{suffix}"
    file.write_bytes(b"an older one")

    def stops():
        yield from grey([0.1, 0.2])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_frames(stops(), file)
    assert list(tmp_path.iterdir()) == [file] and file.read_bytes() == b"an older one"


def test_every_frame_is_the_photo_through_the_lens_at_its_focus(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    photo, depth = rng.random((24, 32, 3), dtype=np.float32), rng.random((24, 32), dtype=np.float32)
    lens, path, correction = Lens(0.3, f_stop=1.4, focus_range=0.1), [0.2, 0.7], depth * 2 - 1
    frames, calls = [], []
    monkeypatch.setattr("autofocus.focus_pull.write_video", lambda made, file: frames.extend(made))
    with pytest.raises(PhotoError):  # as nothing was written
        write_focus_pull(
            photo,
            depth,
            lens,
            path,
            tmp_path / "pull.mp4",
            correction=correction,
            before_frame=lambda: calls.append(1),
        )
    assert len(calls) == 2
    for focus, frame in zip(path, frames, strict=True):
        here = replace(lens, focus=focus)
        expected = to_bytes(render(photo, correct(depth, correction, here), here))
        assert np.array_equal(frame, expected)
