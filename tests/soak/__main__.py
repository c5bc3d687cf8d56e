"""A server under load for a long time: `make soak`. Its figures go into docs/reliability.md.

    python -m tests.soak [--predictions 500] [--visitors 50] [--minutes 10] [--mutations 10000]

The server is the real one, with the version that it offers first. What is printed are facts, and at
the end whether they are within the bars.
"""

import argparse
import io
import json
import os
import platform
import resource
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from autofocus.versions import weights
from tests.trust.serving import START, Served, Visitor, given, serving, until

WARM = 50  # predictions after which the memory is looked at first
MOST_GROWTH = 0.03  # of it, to the last prediction
SLOWEST = 20.0  # seconds that one damaged file may take


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--predictions", type=int, default=500)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--mutations", type=int, default=10_000)
    asked = parser.parse_args()
    print(date.today(), platform.machine(), f"{os.cpu_count()} cores", f"load {os.getloadavg()}")
    with tempfile.TemporaryDirectory() as folder:
        versions = weights.BUNDLED
        program = START.replace('weights.DEFAULT = "tiny"\n', "")
        with serving(Path(folder), versions, program=program) as server:
            predict_often(server, asked.predictions)
            serve_many(server, asked.visitors, 60 * asked.minutes)
            damage(server, asked.mutations)
            leave_nothing(server)
            print("traces in the log:", server.said().count("Traceback"))


def memory(server: Served) -> int:
    """Bytes that the server has in memory."""
    statm = Path(f"/proc/{server.process.pid}/statm").read_text()
    return int(statm.split()[1]) * resource.getpagesize()


def photo_bytes(seed: int, side: int = 640) -> bytes:
    """A photo of this size, each a little different."""
    pixels = np.roll(skimage.data.astronaut(), seed, axis=1)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((side, side)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def predict_often(server: Served, count: int) -> None:
    """Memory over many predictions, each of a visitor of its own who leaves."""
    first, seconds = 0, []
    for number in range(count):
        began = time.monotonic()
        visitor = Visitor(server, f"soak-{number}")
        visitor.open(server.send("photo.jpg", photo_bytes(number)).json()[0])
        visitor.leave()
        seconds.append(time.monotonic() - began)
        if number == min(WARM, count - 1):
            time.sleep(10)
            first = memory(server)
    if not count:
        return
    time.sleep(10)
    last = memory(server)
    growth = last / first - 1
    print(f"predictions: {count}, median {np.median(seconds):.2f} s each")
    print(
        f"memory after {WARM}: {first / 1e6:.0f} MB, at the end {last / 1e6:.0f} MB ({growth:+.1%})"
    )
    print("within the bar" if growth <= MOST_GROWTH else "NOT within the bar")


def serve_many(server: Served, count: int, seconds: float) -> None:
    """Many visitors at once, each opening one photo after the other."""
    alone = []
    for number in range(3):
        began = time.monotonic()
        call(server, number)
        alone.append(time.monotonic() - began)
    answers, end = [], time.monotonic() + seconds
    threads = [
        threading.Thread(target=ask_until, args=(server, end, number, answers))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [taken for taken, _ in answers]
    refused = sum(isinstance(told, str) for _, told in answers)
    if times:
        slow = np.percentile(times, 95)
        print(f"visitors: {count} at once, {len(times)} answers, {refused} of them a sentence")
        print(f"95 % within {slow:.1f} s, {slow / np.median(alone):.0f} times one alone")


def ask_until(server: Served, end: float, number: int, answers: list) -> None:
    """One visitor."""
    while time.monotonic() < end:
        began = time.monotonic()
        told = call(server, number)
        answers.append((time.monotonic() - began, told))


def call(server: Served, seed: int) -> object:
    """One prediction by a program: its answer, or a sentence."""
    uploaded = server.send("photo.jpg", photo_bytes(seed))
    if uploaded.status != 200:
        return uploaded.text
    return server.call("predict", given(uploaded.json()[0]), None)


def damage(server: Served, count: int) -> None:
    """Photos with bytes changed, cut and repeated: an answer or a sentence, and in time."""
    random, slowest = np.random.default_rng(0), 0.0
    whole = photo_bytes(0, 96)
    stream = io.BytesIO()
    Image.open(io.BytesIO(whole)).save(stream, "PNG")
    sources = [whole, stream.getvalue()]
    for number in range(count):
        data = bytearray(sources[number % 2])
        for _ in range(random.integers(1, 12)):
            data[random.integers(len(data))] = random.integers(256)
        if number % 7 == 0:
            del data[random.integers(len(data)) :]
        began = time.monotonic()
        path = server.send("photo.jpg", bytes(data)).json()[0]
        told = server.call("predict", given(path), None)
        slowest = max(slowest, time.monotonic() - began)
        assert not (isinstance(told, str) and "went wrong" in told), json.dumps(told)
    if count:
        print(f"damaged photos: {count}, the slowest took {slowest:.1f} s")
        print("within the bar" if slowest <= SLOWEST else "NOT within the bar")


def leave_nothing(server: Served) -> None:
    """What is on disk when everybody has left."""
    until(lambda: not server.files(), 660)
    print("files of visitors left:", len(server.files()))


if __name__ == "__main__":
    main()
