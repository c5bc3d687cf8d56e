"""The border: every event of the page and every call of a program passes here.

What was sent is checked (`payloads`), the visit is known (`visits`), and every error becomes one
sentence.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import BlockFunction

from autofocus.page import payloads
from autofocus.page.events import FAULT, sentence_of
from autofocus.page.visits import Visits


class GuardedBlocks(gr.Blocks):
    """A page whose every event passes the border."""

    visits: Visits | None = None  # set when it is served

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
