"""The gate before Gradio's app: what passes, how much of it, and what every answer says.

What does not pass is told why in one sentence. An event is handed on as what was understood of it,
so that nothing else of a request reaches Gradio.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from autofocus.errors import BusyError
from autofocus.page.border import GuardedBlocks
from autofocus.page.gradio_changes import NO_ADDRESS
from autofocus.page.limits import (
    FULL,
    LARGEST_BODY,
    LARGEST_CALL,
    LARGEST_UPLOAD,
    MANY,
    SLOW,
    UPLOAD_TIME,
)
from autofocus.page.payloads import sentence_of
from autofocus.page.routes import is_open
from autofocus.page.visits import Visits

API = "/gradio_api/"
EVENTS = ("queue/join", "run/", "call/")
NOT_FOUND = "There is nothing at this address."
NO_FILE = "This file was not uploaded here, or it is gone. Upload it again."
NO_EVENT = "There is no such event on this page."
NO_JSON = "This is not JSON that can be read."
LARGE = "This is too large."
TURN, LOOK = 10.0, 0.1  # seconds that an upload waits for its turn, and between two looks
DROPPING = 60  # seconds in which a refused upload may come to its end
DEEPEST = 20  # lists and objects inside each other
PART = re.compile(rb"bytes=(\d{1,15})-(\d{0,15})")
AGAIN = {"Retry-After": "60"}
POLICY = (
    "default-src 'self'; "
    # Gradio starts from scripts in the page and makes functions from text; see docs/security.md.
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors "
)
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"  # a file is no page

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Event(BaseModel):
    """What the page or a program says of an event; the rest is dropped."""

    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)

    data: Annotated[list[Any], Field(max_length=100)]
    session_hash: Name | None = None
    fn_index: int | None = None
    trigger_id: int | None = None
    event_data: Any = None


@dataclass
class Refusal(Exception):  # noqa: N818  # it is no error but an answer
    """What is answered in place of Gradio."""

    status: int
    sentence: str

    def response(self, path: str) -> HTMLResponse | JSONResponse | PlainTextResponse:
        """In the form that the asker shows to people."""
        headers = AGAIN if self.status == 429 else None
        if path.startswith(f"{API}upload"):
            return PlainTextResponse(self.sentence, self.status, headers)
        if path.startswith(API):
            return JSONResponse({"detail": self.sentence}, self.status, headers)
        page = f"<!doctype html><title>Auto Focus</title><p>{self.sentence}</p>"
        return HTMLResponse(page, self.status, headers)


class Gate:
    """An ASGI app around Gradio's."""

    def __init__(self, app: ASGIApp, page: GuardedBlocks, visits: Visits) -> None:
        self.app, self.page, self.visits = app, page, visits
        self.uploads, self.coming = 0, 0  # uploads on their way, and their bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        send = self.with_headers(path, send)
        try:
            await self.admit(scope, receive, send)
        except Refusal as refusal:
            await refusal.response(path)(scope, receive, send)
        except BusyError as error:
            await Refusal(429, str(error)).response(path)(scope, receive, send)
        except ClientDisconnect:
            return  # in the middle of an upload; there is nobody to be answered

    async def admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in by the door for its kind."""
        path, method = scope["path"], scope["method"]
        if not is_open(path):
            raise Refusal(404, NOT_FOUND)
        if path == f"{API}upload" and method == "POST":
            await self.upload(scope, receive, send)
        elif path.startswith(f"{API}heartbeat/"):
            with self.visits.page_open(name_of(path.removeprefix(f"{API}heartbeat/"))):
                await self.app(scope, receive, send)
        elif method == "POST":
            await self.post(scope, receive, send)
        else:
            self.check_get(path, QueryParams(scope["query_string"]))
            await self.app(with_plain_range(scope), receive, send)

    async def post(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what was understood of what is said."""
        path = scope["path"].removeprefix(API)
        most = LARGEST_CALL if path.startswith("mcp") else LARGEST_BODY
        body = await read_body(scope, receive, most)
        if path.startswith(EVENTS):
            body = self.check_event(path.rstrip("/"), body)
        await self.app(with_length(scope, len(body)), given(body, receive), send)

    def check_get(self, path: str, query: QueryParams) -> None:
        """Refuse what nobody may read, and a page whose visit could not begin."""
        if path.startswith(f"{API}file="):
            self.check_path(path.removeprefix(f"{API}file="), 404)
        if "deep_link" in query:
            raise Refusal(404, NOT_FOUND)
        if path == "/":
            self.check_room()

    def check_room(self) -> None:
        """Refuse a page whose visit could not begin."""
        present = sum(visitor.page for visitor in list(self.visits.visitors.values()))
        if present >= self.visits.limits.visitors:
            raise Refusal(429, MANY)

    def check_path(self, path: str, status: int = 400) -> None:
        """Refuse an address, and a file that is not in the server's folder."""
        if "://" in path[:100]:
            raise Refusal(403, NO_ADDRESS)
        try:
            file = Path(path).resolve()
            fits = file.is_relative_to(self.visits.root) and file.is_file()
        except (OSError, ValueError, RuntimeError):
            fits = False
        if not fits:
            raise Refusal(status, NO_FILE)

    def check_event(self, path: str, body: bytes) -> bytes:
        """What was understood of an event; Refusal if it means nothing."""
        told = parse(body)
        if path.startswith("call/v2/"):
            self.check_named(path.removeprefix("call/v2/"), told)
            return orjson.dumps(self.check_files(told))
        try:
            event = Event.model_validate(told)
        except ValidationError as error:
            raise Refusal(422, sentence_of(error)) from None
        if path.startswith("call/"):
            event.fn_index = self.number_of(path.removeprefix("call/"))
        elif not getattr(self.page.fns.get(event.fn_index), "fn", None):
            raise Refusal(404, NO_EVENT)
        if event.trigger_id not in self.page.blocks:
            event.trigger_id = None
        self.check_queue(event)
        event.data = self.check_files(event.data)
        return orjson.dumps(event.model_dump())

    def number_of(self, name: str) -> int:
        """The number of a named endpoint."""
        for number, function in self.page.fns.items():
            if function.api_name == name and function.api_visibility != "private":
                return number
        raise Refusal(404, NO_EVENT)

    def check_named(self, name: str, told: Any) -> None:
        """Refuse arguments that the endpoint does not have, or lacks."""
        self.number_of(name)
        known = self.page.get_api_info()["named_endpoints"][f"/{name}"]["parameters"]
        needed = {each["parameter_name"] for each in known if not each["parameter_has_default"]}
        names = {each["parameter_name"] for each in known}
        if not isinstance(told, dict) or not needed <= set(told) <= names:
            raise Refusal(422, f"The arguments are these: {', '.join(sorted(names))}.")

    def check_queue(self, event: Event) -> None:
        """Refuse to let ever more wait."""
        queue, limits = self.page._queue, self.visits.limits
        waiting = queue.pending_event_ids_session.get(event.session_hash, ())
        if len(queue) >= limits.queue or len(waiting) >= limits.waiting:
            raise Refusal(429, MANY)

    def check_files(self, value: Any, depth: int = 0) -> Any:
        """The same without addresses; Refusal if a file among it was not uploaded here."""
        if depth > DEEPEST:
            raise Refusal(400, NO_JSON)
        if isinstance(value, list):
            return [self.check_files(each, depth + 1) for each in value]
        if not isinstance(value, dict):
            return value
        if "path" in value:
            if not isinstance(value["path"], str):
                raise Refusal(400, NO_FILE)
            self.check_path(value["path"])
        elif "url" in value:
            raise Refusal(400, NO_ADDRESS)
        return {
            key: self.check_files(each, depth + 1) for key, each in value.items() if key != "url"
        }

    async def upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a photo in, if there is room for it."""
        length = Headers(scope=scope).get("content-length", "")
        if not length.isdigit():
            raise Refusal(411, "Say how large this is.")
        if int(length) > 2 * LARGEST_UPLOAD:
            raise Refusal(413, f"Photos of at most {LARGEST_UPLOAD // 10**6} MB can be uploaded.")
        sentence = await self.wait_for_turn(int(length))
        if sentence:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(drop_body(receive), DROPPING)
            raise Refusal(429, sentence)
        with self.counted(int(length)):
            try:
                async with asyncio.timeout(UPLOAD_TIME):
                    await self.app(scope, receive, send)
            except TimeoutError:
                raise Refusal(408, SLOW) from None
            except OSError:
                raise Refusal(507, FULL) from None

    async def wait_for_turn(self, length: int) -> str:
        """Wait while others upload, but not for long → as `why_not`."""
        for _ in range(round(TURN / LOOK)):
            if self.why_not(length) != MANY:
                break
            await asyncio.sleep(LOOK)
        return self.why_not(length)

    def why_not(self, length: int) -> str:
        """Why an upload of so many bytes cannot come in just now; nothing if it can."""
        limits = self.visits.limits
        if self.uploads >= limits.uploads:
            return MANY
        return FULL if self.visits.used + self.coming + length > limits.disk else ""

    @contextlib.contextmanager
    def counted(self, length: int) -> Iterator[None]:
        """While an upload is on its way."""
        self.uploads, self.coming = self.uploads + 1, self.coming + length
        try:
            yield
        finally:
            self.uploads, self.coming = self.uploads - 1, self.coming - length

    def with_headers(self, path: str, send: Send) -> Send:
        """What every answer says to the browser."""
        policy = POLICY + self.visits.limits.frame_ancestors
        if path.startswith(f"{API}file="):
            policy = FILE_POLICY

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()"
            await send(message)

        return send_with_headers


def with_plain_range(scope: Scope) -> Scope:
    """The request without a range that is not one part of a file: Gradio fails on several."""
    return scope | {
        "headers": [
            (key, value) for key, value in scope["headers"] if key != b"range" or is_part(value)
        ]
    }


def is_part(value: bytes) -> bool:
    """Whether a range is one part, from a byte on: "bytes=0-" or "bytes=5-9"."""
    part = PART.fullmatch(value)
    return bool(part) and (not part[2] or int(part[1]) <= int(part[2]))


def name_of(session: str) -> str:
    """The name of a session; Refusal if it is none."""
    if not (0 < len(session) <= 64 and session.replace("-", "").replace("_", "").isalnum()):
        raise Refusal(404, NOT_FOUND)
    return session


def parse(body: bytes) -> Any:
    """What a JSON text says; orjson knows neither NaN nor depths that break a stack."""
    try:
        return orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        raise Refusal(400, NO_JSON) from None


async def drop_body(receive: Receive) -> None:
    """Read a body and keep nothing: a browser listens to no answer before all is sent."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


async def read_body(scope: Scope, receive: Receive, most: int) -> bytes:
    """The whole body of a request that is not too large."""
    length = Headers(scope=scope).get("content-length", "0")
    if length.isdigit() and int(length) > most:
        raise Refusal(413, LARGE)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400, NO_JSON)
        body += message.get("body", b"")
        if len(body) > most:
            raise Refusal(413, LARGE)
        if not message.get("more_body"):
            return bytes(body)


def given(body: bytes, receive: Receive) -> Receive:
    """A body that has been read, to be read once more; then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def with_length(scope: Scope, length: int) -> Scope:
    """The request with another length of its body."""
    headers = [(key, value) for key, value in scope["headers"] if key != b"content-length"]
    return scope | {"headers": [*headers, (b"content-length", str(length).encode())]}
