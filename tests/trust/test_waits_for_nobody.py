"""A Hub that is dead, or that takes a question and never answers, holds nobody up."""

import os
import socket
import subprocess
import sys

import pytest

from autofocus.versions import hub
from tests.conftest import HUB_PORT
from tests.trust.serving import ROOT

MOST = 5  # seconds that a command may wait for a Hub
ASK = """
import sys, time
from autofocus.cli import commands
began = time.monotonic()
commands.versions()
print("waited", time.monotonic() - began)
"""


@pytest.fixture(params=["dead", "hanging"])
def endpoint(request):
    """The address of a Hub where nobody answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", HUB_PORT if request.param == "dead" else 0))
        if request.param == "hanging":
            listening.listen(50)  # the system takes the connection, and nobody reads it
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_versions_are_listed_where_no_hub_answers(endpoint, tmp_path):
    assert hub.PATIENCE < MOST
    environment = os.environ | {
        "HF_ENDPOINT": endpoint,
        "HF_HUB_CACHE": str(tmp_path),
        hub.REPOS_VARIABLE: "team/one team/two team/three",
    }
    listed = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert listed.returncode == 0 and "Traceback" not in listed.stderr
    assert "dinov2-s\tbundled" in listed.stdout
    assert listed.stderr.count("Versions on this machine still work.") == 3
    waited = float(listed.stdout.split("waited")[1])
    assert waited < 12 * MOST  # wide: other jobs compute too, and the patience is looked at above
