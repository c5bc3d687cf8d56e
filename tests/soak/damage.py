"""Damaged inputs: each an answer or a sentence, in time, and in memory that is there.

They are read in a process of their own, by everything that the page, the programs' endpoints and
the command line read with; it is killed, and begun anew, where one input takes too long.
"""

import multiprocessing
import resource
import tempfile
import time
import traceback
import warnings
from collections import Counter
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from autofocus.errors import AutoFocusError
from tests.soak.mutate import mutate
from tests.trust.serving import Served, given

SLOWEST = 20.0  # seconds that one damaged input may take
MOST_MEMORY = 3e9  # bytes of the process that reads them
STARTING = 600  # seconds that the process may take to start
EVERY = 1000  # inputs between two lines

print = partial(print, flush=True)  # noqa: A001  # it is read while it runs


def read_damaged(count: int, seed: int = 0) -> list[str]:
    """Read so many damaged inputs → what went wrong, which is printed too."""
    number, faults, outcomes, peak, slowest = 0, [], Counter(), 0, (0.0, "")
    while number < count:
        for told in until_stuck(number, count, seed):
            number, kind, outcome, took, memory = told
            outcomes[outcome.split("\n")[0][:10]] += 1
            peak, slowest = max(peak, memory), max(slowest, (took, kind))
            if outcome.startswith("fault"):
                faults.append(f"{number} {kind} {outcome}")
                print(faults[-1])
            number += 1
            if number % EVERY == 0:
                print(f"{number} inputs, {dict(outcomes)}, peak {peak / 1e6:.0f} MB")
    within = not faults and slowest[0] <= SLOWEST and peak <= MOST_MEMORY
    print(f"damaged inputs: {number}, {dict(outcomes)}, {len(faults)} faults")
    print(f"slowest {slowest[0]:.1f} s ({slowest[1]}), peak {peak / 1e6:.0f} MB:", end=" ")
    print("within the bar" if within else "NOT within the bar")
    return faults


def until_stuck(first: int, count: int, seed: int):
    """What a process says of each input from `first` on, to the end or to one that hangs."""
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe()
    process = context.Process(target=work, args=(its, first, count, seed))
    process.start()
    its.close()
    number, patience = first, STARTING
    try:
        while number < count:
            if not mine.poll(patience):
                yield number, "?", f"fault: no end within {patience} s", patience, 0
                return
            told = mine.recv()
            patience = SLOWEST
            if told is not None:
                number = told[0] + 1
                yield told
    except EOFError:
        process.join()
        yield number, "?", f"fault: the process ended with {process.exitcode}", 0, 0
    finally:
        process.kill()
        process.join()


def work(pipe: Connection, first: int, count: int, seed: int) -> None:
    """In the process: read one input after the other."""
    from tests.soak.inputs import inputs

    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        known = inputs(Path(folder))
        pipe.send(None)  # it has begun
        for number in range(first, count):
            pipe.send((number, *read_one(known, number, seed)))


def read_one(known: list, number: int, seed: int) -> tuple[str, str, float, int]:
    """Damage one input and read it → its kind, how that ended, seconds, most memory so far."""
    random = np.random.default_rng((seed, number))
    whole, other = known[random.integers(len(known))], known[random.integers(len(known))]
    data = mutate(whole.data, random, other.data)
    began = time.monotonic()
    outcome = read_by(whole.readers[random.integers(len(whole.readers))], data)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return whole.kind, outcome, time.monotonic() - began, peak


def read_by(read, data: bytes) -> str:
    """How it ends when an input is read."""
    from autofocus.page.gate import Refusal

    try:
        read(data)
    except (AutoFocusError, Refusal) as error:
        said = str(getattr(error, "sentence", error))
        return "sentence" if said.strip() and "\n" not in said else f"fault: said {said!r}"
    except BaseException:  # noqa: BLE001  # whatever it is, it is a fault
        return f"fault\n{traceback.format_exc()}"
    return "answer"


def send_damaged(server: Served, count: int) -> None:
    """Damaged photos over HTTP, and a prediction of each that can be read."""
    if not count:
        return
    from tests.soak.inputs import photos

    random, slowest, outcomes = np.random.default_rng(1), 0.0, Counter()
    known = photos()
    for _ in range(count):
        whole, other = known[random.integers(len(known))], known[random.integers(len(known))]
        data = mutate(whole.data, random, other.data)
        began = time.monotonic()
        path = server.send("photo.jpg", data).json()[0]
        told = server.call("predict", given(path), None)
        outcomes["sentence" if isinstance(told, str) else "answer"] += 1
        slowest = max(slowest, time.monotonic() - began)
        if isinstance(told, str) and "went wrong" in told:
            outcomes["fault"] += 1
    print(f"damaged photos over HTTP: {count}, {dict(outcomes)}, slowest {slowest:.1f} s:", end=" ")
    print("within the bar" if slowest <= SLOWEST and not outcomes["fault"] else "NOT within")
