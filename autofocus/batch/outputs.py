"""What is made of one photo and how its files are called: the same on the command line and in runs.

Nothing is ever overwritten half: every file is written beside its place and renamed, and
`NAME.json` comes last, so that where it is the others are too.
"""

import json
import os
import time
from pathlib import Path

from autofocus.errors import PhotoError, RequestError
from autofocus.files.atomic import write_text
from autofocus.focus import choose_focus, describe
from autofocus.photo import Photo, format_of, write_depth, write_saliency
from autofocus.predict import Prediction, Predictor, pick_device, predict_photo
from autofocus.versions import models
from autofocus.versions.catalog import find_version

DEPTH, SALIENCY, FACTS = MAPS = (".depth.png", ".saliency.png", ".json")
PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".heic", ".heif", ".tif", ".tiff")
PHOTO_SUFFIXES += (".gif", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf")
LONGEST_NAME = 255  # bytes, on every file system in use


def load_predictor(version: str | None) -> Predictor:
    """Load a version's network once, on the best device; VersionError if it cannot be."""
    return models.load_predictor(find_version(version), pick_device())


def predict_with_facts(photo: Photo, predictor: Predictor, version: str) -> tuple[Prediction, dict]:
    """The maps of a photo, and its facts with the seconds that the network took."""
    started = time.perf_counter()
    prediction = predict_photo(predictor, photo)
    seconds = round(time.perf_counter() - started, 3)
    focus = choose_focus(prediction.depth, prediction.saliency)
    facts = describe(focus, photo.size, version)
    return prediction, facts | {"seconds": seconds}


def write_maps(prediction: Prediction, facts: dict, folder: Path, stem: str) -> None:
    """Write `STEM.depth.png`, `STEM.saliency.png` and `STEM.json`, none of which is there yet.

    Raises:
        PhotoError: one of them cannot be written; none is left.

    """
    try:
        write_depth(prediction.depth, folder / f"{stem}{DEPTH}")
        write_saliency(prediction.saliency, folder / f"{stem}{SALIENCY}")
        write_text(folder / f"{stem}{FACTS}", json.dumps(facts, indent=2) + "\n")
    except PhotoError:
        for suffix in MAPS:
            (folder / f"{stem}{suffix}").unlink(missing_ok=True)
        raise


def is_photo_name(name: str) -> bool:
    """Whether a file is called like a photo; hidden files are not."""
    return name.lower().endswith(PHOTO_SUFFIXES) and not name.startswith(".")


def photo_suffix(name: str) -> str:
    """How a refocused photo's name ends: as the photo's own, or .jpg where that is not written."""
    try:
        format_of(Path(name))
    except PhotoError:
        return ".jpg"
    return Path(name).suffix.lower()


def free_stem(folder: Path, stem: str, suffixes: tuple[str, ...] = MAPS) -> str:
    """NAME, or the first of NAME-2, NAME-3 … that no output file has yet.

    Raises:
        PhotoError: the name is too long for a file system with a suffix behind it.

    """
    candidate, number = stem, 1
    while any(os.path.lexists(folder / f"{candidate}{suffix}") for suffix in suffixes):
        number += 1
        candidate = f"{stem}-{number}"
    check_length(candidate, suffixes)
    return candidate


def check_length(stem: str, suffixes: tuple[str, ...]) -> None:
    """Refuse a name that becomes too long, before anything is computed for it."""
    longest = max(suffixes, key=len)
    if len(os.fsencode(stem + longest)) > LONGEST_NAME:
        raise PhotoError(f"Its name is too long to add {longest} to it. Rename the photo.")


def make_folder(folder: Path) -> None:
    """Create an output folder; RequestError says why it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"The folder {folder} cannot be made ({error.strerror}).") from error
