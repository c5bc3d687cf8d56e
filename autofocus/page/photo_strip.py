"""A strip of thumbnails: a set of photos, of which one is chosen."""

from pathlib import Path

import gradio as gr
import numpy as np

from autofocus.errors import PhotoError
from autofocus.page.limits import read_upload
from autofocus.photo import preview, to_bytes

THUMBNAIL = 320  # pixels of the long side
Thumbnail = tuple[np.ndarray, str]


def photo_strip(files: list[Path], name: str) -> gr.Gallery:
    """A set of photos, small, in one row that scrolls."""
    return gr.Gallery(
        thumbnails_of(files)[0],
        label="Photos",
        columns=6,
        rows=1,
        allow_preview=False,
        interactive=False,
        elem_id=name,
        elem_classes="photo-strip",
        object_fit="cover",
        buttons=[],
    )


def thumbnails_of(files: list[Path]) -> tuple[list[Thumbnail], list[Path], list[str]]:
    """Each photo small, with its name; the files of these; and a sentence for each other file."""
    thumbnails, photos, problems = [], [], []
    for file in files:
        try:
            pixels = read_upload(file, THUMBNAIL**2).pixels
        except PhotoError as error:
            problems.append(f"{file.name}: {error}")
            continue
        thumbnails.append((to_bytes(preview(pixels, THUMBNAIL)), file.stem))
        photos.append(file)
    return thumbnails, photos, problems
