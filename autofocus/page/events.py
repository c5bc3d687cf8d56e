"""How events are wired, in one way for the whole page.

Every error becomes a sentence: in the line of status where the event changes one, else as Gradio
shows what the border (`border`) says.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction

import gradio as gr

from autofocus.errors import NO_SPACE, AutoFocusError
from autofocus.page import payloads, visits
from autofocus.page.text import note
from autofocus.render import RenderCancelled

STATUS = "status"  # how the `elem_id` of a line of status ends
NO_ROOM = "The disk of this machine is full, so no file can be made. Please try again later."
NO_MEMORY = "This photo needs more memory than this machine has. Please try a smaller one."
STOPPED = "This was stopped, because nobody waited for it."
FAULT = "Something went wrong here. It was not your fault; please try again."


def on(
    trigger: Callable,
    handler: Callable,
    inputs: list,
    outputs: list,
    *,
    payload: type[payloads.Payload] | None = None,
    **options: object,
) -> gr.events.Dependency:
    """Wire a handler: no spinners over the images, the last of many events is never lost.

    `payload` is the model of the event's data, where it has any (a choice from a gallery has its
    model already). An error is shown in the line of status among the outputs.
    """
    settings = {"show_progress": "hidden", "trigger_mode": "always_last"} | options
    status = next((part for part in outputs if is_status(part)), None)
    if isgeneratorfunction(handler):
        handler = never_empty(handler, status)
    else:
        handler = never_failing(handler, status)
    handler.payload = payload
    return trigger(handler, inputs, outputs, api_visibility="private", **settings)


def is_status(part: gr.blocks.Block) -> bool:
    """Whether this is a line of status."""
    return (part.elem_id or "").endswith(STATUS)


def never_empty(
    handler: Callable[..., Iterator[dict]], status: gr.HTML | None = None
) -> Callable[..., Iterator[dict]]:
    """A handler that says so when it changes nothing: Gradio empties all outputs otherwise."""

    @wraps(handler)
    def handle(*inputs: object) -> Iterator[dict]:
        try:
            changes = handler(*inputs)
            yield next(changes, gr.skip())
            yield from changes
        except (AutoFocusError, OSError, MemoryError) as error:
            yield said(error, status)

    return handle


def never_failing(handler: Callable[..., dict], status: gr.HTML | None) -> Callable[..., dict]:
    """A handler whose errors are said in the line of status."""

    @wraps(handler)
    def handle(*inputs: object) -> dict:
        try:
            return handler(*inputs)
        except (AutoFocusError, OSError, MemoryError) as error:
            return said(error, status)

    return handle


def said(error: Exception, status: gr.HTML | None) -> dict:
    """The error's sentence as a change of the page; where there is no place for it, the error."""
    if status is None or sentence_of(error) == FAULT:
        raise error
    return {status: note(sentence_of(error), "error")}


def sentence_of(error: BaseException) -> str:
    """What anybody may be told of an error."""
    if is_disk_full(error) or is_disk_full(error.__cause__):
        return NO_ROOM
    if isinstance(error, AutoFocusError):
        return str(error)
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, RenderCancelled | visits.LeftError):
        return STOPPED
    return FAULT


def is_disk_full(error: BaseException | None) -> bool:
    """Whether the system refused to write for want of room."""
    return isinstance(error, OSError) and error.errno in NO_SPACE
