"""Pull focus: the focus moves through the scene, as a film or an animated picture."""

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image

from autofocus.errors import PhotoError
from autofocus.photo import to_bytes

RATE = 24  # frames a second
PULL = 2.0  # seconds, where nobody says
QUALITY = "18"  # of H.264: 18 is visually lossless
ANIMATED = {".webp": {"quality": 85}, ".gif": {}}
FORMATS = (".mp4", *ANIMATED)

Frame = Callable[[float], np.ndarray]


def focus_path(start: float, end: float, seconds: float) -> np.ndarray:
    """The focus of each frame: it starts and stops softly (a cubic, 3t² − 2t³).

    Raises:
        ValueError: it takes no time, or more than a minute.

    """
    if not 0 < seconds <= 60:
        raise ValueError(f"A focus pull takes up to 60 seconds, not {seconds:g}.")
    share = np.linspace(0, 1, max(2, round(RATE * seconds)))
    return start + (end - start) * share**2 * (3 - 2 * share)


def check_format(file: Path) -> None:
    """PhotoError if the file's suffix names no format that can be written."""
    if file.suffix.lower() not in FORMATS:
        raise PhotoError(f"{file.name} names no film that can be written: {', '.join(FORMATS)}.")


def write_rack(frame: Frame, path: np.ndarray, file: Path) -> None:
    """Write one frame for each focus, as MP4 (H.264), WebP or GIF by the file's suffix.

    Args:
        frame: from a focus to H×W×3 in [0, 1]; all of one size.
        path: the focuses, see `focus_path`.
        file: replaced if it is there; what could not be finished is removed.

    Raises:
        PhotoError: the suffix is none of these, or the file cannot be written.

    """
    check_format(file)
    frames = (to_bytes(frame(float(focus))) for focus in path)
    write = write_animation if file.suffix.lower() in ANIMATED else write_film
    try:
        write(frames, file)
    except OSError as error:  # PyAV's errors are OSErrors too
        file.unlink(missing_ok=True)
        raise PhotoError(f"{file.name} cannot be written ({error.strerror or error}).") from error
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def write_film(frames: Iterator[np.ndarray], file: Path) -> None:
    """H.264 in MP4, with the index first, so that browsers play it while it loads."""
    with av.open(str(file), "w", options={"movflags": "faststart"}) as film:
        stream = film.add_stream("libx264", rate=RATE, options={"crf": QUALITY})
        stream.pix_fmt = "yuv420p"
        for number, pixels in enumerate(map(even, frames)):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        film.mux(stream.encode())


def even(pixels: np.ndarray) -> np.ndarray:
    """Less a row or column where a side is odd, which H.264's colours cannot be; at least 2×2."""
    height, width = pixels.shape[:2]
    pixels = np.pad(pixels, ((0, max(0, 2 - height)), (0, max(0, 2 - width)), (0, 0)), mode="edge")
    return np.ascontiguousarray(pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2])


def write_animation(frames: Iterator[np.ndarray], file: Path) -> None:
    """A WebP or GIF that repeats for ever."""
    first, *others = [Image.fromarray(pixels) for pixels in frames]
    options = ANIMATED[file.suffix.lower()]
    duration = round(1000 / RATE)
    first.save(file, save_all=True, append_images=others, duration=duration, loop=0, **options)
