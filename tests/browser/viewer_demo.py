"""A page with nothing but the component and a slider, on a scene made of numbers."""

import sys
from pathlib import Path

import gradio as gr
import numpy as np

from autofocus.render import Lens, f_stop_of
from autofocus.viewer import Viewer, viewer_data

FOCUS, APERTURE = 0.8, 0.025
MOVE = "(v) => { window.autofocus.viewers.main?.setFocus(v); }"


def synthetic(height=240, width=360):
    """A textured slope with a near textured disc: photo, depth, saliency."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    texture = 0.5 + 0.2 * np.sin(x / 5) * np.cos(y / 7) + 0.15 * np.sin((x + 2 * y) / 11)
    behind = np.stack([texture, 0.9 * texture, 0.6 + 0 * texture], -1)
    depth = 0.1 + 0.3 * y / height
    disc = np.hypot(x - 150, y - 120) < 50
    stripes = 0.4 + 0.3 * np.sin(x / 3)
    photo = np.where(disc[..., None], np.stack([stripes, 0.2 + 0 * x, 0.3 * stripes], -1), behind)
    other = np.hypot(x - 300, y - 60) < 20
    depth = np.where(disc, 0.8, np.where(other, 0.5, depth))
    return np.float32(photo), np.float32(depth), np.float32(disc | other)


def build(folder):
    """The demo; the focus picked last is in a text box."""
    with gr.Blocks() as demo:
        viewer = Viewer(
            viewer_data(*synthetic(), folder, Lens(focus=FOCUS, f_stop=f_stop_of(APERTURE))),
            name="main",
        )
        slider = gr.Slider(0, 1, FOCUS, step=0.005, label="Focus")
        picked = gr.Textbox(label="Picked", elem_id="picked")
        slider.input(None, [slider], js=MOVE)
        viewer.focuspick(on_pick, outputs=picked)
    return demo


def on_pick(event: gr.EventData):
    return f"{event.focus:.3f}"


if __name__ == "__main__":
    target = Path(sys.argv[2])
    build(target).launch(
        server_name="127.0.0.1", server_port=int(sys.argv[1]), allowed_paths=[str(target)]
    )
