"""Viewers beside each other that look the same: their bar, and the data that each is given."""

from pathlib import Path

import gradio as gr
import numpy as np

from autofocus.focus import choose_focus
from autofocus.page.text import fill, text
from autofocus.predict import Prediction
from autofocus.render import Lens
from autofocus.viewer import viewer_data
from autofocus.viewer.viewer_data import ViewerData

LONG_SIDE = 960  # pixels of images that are compared: several of them are sent at once


def together_bar() -> gr.HTML:
    """View, focus and Auto for all viewers inside the nearest element of class `together`."""
    return gr.HTML(
        html_template=text("side_by_side.html"),
        css_template=text("side_by_side.css"),
        js_on_load=text("side_by_side.js"),
        apply_default_css=False,
        padding=False,
    )


def view_of(photo: np.ndarray, prediction: Prediction, folder: Path) -> ViewerData:
    """What a viewer needs of a photo (H×W×3 in [0, 1]) with its maps, on its default focus.

    The files are named by chance, so that nothing tells which version they are of.
    """
    focus = choose_focus(prediction.depth, prediction.saliency)
    lens = Lens(**focus.lens)
    return viewer_data(photo, prediction.depth, prediction.saliency, folder, lens)


def aspect_style(photo: np.ndarray) -> str:
    """A style that keeps a photo's place for it, so that nothing moves when it comes."""
    height, width = photo.shape[:2]
    return fill("aspect.html", selector=".together", aspect=width / height)
