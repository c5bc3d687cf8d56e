"""How the page is served: drop a photo, see how near everything is, and move the focus.

`Server` puts the page behind its gate and looks after it until it is told to stop.
"""

import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import gradio as gr
from gradio import utils
from gradio.routes import App, ORJSONResponse

from autofocus.errors import AutoFocusError, RequestError, VersionError
from autofocus.page.blind_page import Judging
from autofocus.page.gate import Gate
from autofocus.page.gradio_changes import change_gradio
from autofocus.page.layout import Layout
from autofocus.page.limits import LARGEST_UPLOAD, Limits, limits
from autofocus.page.models import predictor_of, version_choices
from autofocus.page.review_tab import BLIND_PAGE
from autofocus.page.scripts import page_script
from autofocus.page.text import STATIC
from autofocus.page.visits import Visits

PORT = 7860
PATIENCE = 8.0  # seconds that work which has begun may take to end when the server is stopped
# What has to hold before the page's own style is there, so that nothing moves: no bar of pages by
# Gradio, and room for what may come after its neighbours: Gradio mounts parts in any order.
EARLY = """<style>.nav-holder { display: none !important; }
.wrap:has(> p.loading) { visibility: hidden; }
.gradio-container { --top: calc(2.1rem + var(--layout-gap)); }
@media (max-width: 700px) { .gradio-container { --top: calc(5.2rem + var(--layout-gap)); } }
#top { height: calc(var(--top) - var(--layout-gap)); }
#top:has(~ #tabs) { margin-bottom: calc(-1 * var(--top)); }
#tabs { margin-top: var(--top); }
#upload, .handed-over, .frame { display: none !important; }
.gradio-container { --open: 74px; --says: 1.5em; --first: calc(54vh + 66px); }
@media (max-width: 700px) {
.gradio-container { --open: 152px; --first: calc(0.75 * (100vw - 64px) + 48px); } }
#start { gap: 12px !important; }
#open { min-height: var(--open); }
#status { min-height: var(--says); margin-top: calc(var(--open) + var(--layout-gap)); }
#first { min-height: var(--first); }
#start { margin-top: calc(var(--open) + var(--says) + 2 * var(--layout-gap)); }
#open ~ #status { margin-top: 0; }
#open ~ #start { margin-top: calc(var(--says) + var(--layout-gap)); }
#status ~ #start { margin-top: 0; }
#more-examples { margin-top: calc(var(--first) + 12px); }
#first ~ #more-examples { margin-top: 0; }</style>"""


def build_page() -> Layout:
    """The whole page, ready to be launched; no network is loaded yet."""
    page = Layout()
    # Judged on a page of its own, which knows no version's name.
    with page.demo.route("Review", BLIND_PAGE, show_in_navbar=False):
        Judging().wire()
    return page


def launch_options() -> dict:
    """How the page is served: nothing is loaded from, or told to, anybody else."""
    sans = [gr.themes.Font(name) for name in ("system-ui", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "monospace")]
    return {
        "theme": gr.themes.Base(
            font=sans, font_mono=mono, primary_hue="amber", neutral_hue="neutral"
        ).set(button_primary_background_fill_hover_dark="*primary_500"),  # dark text stays readable
        "css_paths": [STATIC / f"{name}.css" for name in ("page", "versions")],
        "head": EARLY,
        "js": page_script(),
        "max_file_size": LARGEST_UPLOAD,
        "allowed_paths": [],
        "enable_monitoring": False,
        "run_history": False,  # it lends the operator's token for the Hub
        "share": False,
        "debug": False,
        "show_error": False,
        "strict_cors": True,
        "auth": None,
        "pwa": False,
        "num_workers": 0,
        "mcp_server": find_spec("mcp") is not None,  # installed with gradio[mcp]
        "ssr_mode": False,
        "footer_links": [],
    }


class GuardedApp(App):
    """Gradio's app behind the gate; nothing of it is reached in another way."""

    def __init__(self, page: gr.Blocks, visits: Visits) -> None:
        super().__init__(
            default_response_class=ORJSONResponse, docs_url=None, redoc_url=None, openapi_url=None
        )
        self.page, self.visits = page, visits

    def build_middleware_stack(self) -> Gate:
        """The gate is outermost, so that every answer passes it."""
        return Gate(super().build_middleware_stack(), self.page, self.visits)


class Server:
    """One page that is served, from the folder that is made for it to that folder's end."""

    def __init__(self, allowed: Limits) -> None:
        self.visits = Visits(Path(utils.get_upload_folder()), allowed)
        change_gradio(self.visits.root)
        self.page = build_page().demo
        self.page.visits = self.visits
        # What waits for the network or the lens waits in line, also when a program asks directly.
        self.page.queue(api_open=False, max_size=allowed.queue)
        self.page._queue.ANALYTICS_MAX_EVENTS = 1
        self.page._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
        self.stopped = threading.Event()

    def run(self, host: str, port: int) -> None:
        """Serve until a signal says stop."""
        app = GuardedApp(self.page, self.visits)
        self.visits.forget = lambda session: forget(app, session)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        self.page.launch(
            _app=app,
            _frontend=False,  # or a busy machine that answers late would end the start
            server_name=host,
            server_port=port,
            prevent_thread_lock=True,
            inbrowser=bool(os.environ.get("DISPLAY")),
            **launch_options(),
        )
        self.visits.start()
        give_back_memory()  # what only the start needed
        gc.freeze()  # the rest stays, and is not looked through again
        gc.enable()
        while not self.stopped.wait(1):
            self.page.upload_file_set.clear()
        self.close()

    def stop(self, number: int, frame: FrameType | None) -> None:
        """What a signal does."""
        self.stopped.set()

    def close(self) -> None:
        """Tell all work to end, wait for it a while, and delete every visitor's files."""
        busy = [visitor for visitor in self.visits.visitors.values() if visitor.working]
        for visitor in busy:
            visitor.left.set()
        closing = threading.Thread(target=self.page.close, args=(False,), daemon=True)
        closing.start()
        closing.join(PATIENCE)
        unfinished = sum(bool(visitor.working) for visitor in busy)
        self.visits.stop()
        if unfinished:
            print(f"Auto Focus: {unfinished} requests were stopped unfinished.", file=sys.stderr)
        print("Auto Focus: stopped; visitors' files are deleted.", file=sys.stderr)


def forget(app: App, session: str) -> None:
    """Have Gradio forget a visit, and give its memory back to the system."""
    app.state_holder.delete_state(session)
    app.state_holder.session_data.pop(session, None)
    app.state_holder.time_last_used.pop(session, None)
    queue = app.get_blocks()._queue
    queue.pending_messages_per_session.pop(session, None)
    for event in queue.pending_event_ids_session.pop(session, ()):
        queue.event_ids_to_events.pop(event, None)
    give_back_memory()


def give_back_memory() -> None:
    """Give memory that is free back to the system."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # glibc has it, others need it not
        ctypes.CDLL(None).malloc_trim(0)


def address() -> tuple[str, int]:
    """Where to listen; RequestError if that is taken or means nothing."""
    host = os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    text = os.environ.get("GRADIO_SERVER_PORT") or str(PORT)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise RequestError(f"GRADIO_SERVER_PORT is {text!r}, which is not a port.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(text)))
        except OSError as error:
            raise RequestError(
                f"Port {text} of {host} cannot be used ({error.strerror}). Stop what listens "
                "there, or set GRADIO_SERVER_PORT to another one."
            ) from error
    return host, int(text)


def main() -> int:
    """Serve the page, with the default version loaded already → the exit status."""
    try:
        host, port = address()
        server = Server(limits())
    except AutoFocusError as error:
        print(f"Auto Focus: {error}", file=sys.stderr)
        return 1
    try:
        load_default()
        server.run(host, port)
    finally:
        server.visits.stop()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a thread that still computes would keep the process alive


def load_default() -> None:
    """Load the version that most visitors use; who asks for it later is told of its troubles."""
    usable = version_choices()[0]
    if not usable:
        return
    try:
        predictor_of(usable[0][1])
    except VersionError as error:
        print(f"Auto Focus: {error}", file=sys.stderr)
