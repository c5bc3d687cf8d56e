"""How events are wired, in one way for the whole page, and the border at which they come in.

At the border what was sent is checked (`payloads`), the visit is known (`visits`), and every error
becomes a sentence: in the line of status where the event changes one, else as Gradio shows it.
"""

import contextlib
import errno
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import BlockFunction

from autofocus.errors import AutoFocusError
from autofocus.page import payloads, visits
from autofocus.page.text import note
from autofocus.render import RenderCancelled

STATUS = "status"  # how the `elem_id` of a line of status ends
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
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
    """Wire a handler: no spinners over the pictures, the last of many events is never lost.

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
    if isinstance(error, AutoFocusError):
        return str(error)
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return NO_ROOM
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, RenderCancelled | visits.LeftError):
        return STOPPED
    return FAULT


class GuardedBlocks(gr.Blocks):
    """A page whose every event passes the border."""

    visits: visits.Visits | None = None  # set when it is served

    async def process_api(
        self,
        block_fn: BlockFunction | int,
        inputs: list,
        state: Any = None,
        request: Any = None,
        iterator: Any = None,
        session_hash: str | None = None,
        event_id: str | None = None,
        event_data: gr.EventData | None = None,
        **options: Any,
    ) -> dict:
        """As Gradio's; every error is a `gr.Error` whose message may be shown."""
        event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        with spoken(self.private_paths()), self.visit(session_hash or event_id, event_id):
            if iterator is None:
                inputs = payloads.check_inputs(event, inputs, state)
                check_event_data(event, event_data)
            return await super().process_api(
                event, inputs, state, request, iterator, session_hash, event_id, event_data,
                **options,
            )  # fmt: skip

    def visit(self, session: str | None, event_id: str | None) -> contextlib.AbstractContextManager:
        """While a visitor is served: whose files these are, and whether anybody waits."""
        if self.visits is None:
            return contextlib.nullcontext()
        event = self._queue.event_ids_to_events.get(event_id) if event_id else None
        return self.visits.working(session or "direct", lambda: event is None or event.alive)

    def private_paths(self) -> list[str]:
        """Folders of the machine that no message names."""
        root = [str(self.visits.root)] if self.visits else []
        return [*root, str(Path.cwd()), str(Path.home()), sys.prefix]


def check_event_data(event: BlockFunction, data: gr.EventData | None) -> None:
    """Replace what a browser says of an event by what its model makes of that."""
    if data is None:
        return
    model = getattr(event.fn, "payload", None)
    if model is None:
        model = payloads.Choice if takes_choice(event) else payloads.Nothing
    data._data = payloads.check_payload(model, data._data)


def takes_choice(event: BlockFunction) -> bool:
    """Whether a handler is told what was chosen."""
    hints = getattr(event.fn, "__annotations__", {}).values()
    return any(isinstance(hint, type) and issubclass(hint, gr.SelectData) for hint in hints)


@contextlib.contextmanager
def spoken(private: list[str]) -> Iterator[None]:
    """Every error as a `gr.Error`: one sentence, which names no path of the machine.

    Only a fault of ours is logged with its trace.
    """
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:  # noqa: BLE001  # the border: nothing may pass as it is
        sentence = sentence_of(error)
        for path in private:
            sentence = sentence.replace(path, "…")
        raise gr.Error(sentence, print_exception=sentence == FAULT) from error
