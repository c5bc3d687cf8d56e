"""How the server starts: what it does not do, and what it does again once it serves."""

import signal

from tests.trust.serving import START, serving, until

WATCHED = """
import gc, signal, sys

def note(event, arguments):
    if event == "open" and str(arguments[0]).endswith(".pyi"):
        print("stub:", arguments[0], flush=True)

def tell(*_):
    print("collects:", gc.isenabled(), "set aside:", gc.get_freeze_count() > 10_000, flush=True)

sys.addaudithook(note)
signal.signal(signal.SIGUSR1, tell)
"""


def test_it_writes_no_stubs_and_looks_for_garbage_only_in_what_visitors_bring(
    tmp_path, tiny_versions
):
    with serving(tmp_path, tiny_versions, program=WATCHED + START) as server:

        def collects():
            server.process.send_signal(signal.SIGUSR1)
            return "collects: True set aside: True" in server.said()

        assert until(collects, 60), server.said()
        assert "stub:" not in server.said()
