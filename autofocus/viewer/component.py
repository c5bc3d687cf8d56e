"""The component: its page of HTML, its style, its JavaScript and its shaders."""

import json
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from autofocus.view import PALETTE_NAMES, colour_depth
from autofocus.viewer.viewer_data import ViewerData

HERE = Path(__file__).parent
MODULES = ("gl", "bounds", "lens", "scene", "gestures", "viewer")
SHADERS = {
    "quad": "quad.vert.glsl",
    "lens": "lens.frag.glsl",
    "view": "view.frag.glsl",
}


def script(name: str) -> str:
    """All modules one after the other, with the shaders' sources and the viewer's name."""
    constants = {
        "NAME": name,
        "SOURCES": {key: text(f"shaders/{file}") for key, file in SHADERS.items()},
        "PALETTES": {palette: colours(palette) for palette in PALETTE_NAMES},
    }
    head = "".join(f"const {key} = {json.dumps(value)};\n" for key, value in constants.items())
    return head + "\n".join(text(f"js/{module}.js") for module in MODULES)


def colours(palette: str) -> str:
    """A palette's 256 colours from far to near, red, green, blue, in hexadecimal."""
    table = colour_depth(np.linspace(0, 1, 256)[None], palette)
    return np.round(table * 255).astype(np.uint8).tobytes().hex()


def text(file: str) -> str:
    """A file of this folder."""
    return (HERE / file).read_text(encoding="utf-8")


class Viewer(gr.HTML):
    """A photo through a lens that the browser computes.

    Its value is a `ViewerData` (see `viewer_data`) or None. Events: `focuspick` (`focus`, and
    `x`, `y` as shares of the picture, None from the keyboard), `loaded` (`run`) and `unsupported`
    (`reason`). From JavaScript: `window.autofocusViewer(NAME).setFocus(0.4)`; see docs/viewer.md.
    """

    data_model = ViewerData

    def __init__(
        self, value: ViewerData | None = None, *, name: str = "viewer", **options: Any
    ) -> None:
        options.setdefault("html_template", text("viewer.html"))
        options.setdefault("css_template", text("viewer.css"))
        options.setdefault("js_on_load", script(name))
        super().__init__(value, **options)

    def preprocess(self, payload: ViewerData | None) -> ViewerData | None:
        """The value as it is."""
        return payload

    def postprocess(self, value: ViewerData | None) -> ViewerData | None:
        """The value as it is; Gradio serves its files."""
        return value

    def api_info(self) -> dict[str, Any]:
        """The schema of the value."""
        return ViewerData.model_json_schema()
