"""Pull focus: the focus moves through the photo, as a video or an animated image."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from PIL import Image

from autofocus.errors import PhotoError
from autofocus.files.atomic import replace_file
from autofocus.photo import to_bytes
from autofocus.render import Lens, correct, render

FRAME_RATE = 24  # frames a second
PULL_SECONDS = 2.0  # how long a focus pull takes unless told
LONGEST = 60.0  # seconds
QUALITY = "18"  # of H.264: 18 is visually lossless
ANIMATED = {".webp": {"quality": 85}, ".gif": {}}
SUFFIXES = (".mp4", *ANIMATED)


def focus_path(start: float, end: float, seconds: float = PULL_SECONDS) -> np.ndarray:
    """The focus value of each frame: it starts and stops softly (a cubic, 3t² − 2t³).

    Raises:
        ValueError: it takes no time, or more than a minute.

    """
    if not 0 < seconds <= LONGEST:
        raise ValueError(f"A focus pull takes up to {LONGEST:g} seconds, not {seconds:g}.")
    time = np.linspace(0, 1, max(2, round(FRAME_RATE * seconds)))
    return start + (end - start) * time**2 * (3 - 2 * time)


def check_format(file: Path) -> None:
    """PhotoError if the file's suffix is not one of a supported format."""
    if file.suffix.lower() not in SUFFIXES:
        raise PhotoError(
            f"{file.name}: unsupported video format; supported are {', '.join(SUFFIXES)}."
        )


def write_focus_pull(
    photo: np.ndarray,
    depth: np.ndarray,
    lens: Lens,
    focus_values: np.ndarray,
    file: Path,
    *,
    correction: np.ndarray | None = None,
    before_frame: Callable[[], None] | None = None,
) -> None:
    """Render a photo once for each focus value and write the frames, see `write_frames`.

    Args:
        photo: H×W×3 float32 in [0, 1], sRGB-encoded.
        depth: H×W in [0, 1], 1 nearest.
        lens: all of it but the focus holds for every frame.
        focus_values: depths in [0, 1], see `focus_path`.
        file: MP4, WebP or GIF by its suffix.
        correction: as in `render.correct`.
        before_frame: called before each frame; what it raises ends the work.

    Raises:
        PhotoError: the suffix is not supported, or the file cannot be written.

    """
    check_format(file)

    def frames() -> Iterator[np.ndarray]:
        for focus in focus_values:
            if before_frame:
                before_frame()
            here = replace(lens, focus=float(focus))
            corrected = depth if correction is None else correct(depth, correction, here)
            yield render(photo, corrected, here)

    write_frames(frames(), file)


def write_frames(frames: Iterator[np.ndarray], file: Path) -> None:
    """Write frames as MP4 (H.264), WebP or GIF by the file's suffix.

    Args:
        frames: H×W×3 in [0, 1] each, all of one size.
        file: replaced once all frames are written, not before.

    Raises:
        PhotoError: the suffix is not supported, or the file cannot be written.

    """
    check_format(file)
    write = write_animation if file.suffix.lower() in ANIMATED else write_video
    with replace_file(file) as temporary:  # PyAV's errors are OSErrors too
        write(map(to_bytes, frames), temporary)


def write_video(frames: Iterator[np.ndarray], file: Path) -> None:
    """H.264 in MP4, with the index first, so that browsers play it while it loads."""
    with av.open(str(file), "w", options={"movflags": "faststart"}) as video:
        stream = video.add_stream("libx264", rate=FRAME_RATE, options={"crf": QUALITY})
        stream.pix_fmt = "yuv420p"
        for number, pixels in enumerate(map(crop_to_even, frames)):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            video.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        video.mux(stream.encode())


def crop_to_even(pixels: np.ndarray) -> np.ndarray:
    """H×W×3 without a row or column where a side is odd, as H.264 needs; at least 2×2."""
    height, width = pixels.shape[:2]
    pixels = np.pad(pixels, ((0, max(0, 2 - height)), (0, max(0, 2 - width)), (0, 0)), mode="edge")
    return np.ascontiguousarray(pixels[: len(pixels) // 2 * 2, : pixels.shape[1] // 2 * 2])


def write_animation(frames: Iterator[np.ndarray], file: Path) -> None:
    """A WebP or GIF that repeats forever."""
    first, *others = [Image.fromarray(pixels) for pixels in frames]
    options = ANIMATED[file.suffix.lower()]
    duration = round(1000 / FRAME_RATE)
    first.save(file, save_all=True, append_images=others, duration=duration, loop=0, **options)
