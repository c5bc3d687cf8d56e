"""How photos are to be refocused, as one value; and one photo refocused so."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from autofocus.errors import AutoFocusError, DepthMapError, PhotoError, RequestError
from autofocus.focus import AUTO, Focus, Wanted, resolve_focus
from autofocus.photo import (
    Photo,
    compact,
    fit,
    read_correction,
    read_depth,
    resize,
    through_lens,
)
from autofocus.predict import ENOUGH, Predictor, predict_photo
from autofocus.render import Lens, Progress, correct, render
from autofocus.upsample import upsample_depth

PHONE = Path("phone")  # instead of a file: the depth map in the photo's own


@dataclass(frozen=True)
class Refocusing:
    """What was asked for; what is missing follows from the photo."""

    focus: Wanted | None = None  # None is "auto"
    lens: dict[str, float] = field(default_factory=dict)  # fields of `Lens`, by name
    depth: Path | None = None  # a depth map's file, or PHONE
    invert: bool = False  # nearest is darkest in it
    correction: Path | None = None  # 8-bit grey PNG: 128 as it is, 255 sharp, 0 blurred
    version: str | None = None

    @property
    def needs_network(self) -> bool:
        """Whether depth or subject have to be predicted."""
        return self.depth is None or self.focus in (None, "auto")


def refocus_photo(
    read: Callable[..., Photo],
    how: Refocusing,
    load: Callable[[], Predictor],
    *,
    device: object = "cpu",
    progress: Progress | None = None,
) -> tuple[Photo, Focus]:
    """One photo through the lens, and what it was focused on.

    Args:
        read: gives the photo, or a copy of so many pixels if it is called with a number. Read here,
            so that nobody else holds its floats while the lens works.
        how: what was asked for.
        load: gives the network; called only where something of it is needed.
        device: where the lens computes.
        progress: called with the fraction that is done.

    Returns:
        The photo with its new pixels, `compact`, to be written like any other, and the focus. Its
        notes also say what a custom depth map was taken for.

    Raises:
        AutoFocusError: the photo cannot be read, or a focus, a depth map or a correction does not
            fit it.

    """
    photo, depth, focus, note = read_scene(read, how, load)
    photo = compact(photo)
    lens = lens_for(focus, how.lens)
    if how.correction:
        depth = correct(depth, named_correction(how.correction), lens)
    photo = replace(photo, notes=photo.notes + ((note,) if note else ()))
    photographed = through_lens(
        photo, lambda pixels: render(pixels, depth, lens, device=device, progress=progress)
    )
    return photographed, focus


def read_scene(
    read: Callable[..., Photo], how: Refocusing, load: Callable[[], Predictor]
) -> tuple[Photo, np.ndarray, Focus, str]:
    """A photo, its depth (H×W in [0, 1], 1 nearest) and focus, and a note about a custom depth.

    Arguments as in `refocus_photo`.
    """
    photo = read(ENOUGH) if how.needs_network else read()
    scene = scene_of(photo, how, load)
    return (read() if photo.full_size else photo), *scene


def scene_of(
    photo: Photo, how: Refocusing, load: Callable[[], Predictor]
) -> tuple[np.ndarray, Focus, str]:
    """Depth, focus and note of `read_scene`; the photo may be a smaller copy."""
    prediction = predict_photo(load(), photo) if how.needs_network else None
    saliency = prediction.saliency if prediction else None
    depth, note = custom_depth(photo, how) if how.depth else (prediction.depth, "")
    wanted = AUTO if how.focus is None else how.focus
    return depth, resolve_focus(wanted, depth, saliency), note


def lens_for(focus: Focus, fields: dict[str, float]) -> Lens:
    """The lens for a focus, with what was asked for; RequestError if that is out of range."""
    try:
        return Lens(**(focus.lens | fields))
    except ValueError as error:
        raise RequestError(f"{error}.") from error


def custom_depth(photo: Photo, how: Refocusing) -> tuple[np.ndarray, str]:
    """A depth map of the user's or the phone's at the photo's size, and what it was taken for."""
    if how.depth == PHONE:
        if photo.depth is None:
            raise DepthMapError("There is no depth map in this photo's file.")
        small = resize(photo.pixels, photo.depth.shape)
        return resize(upsample_depth(photo.depth, small, photo.pixels), photo.size), ""
    try:
        custom = read_depth(how.depth, invert=how.invert)
        return fit(custom.depth, photo.size), custom.note
    except (PhotoError, DepthMapError) as error:
        raise RequestError(f"{how.depth}: {error}") from error


def named_correction(file: Path) -> np.ndarray:
    """The correction in a file, see `photo.read_correction`; RequestError names the file."""
    try:
        return read_correction(file)
    except AutoFocusError as error:
        raise RequestError(f"{file}: {error}") from error
