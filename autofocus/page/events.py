"""How events are wired, in one way for the whole page."""

from collections.abc import Callable

import gradio as gr


def on(
    trigger: Callable, handler: Callable, inputs: list, outputs: list, **options: object
) -> gr.events.Dependency:
    """Wire a handler: no spinners over the pictures, the last of many events is never lost."""
    settings = {"show_progress": "hidden", "trigger_mode": "always_last"} | options
    return trigger(handler, inputs, outputs, api_visibility="private", **settings)
