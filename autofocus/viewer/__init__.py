"""The live lens: a Gradio component that photographs again in the visitor's browser."""

from autofocus.viewer.component import Viewer
from autofocus.viewer.viewer_data import (
    TileData,
    ViewerData,
    tile_data,
    viewer_data,
    waiting_data,
    with_correction,
    with_layers,
)

__all__ = [
    "TileData",
    "Viewer",
    "ViewerData",
    "tile_data",
    "viewer_data",
    "waiting_data",
    "with_correction",
    "with_layers",
]
