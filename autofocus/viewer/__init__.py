"""The live lens: a Gradio component that photographs again in the visitor's browser."""

from autofocus.viewer.component import Viewer
from autofocus.viewer.viewer_data import ViewerData, viewer_data, waiting_data

__all__ = ["Viewer", "ViewerData", "viewer_data", "waiting_data"]
