"""Ways in which a file or a text comes out wrong."""

import json
import struct

import numpy as np

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 64, 30_000)
ODD = (
    None, True, 0, -1, 1.5, 1e308, -1e308, 10**30, "", "x" * 3000, "\0", "../../etc/passwd", "<b>",
    "nan", "∞", [], {}, [[]], {"path": 1}, {"path": "/etc/passwd"}, {"url": "http://x/"}, [1] * 200,
)  # fmt: skip


def mutate(data: bytes, random: np.random.Generator, other: bytes) -> bytes:
    """The input, changed in one way or two; `other`: an input to take parts of."""
    ways = [flip, set_number, cut, repeat, leave_out, blank, splice]
    if data[:1] in (b"{", b"["):
        ways += [change_json] * 12
    for _ in range(random.integers(1, 3)):
        data = ways[random.integers(len(ways))](data, random, other) or data
    return data


def place(data: bytes, random: np.random.Generator) -> int:
    """Somewhere, every other time near the start: there a file says what it is."""
    return int(random.integers(min(len(data), 300 if random.random() < 0.5 else len(data))))


def flip(data: bytes, random: np.random.Generator, _: bytes) -> bytes:
    """Some bytes, each another one."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 6)):
        changed[place(data, random)] = random.integers(256)
    return bytes(changed)


def set_number(data: bytes, random: np.random.Generator, _: bytes) -> bytes:
    """A number of 2 or 4 bytes, in either order, at an end of its range."""
    at, number = place(data, random), NUMBERS[random.integers(len(NUMBERS))]
    form = (">H", "<H", ">I", "<I")[random.integers(4)]
    kept = number & (0xFFFF if form[1] == "H" else 0xFFFFFFFF)
    packed = struct.pack(form, kept)
    return data[:at] + packed + data[at + len(packed) :]


def cut(data: bytes, random: np.random.Generator, _: bytes) -> bytes:
    """The end is missing."""
    return data[: place(data, random)]


def repeat(data: bytes, random: np.random.Generator, _: bytes) -> bytes:
    """A part, many times."""
    at, length = place(data, random), int(random.integers(1, 64))
    return data[:at] + data[at : at + length] * int(random.integers(2, 300)) + data[at:]


def leave_out(data: bytes, random: np.random.Generator, _: bytes) -> bytes:
    """A part is missing."""
    at = place(data, random)
    return data[:at] + data[at + int(random.integers(1, 64)) :]


def blank(data: bytes, random: np.random.Generator, _: bytes) -> bytes:
    """A part is all zeros or all ones."""
    at, length = place(data, random), int(random.integers(1, 64))
    return data[:at] + (b"\0", b"\xff")[random.integers(2)] * length + data[at + length :]


def splice(data: bytes, random: np.random.Generator, other: bytes) -> bytes:
    """The start of one and the end of another."""
    return data[: place(data, random)] + other[place(other, random) :]


def change_json(data: bytes, random: np.random.Generator, _: bytes) -> bytes | None:
    """Another value somewhere in a JSON text, which stays one."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return None
    inside = [(told, key) for key in keys(told)]
    for value in [told[key] for key in keys(told)]:
        inside += [(value, key) for key in keys(value)]
    if not inside:
        return None
    holder, key = inside[random.integers(len(inside))]
    holder[key] = ODD[random.integers(len(ODD))]
    return json.dumps(told).encode()


def keys(value: object) -> list:
    """What a list or an object has values at; nothing of what is neither."""
    if isinstance(value, list):
        return list(range(len(value)))
    return list(value) if isinstance(value, dict) else []
