"""Many predictions one after the other, and many visitors at once."""

import io
import threading
import time
from functools import partial

import numpy as np
import skimage.data
from PIL import Image

from tests.trust.serving import Served, Visitor

WARM = 50  # predictions after which the memory is looked at first
MOST_GROWTH = 0.03  # of it, to the last prediction
REST = 10  # seconds after which a visit's memory is back
SLOWEST = 25  # times one alone, within which 95 of 100 visitors get their answer

print = partial(print, flush=True)  # noqa: A001  # it is read while it runs


def photo_bytes(seed: int, side: int) -> bytes:
    """A photo of this size, each a little different."""
    pixels = np.roll(skimage.data.astronaut(), seed, axis=1)
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((side, side)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def verdict(holds: bool) -> str:
    """In words."""
    return "within the bar" if holds else "NOT within the bar"


def open_photo(server: Served, name: str, data: bytes) -> bool:
    """One visit: a photo is opened as the page does, and the page is closed → whether it was."""
    visitor = Visitor(server, name)
    try:
        messages = visitor.open(server.send("photo.jpg", data).json()[0])
        return any(told.get("success") for told in messages)
    finally:
        visitor.leave()


def predict_often(server: Served, count: int, side: int) -> None:
    """Memory over many predictions, each of a visitor of its own who leaves."""
    first, seconds, answered = 0, [], 0
    for number in range(1, count + 1):
        began = time.monotonic()
        answered += open_photo(server, f"soak-{number}", photo_bytes(number, side))
        seconds.append(time.monotonic() - began)
        if number % WARM == 0 or number == count:
            time.sleep(REST)
            first = first or server.memory()
            print(f"after {number} predictions: {server.memory() / 1e6:.0f} MB")
    if count:
        growth = server.memory() / first - 1
        print(f"{answered} of {count} answered, median {np.median(seconds):.2f} s each")
        print(f"growth of memory {growth:+.1%}: {verdict(growth <= MOST_GROWTH)}")


def serve_many(server: Served, count: int, photos: int, side: int) -> None:
    """Many visitors at once, each opening some photos one after the other."""
    if not count:
        return
    alone, answers = [], []
    ask_often(server, "alone", 5, side, alone)
    threads = [
        threading.Thread(target=ask_often, args=(server, f"many-{number}", photos, side, answers))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    slow, one = np.percentile([taken for taken, _ in answers], 95), np.median([t for t, _ in alone])
    print(f"{count} visitors at once with {photos} photos each: {len(answers)} asked, ", end="")
    print(f"{sum(answered for _, answered in answers)} answered")
    print(f"one alone {one:.2f} s, 95 % within {slow:.1f} s, {slow / one:.1f} times one alone: ")
    print(verdict(slow <= SLOWEST * one and len(answers) == count * photos))
    print(f"memory {server.memory() / 1e6:.0f} MB")


def ask_often(server: Served, name: str, photos: int, side: int, answers: list) -> None:
    """One visitor: what each photo took, and whether it was answered."""
    for number in range(photos):
        data = photo_bytes(17 * number, side)
        began = time.monotonic()
        answered = open_photo(server, f"{name}-{number}", data)
        answers.append((time.monotonic() - began, answered))
