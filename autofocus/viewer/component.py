"""The component: its page of HTML, its style, its JavaScript and its shaders.

What a number means is said once, in Python: `constants` hands it to the scripts, `shader` to the
shaders.
"""

import json
import re
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from autofocus import view
from autofocus.focus import DISC
from autofocus.focus_pull import PULL_SECONDS
from autofocus.lens.lens import APERTURE_AT_F1, Lens
from autofocus.lens.planes import SHARP
from autofocus.photo import UNTOUCHED
from autofocus.render import LARGEST_CIRCLE, PUSH
from autofocus.viewer.viewer_data import PINHOLE, STOPS, ViewerData

HERE = Path(__file__).parent
# The scripts are ES modules. Gradio can serve a file only under its path on this machine, so the
# component joins them, in this order: a module comes after those that it imports.
MODULES = (
    "viewport",
    "aperture",
    "depth",
    "bounds",
    "tiles",
    "state",
    "maps",
    "scene",
    "gl",
    "correction",
    "png",
    "brush",
    "exposure",
    "lens",
    "gestures",
    "schedule",
    "marks",
    "controls",
    "viewer",
    "main",
)
SHADERS = {"quad": "quad.vert.glsl", "lens": "lens.frag.glsl", "view": "view.frag.glsl"}
IMPORT = re.compile(r"^import \{[^}]*\} from '\./\w+\.js';\n", re.MULTILINE)
EXPORT = re.compile(r"^export (?=const|class|function|async)", re.MULTILINE)
LIMITS = {  # of what the setters take
    **{field.name: (field.metadata["low"], field.metadata["high"]) for field in fields(Lens)},
    "f_stop": (APERTURE_AT_F1 / LARGEST_CIRCLE, PINHOLE),
}
ROUND = 64  # sides of the polygon that stands for a round aperture
FOCUS_STEPS = (0.005, 0.05)  # of an arrow key, without and with Shift


def constants() -> dict[str, Any]:
    """What the scripts are handed, as `CONSTANTS`."""
    return {
        "APERTURE_AT_F1": APERTURE_AT_F1,
        "DISC": DISC,
        "FOCUS_STEPS": FOCUS_STEPS,
        "LENS": {field.name: field.default for field in fields(Lens)},
        "LIMITS": LIMITS,
        "PALETTES": {palette: palette_hex(palette) for palette in view.PALETTE_NAMES},
        "PULL_SECONDS": PULL_SECONDS,
        "PUSH": PUSH,
        "ROUND": ROUND,
        "UNTOUCHED": UNTOUCHED,
        "SHADERS": {name: shader(file) for name, file in SHADERS.items()},
    }


def shader_constants() -> dict[str, str]:
    """What the shaders are handed: GLSL of each constant's value, with its type."""
    return {
        "float PUSH": f"{PUSH:.9f}",
        "int ROUND": f"{ROUND}",
        "float UNTOUCHED": f"{UNTOUCHED:.1f}",
        "float SHARP": f"{SHARP:.9f}",
        "float STOPS": f"{STOPS:.9f}",
        "vec3 RED": vector(view.RED),
        "float RED_OPACITY": f"{view.RED_OPACITY:.9f}",
        "vec3 OUTLINE": vector(view.OUTLINE),
        "float OUTLINE_OPACITY": f"{view.OUTLINE_OPACITY:.9f}",
        "uint SUBJECT_INSIDE": f"{view.SUBJECT_INSIDE}u",
        "uint SUBJECT_OUTLINE": f"{view.SUBJECT_OUTLINE}u",
    }


def vector(values: np.ndarray) -> str:
    """Three numbers in GLSL."""
    return f"vec3({', '.join(f'{value:.9f}' for value in values)})"


def shader(file: str) -> str:
    """A shader's source: GLSL's version, the constants, what all share, and the file."""
    body = text(f"shaders/{file}")
    if file.endswith(".frag.glsl"):
        declared = (f"const {name} = {value};" for name, value in shader_constants().items())
        precision = "precision highp float;"
        body = "\n".join([precision, *declared, text("shaders/common.glsl"), body])
    return f"#version 300 es\n{body}"


def constants_module() -> str:
    """The module `constants.js`, which the others import."""
    return f"export const CONSTANTS = {json.dumps(constants())};\n"


def script(name: str) -> str:
    """All modules joined into one script, for a viewer of this name."""
    modules = [constants_module(), *(text(f"js/{module}.js") for module in MODULES)]
    joined = "\n".join(EXPORT.sub("", IMPORT.sub("", module)) for module in modules)
    return f"const NAME = {json.dumps(name)};\n{joined}"


def palette_hex(palette: str) -> str:
    """A palette's 256 colours from far to near, red, green, blue, in hexadecimal."""
    table = view.colour_depth(np.linspace(0, 1, 256)[None], palette)
    return np.round(table * 255).astype(np.uint8).tobytes().hex()


def text(file: str) -> str:
    """A file of this folder."""
    return (HERE / file).read_text(encoding="utf-8")


class Viewer(gr.HTML):
    """A photo through a lens that the browser computes.

    Its value is a `ViewerData` (see `viewer_data`) or None. Events: `focuspick` (`focus`, and
    `x`, `y` as fractions of the image, None from the keyboard), `loaded` (`run`), `tile` (`run` and
    `box`, see `tile_data`), `corrected` (`run` and `png`: what was painted, a data URL of an 8-bit
    grey PNG or None), `unsupported` (`reason`) and `supported`. From JavaScript:
    `window.autofocus.viewers[NAME].setFocus(0.4)`; see docs/viewer.md.
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
        return value_schema()


@cache
def value_schema() -> dict[str, Any]:
    """The schema of `ViewerData`; Gradio asks for it some hundred times while a page is built."""
    return ViewerData.model_json_schema()
