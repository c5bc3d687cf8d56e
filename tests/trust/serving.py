"""The server in a process of its own, on loopback, with one tiny version; and one who asks it."""

import contextlib
import http.client
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTING = 300  # seconds that a server may take to start where others compute too
FILE = {"_type": "gradio.FileData"}
START = """
import sys
from pathlib import Path
from autofocus.versions import catalog
catalog.BUNDLED = Path(sys.argv[1])
catalog.DEFAULT = "tiny"
from autofocus.page.start import main
sys.exit(main())
"""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.body)


def answer_of(status, response):
    """What came back, with the names of its headers in small letters."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status, headers, response.read())


class Served:
    """A running server."""

    def __init__(self, folder, versions, program=START, **environment):
        self.folder, self.log, self.known = folder / "files", folder / "log.txt", None
        self.port = free_port()
        environment = {
            **os.environ,
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port),
            "GRADIO_TEMP_DIR": str(self.folder),
            "TMPDIR": str(folder / "system"),
            "AUTOFOCUS_VOTES": str(folder / "votes.sqlite"),
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        environment.pop("DISPLAY", None)
        (folder / "system").mkdir(exist_ok=True)
        command = [sys.executable, "-c", program, str(versions)]
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output
            )

    def wait(self):
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.said()
            with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
                if self.get("/config").status == 200:
                    return self
            time.sleep(0.3)
        pytest.fail(f"no answer within {STARTING} s: {self.said()}")

    def said(self):
        return self.log.read_text()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def ask(self, method, path, body=None, headers=None, timeout=120):
        """One request → what came back, whatever it is."""
        if isinstance(body, dict | list):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body, headers or {}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return answer_of(response.status, response)
        except urllib.error.HTTPError as error:
            with error:
                return answer_of(error.code, error)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body, **options):
        return self.ask("POST", path, body, **options)

    def upload(self, file):
        """Upload a file → its path on the server."""
        answer = self.send(file.name, file.read_bytes())
        assert answer.status == 200, answer.text
        return answer.json()[0]

    def send(self, name, data):
        """Upload these bytes."""
        head = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        body = head.encode() + data + b"\r\n--x--\r\n"
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return self.post("/gradio_api/upload", body, headers=kind)

    def claim(self, path, length):
        """Announce a body of so many bytes, and send none → the head of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
            connection.sendall(head.encode())
            return connection.recv(1000).decode()

    def call(self, name, *data, **options):
        """What a named endpoint answers: its outputs, or the sentence of its error."""
        began = self.post(f"/gradio_api/call/{name}", {"data": list(data), **options})
        if began.status != 200:
            return began.json()["detail"]
        event = began.json()["event_id"]
        answer = self.get(f"/gradio_api/call/{name}/{event}").text
        kind, _, told = answer.strip().split("\n\n")[-1].partition("\n")
        value = json.loads(told.removeprefix("data: "))
        return value if kind == "event: complete" else value["error"]

    def event(self, number, data=(), event_data=None, session="tester", trigger=None):
        """An event of the page that does not wait."""
        told = {
            "fn_index": number,
            "data": list(data),
            "event_data": event_data,
            "session_hash": session,
            "trigger_id": trigger,
        }
        return self.post("/gradio_api/run/predict", told)

    def config(self):
        """What is on the page, by the server's own word; asked for once."""
        self.known = self.known or self.get("/config").json()
        return self.known

    def events(self):
        """What the page can have done."""
        return self.config()["dependencies"]

    def memory(self):
        """Bytes that the server has in memory."""
        statm = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(statm.split()[1]) * resource.getpagesize()

    def busy(self):
        """Seconds that the server has computed so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def number(self, handler):
        """The event of a handler's name."""
        return next(event["id"] for event in self.events() if event["api_name"] == handler)

    def files(self):
        """All files of visitors."""
        kept = [file for file in self.folder.rglob("*") if file.is_file()]
        places = {"visits", "uploads", "tmp"}
        return [file for file in kept if places & set(file.relative_to(self.folder).parts)]


def given(path):
    """An uploaded file, as a program names it."""
    return {"path": str(path), "meta": FILE}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(holds, seconds):
    """Wait until something holds → whether it did within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.2)
    return bool(holds())


@contextlib.contextmanager
def serving(folder, versions, **environment):
    """A server of its own for as long as it is needed."""
    server = Served(folder, versions, **environment)
    try:
        yield server.wait()
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


class Visitor:
    """An open page, without a browser."""

    def __init__(self, server, session):
        self.server, self.session = server, session
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.connection.request("GET", f"/gradio_api/heartbeat/{session}")
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        self.answer.readline()

    def leave(self):
        """Close the page."""
        self.answer.close()
        self.connection.close()

    def join(self, number, data, event_data=None):
        """Have an event wait in line."""
        told = {"fn_index": number, "data": data, "session_hash": self.session}
        answer = self.server.post("/gradio_api/queue/join", told | {"event_data": event_data})
        assert answer.status == 200, answer.text

    def messages(self):
        """What the server says of the visitor's events, to the end of all of them."""
        text = self.server.get(f"/gradio_api/queue/data?session_hash={self.session}").text
        lines = [line.removeprefix("data: ") for line in text.splitlines() if line]
        return [json.loads(line) for line in lines]

    def open(self, file):
        """Open a photo as the page does → the messages."""
        self.begin(file)
        return self.messages()

    def begin(self, file):
        """Have a photo opened, and wait for nothing."""
        config = self.server.config()
        upload = next(
            each["id"] for each in config["components"] if each["props"].get("elem_id") == "upload"
        )
        begin = next(d for d in config["dependencies"] if [upload, "upload"] in d["targets"])
        shown = next(d for d in config["dependencies"] if d["trigger_after"] == begin["id"])
        self.join(begin["id"], [[given(file)] if i == upload else None for i in begin["inputs"]])
        self.messages()
        self.join(shown["id"], self.values(shown))

    def values(self, event):
        """What the components of an event hold before anybody touches them."""
        components = self.server.config()["components"]
        initial = {each["id"]: each["props"].get("value") for each in components}
        return [initial[number] for number in event["inputs"]]
