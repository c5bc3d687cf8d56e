"""A server under load for a long time: `make soak`. Its figures go into docs/reliability.md.

Each part can be left out with 0, and says what it finds as it goes; one after the other:

    python -m tests.soak --visitors 0 --mutations 0 --by-http 0 --leaving 0     # memory
    python -m tests.soak --predictions 0 --mutations 0 --by-http 0 --leaving 0  # many at once
    python -m tests.soak --predictions 0 --visitors 0 --mutations 0 --by-http 0 # who leaves
    python -m tests.soak --predictions 0 --visitors 0 --leaving 0               # damaged inputs

The server is the real one, with the version that it offers first.
"""

import argparse
import os
import platform
import tempfile
from datetime import date
from functools import partial
from pathlib import Path

from autofocus.versions import catalog
from tests.soak import damage, leaving, load
from tests.trust.serving import START, serving, until

print = partial(print, flush=True)  # noqa: A001  # it is read while it runs


def main() -> None:
    """Run the parts that are asked for."""
    asked = arguments()
    print(date.today(), platform.machine(), f"{os.cpu_count()} cores", f"load {os.getloadavg()}")
    if asked.mutations:
        damage.read_damaged(asked.mutations)
    if asked.predictions or asked.visitors or asked.by_http or asked.leaving:
        with tempfile.TemporaryDirectory() as folder:
            serve(Path(folder), asked)
    print("load at the end", os.getloadavg())


def arguments() -> argparse.Namespace:
    """How much of each part."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--predictions", type=int, default=500, help="each of another visitor")
    parser.add_argument("--visitors", type=int, default=20, help="at once")
    parser.add_argument("--photos", type=int, default=5, help="of each of these visitors")
    parser.add_argument("--mutations", type=int, default=10_000, help="inputs, in one process")
    parser.add_argument("--by-http", type=int, default=300, help="damaged photos, to the server")
    parser.add_argument("--leaving", type=int, default=5, help="times in the middle of each work")
    parser.add_argument("--kept", type=int, default=600, help="seconds that files are kept")
    parser.add_argument("--side", type=int, default=320, help="pixels of a photo")
    return parser.parse_args()


def serve(folder: Path, asked: argparse.Namespace) -> None:
    """The parts that ask a server, and what it leaves."""
    program = START.replace('catalog.DEFAULT = "tiny"\n', "")
    kept = {"AUTOFOCUS_KEPT": str(asked.kept)}
    with serving(folder, catalog.BUNDLED, program=program, **kept) as server:
        print(f"idle: {server.memory() / 1e6:.0f} MB")
        load.predict_often(server, asked.predictions, asked.side)
        load.serve_many(server, asked.visitors, asked.photos, asked.side)
        leaving.leave_often(server, asked.leaving)
        damage.send_damaged(server, asked.by_http)
        until(lambda: not server.files(), asked.kept + 60)
        print(f"files left {asked.kept} s after the last visitor: {len(server.files())}")
        leaving.stop_while_busy(server)
        print("traces in the log:", server.said().count("Traceback"))


if __name__ == "__main__":
    main()
