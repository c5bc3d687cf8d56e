"""The photos of reviews: small copies that are kept, and what versions see in them."""

import hashlib
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from autofocus.compare.votes import Reviews
from autofocus.errors import ReviewError
from autofocus.page.limits import read_upload
from autofocus.page.models import analyse
from autofocus.page.side_by_side import LONG_SIDE
from autofocus.photo import preview, to_bytes
from autofocus.predict import Prediction
from autofocus.versions.catalog import list_versions

KEPT = 16  # in memory: reviewers come to the same photos soon after each other


def photo_to_judge(file: Path) -> tuple[str, bytes]:
    """The SHA-256 of a photo's file, and its small copy as PNG, without metadata.

    Raises:
        PhotoError: it cannot be read.

    """
    pixels = read_upload(file).pixels
    small = to_bytes(preview(pixels, LONG_SIDE))
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    return sha256, cv2.imencode(".png", small[..., ::-1])[1].tobytes()


@lru_cache(maxsize=KEPT)
def kept_photo(photo: str) -> np.ndarray:
    """The small copy of a photo of this SHA-256: H×W×3 float32 in [0, 1]."""
    encoded = np.frombuffer(Reviews().small_copy(photo), np.uint8)
    pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(pixels[..., ::-1]).astype(np.float32) / 255


@lru_cache(maxsize=KEPT)
def predicted(version: str, photo: str) -> Prediction:
    """What the version of this SHA-256 sees in a photo; ReviewError if it is not here any more."""
    usable = (candidate for candidate in list_versions() if not candidate.problem)
    candidate = next((candidate for candidate in usable if candidate.sha256 == version), None)
    if candidate is None:
        raise ReviewError("A version of this review is not on this machine any longer.")
    return analyse(candidate.name, kept_photo(photo))
