"""How events are wired, in one way for the whole page."""

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction

import gradio as gr


def on(
    trigger: Callable, handler: Callable, inputs: list, outputs: list, **options: object
) -> gr.events.Dependency:
    """Wire a handler: no spinners over the pictures, the last of many events is never lost."""
    settings = {"show_progress": "hidden", "trigger_mode": "always_last"} | options
    if isgeneratorfunction(handler):
        handler = never_empty(handler)
    return trigger(handler, inputs, outputs, api_visibility="private", **settings)


def never_empty(handler: Callable[..., Iterator[dict]]) -> Callable[..., Iterator[dict]]:
    """A handler that says so when it changes nothing: Gradio empties all outputs otherwise."""

    @wraps(handler)
    def handle(*inputs: object) -> Iterator[dict]:
        changes = handler(*inputs)
        yield next(changes, gr.skip())
        yield from changes

    return handle
