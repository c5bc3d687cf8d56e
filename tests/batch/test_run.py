"""Runs on a real Ray of this machine, whose processes are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autofocus.batch.outputs import MAPS
from autofocus.photo import resize, write_photo
from tests.batch.test_batch import files_in
from tests.cli.test_commands import run as command

pytestmark = pytest.mark.slow
PHOTOS = 40
PATIENCE = 1800  # seconds, on a machine that does much else


@pytest.fixture
def library(scene, tmp_path):
    """Many photos that take a moment each, and one file that is none."""
    folder = tmp_path / "in"
    folder.mkdir()
    write_photo(resize(scene[0], (600, 800)), folder / "p0.jpg")
    for number in range(1, PHOTOS):
        os.link(folder / "p0.jpg", folder / f"p{number}.jpg")
    (folder / "bad.jpg").write_text("no photo")
    return folder


@pytest.fixture
def start(library, tmp_path, only_tiny):
    """Starts the run; whatever is left of it in the end is killed."""
    started = []

    def start_run():
        arguments = ("batch", library, tmp_path / "out", "--version", "tiny", "--workers", "2")
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "autofocus", *map(str, arguments)],
                env=os.environ | {"AUTOFOCUS_VERSIONS": str(only_tiny.folder.parent)},
                stderr=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start_run
    for process in started:
        process.kill()
        process.communicate()


def parent_of(pid):
    """The parent of a process; 0 where it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def workers_of(driver):
    """The processes that hold the network in a run."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            name = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if name.startswith(b"ray::MapWorker"):
            ancestor = int(place.name)
            while ancestor not in (0, 1, driver.pid):
                ancestor = parent_of(ancestor)
            if ancestor == driver.pid:
                found.append(int(place.name))
    return found


def done_in(folder):
    """Every photo that is done, with what a second writing would change of its files."""
    return {
        facts.stem: [
            (stat.st_ino, stat.st_mtime_ns)
            for stat in (facts.with_name(f"{facts.stem}{suffix}").stat() for suffix in MAPS)
        ]
        for facts in folder.glob("[!.]*.json")
    }


def wait_for(count, folder, driver):
    """What is done, once so many photos are."""
    end = time.monotonic() + PATIENCE
    while len(done_in(folder)) < count:
        assert driver.poll() is None, driver.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.05)
    return done_in(folder)


def test_nothing_is_lost_or_done_twice_whoever_is_killed(library, tmp_path, start):
    output = tmp_path / "out"
    first = start()
    at_first = wait_for(4, output, first)
    victim, *_ = workers_of(first)
    os.kill(victim, signal.SIGKILL)
    at_second = wait_for(len(at_first) + 8, output, first)
    assert victim not in workers_of(first)
    first.kill()
    first.communicate()
    time.sleep(2)  # its workers end with it
    at_third = done_in(output)
    assert len(at_third) < PHOTOS, "there was nothing left to resume"

    second = start()
    said, told = second.communicate(timeout=PATIENCE)
    assert second.returncode == 1, told
    assert f"{PHOTOS + 1} photos, {len(at_third)} of them done already" in told
    assert said == f"{PHOTOS} photos are done; 1 failed.\n"
    at_last = done_in(output)
    for earlier in (at_first, at_second, at_third):
        assert {name: at_last[name] for name in earlier} == earlier
    (line,) = (output / "errors.jsonl").read_text().splitlines()
    assert json.loads(line)["path"] == str(library / "bad.jpg")

    assert command("predict", library / "p0.jpg", "--output", tmp_path / "one") == 0
    expected = files_in(tmp_path / "one")
    made = files_in(output)
    assert len(made) == 3 * PHOTOS + 1
    for number in range(PHOTOS):
        for suffix in MAPS:
            assert made[f"p{number}{suffix}"] == expected[f"p0{suffix}"]
