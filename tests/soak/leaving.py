"""How soon work ends whose visitor has left, and the server that is told to stop."""

import io
import signal
import socket
import time
from functools import partial

import skimage.data
from PIL import Image

from tests.trust.serving import Served, given, until

ENDS = 2.0  # seconds in which work ends whose visitor has left
STOPS = 10.0  # seconds in which the server ends
QUIET = 0.05  # of a core: less is no work
LOOK = 0.25  # seconds between two looks
# Seconds of computing after which the work is in its middle; of `refocus`, the lens's.
MIDDLE = {"predict": 1.2, "refocus": 6.0}

print = partial(print, flush=True)  # noqa: A001  # it is read while it runs


def large_photo(side: int = 3500) -> bytes:
    """A photo that is long worked on."""
    stream = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()).resize((side, side)).save(stream, "JPEG")
    return stream.getvalue()


def begin(server: Served, name: str, file: str) -> socket.socket:
    """A program that asks for something and listens."""
    data = [given(file), None] if name == "predict" else {"photo": given(file), "f_stop": 1}
    version = "" if name == "predict" else "v2/"
    body = {"data": data} if name == "predict" else data
    event = server.post(f"/gradio_api/call/{version}{name}", body).json()["event_id"]
    listening = socket.create_connection(("127.0.0.1", server.port))
    path = f"/gradio_api/call/{version}{name}/{event}"
    listening.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return listening


def begin_and_wait(server: Served, name: str, file: str) -> socket.socket:
    """The same, when the work is in its middle."""
    before = server.busy()
    listening = begin(server, name, file)
    assert until(lambda: server.busy() - before > MIDDLE[name], 120)
    return listening


def seconds_to_rest(server: Served, most: float = 60) -> tuple[float, float]:
    """How long the server still works, until it does nothing for a second, and computes in that.

    Where other jobs compute too, the second says more than the first.
    """
    began, last, quiet = time.monotonic(), server.busy(), 0
    ended, first = began, last
    while quiet < 1 / LOOK and time.monotonic() - began < most:
        time.sleep(LOOK)
        worked, last = server.busy() - last, server.busy()
        quiet = quiet + 1 if worked < QUIET * LOOK + 0.02 else 0
        ended = ended if quiet else time.monotonic()
    return ended - began, last - first


def leave_often(server: Served, count: int) -> None:
    """Programs that hang up, in the middle of a prediction and of rendering."""
    if not count:
        return
    for name in MIDDLE:
        took = []
        for _ in range(count):
            file = server.send("large.jpg", large_photo()).json()[0]
            begin_and_wait(server, name, file).close()
            took.append(seconds_to_rest(server))
        holds = "within the bar" if max(took)[0] <= ENDS else "NOT within the bar"
        told = ", ".join(f"{wall:.2f} s ({computed:.2f} computed)" for wall, computed in took)
        print(f"left in mid-{name}: the work ended after {told}: {holds}")


def stop_while_busy(server: Served) -> None:
    """SIGTERM while something is rendered."""
    file = server.send("large.jpg", large_photo()).json()[0]
    listening = begin_and_wait(server, "refocus", file)
    began = time.monotonic()
    status = server.stop(signal.SIGTERM)
    took = time.monotonic() - began
    listening.close()
    holds = "within the bar" if took <= STOPS else "NOT within the bar"
    print(f"SIGTERM in mid-refocus: ended after {took:.1f} s with status {status}: {holds}")
