"""A page with nothing but the component and a slider, on a scene made of numbers."""

import sys
from pathlib import Path

import gradio as gr
import numpy as np

from autofocus.lens.lens import f_stop_of
from autofocus.photo import resize
from autofocus.render import Lens
from autofocus.viewer import Viewer, ViewerData, tile_data, viewer_data

FOCUS, APERTURE = 0.8, 0.025
LENS = Lens(focus=FOCUS, f_stop=f_stop_of(APERTURE))
PREVIEW = (240, 360)
FULL = (960, 1440)
MOVE = "(v) => { window.autofocus.viewers.main?.setFocus(v); }"


def synthetic(height=PREVIEW[0], width=PREVIEW[1]):
    """A textured slope with a near textured disc: photo, depth, saliency."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    texture = 0.5 + 0.2 * np.sin(x / 5) * np.cos(y / 7) + 0.15 * np.sin((x + 2 * y) / 11)
    behind = np.stack([texture, 0.9 * texture, 0.6 + 0 * texture], -1)
    depth = 0.1 + 0.3 * y / height
    disc = np.hypot(x - width / 2.4, y - height / 2) < height / 4.8
    stripes = 0.4 + 0.3 * np.sin(x / 3)
    photo = np.where(disc[..., None], np.stack([stripes, 0.2 + 0 * x, 0.3 * stripes], -1), behind)
    other = np.hypot(x - width / 1.2, y - height / 4) < height / 12
    depth = np.where(disc, 0.8, np.where(other, 0.5, depth))
    return np.float32(photo), np.float32(depth), np.float32(disc | other)


def build(folder):
    """The demo; the focus picked last is in a text box."""
    full = synthetic(*FULL)
    small = [resize(image, PREVIEW) for image in full]
    with gr.Blocks() as demo:
        viewer = Viewer(viewer_data(*small, folder, LENS, FULL), name="main")
        slider = gr.Slider(0, 1, FOCUS, step=0.005, label="Focus")
        picked = gr.Textbox(label="Picked", elem_id="picked")
        slider.input(None, [slider], js=MOVE)
        viewer.focuspick(on_pick, outputs=picked)

        def on_tile(value: ViewerData, event: gr.EventData):
            tile = tile_data(*full, tuple(event.box), folder, LENS)
            return value.model_copy(update={"tile": tile})

        viewer.tile(on_tile, viewer, viewer, show_progress="hidden")
    return demo


def on_pick(event: gr.EventData):
    return f"{event.focus:.3f}"


if __name__ == "__main__":
    target = Path(sys.argv[2])
    build(target).launch(
        server_name="127.0.0.1", server_port=int(sys.argv[1]), allowed_paths=[str(target)]
    )
