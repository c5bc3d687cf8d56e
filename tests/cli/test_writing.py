"""Every command on a disk that fails: old files stay whole, and nothing half is left beside them.

A command that is added and that nobody put into a table here fails a test.
"""

import json
import shutil
import tempfile
from contextlib import nullcontext

import pytest
import typer

from autofocus.batch import run as batch_run
from autofocus.batch.plan import REQUEST
from autofocus.batch.worker import Worker
from autofocus.cli import main as cli
from autofocus.photo import resize, write_depth, write_photo
from tests.cli.test_commands import run
from tests.conftest import filled
from tests.files.test_atomic import OLD, files_of_at_most
from tests.versions.folders import change_config
from tests.versions.test_publish import KNOWN

OWN = ["--depth", "own.png", "--focus", "0.8"]
WRITING = [
    ["predict", "in", "--output", "out"],
    ["refocus", "in/photo.png", "--output", "out/soft.jpg", *OWN],
    ["refocus", "in", "--output", "out/", "--overwrite"],
    ["rack", "in/photo.png", "--output", "out/pull.webp", "--seconds", "0.1", "--depth", "own.png"],
    ["sheet", "in/photo.png", "--output", "out/sheet.png"],
    ["sheet", "in/photo.png", "--output", "out/sheet.html"],
    ["compare", "tiny", "tiny", "--photos", "in", "--output", "out"],
    ["batch", "in", "out"],
    ["batch", "in", "out", "--refocus"],
    ["batch", "in", "out", "--parquet"],
]
WRITING_NOTHING = [
    ["versions"],
    ["publish", "version", "owner/name", "--dry-run"],
    ["publish-space", "owner/name", "--dry-run"],
]
SERVING = "serve"  # what it writes for visitors is in tests/page


def in_words(arguments):
    return " ".join(arguments)


def test_every_command_is_here():
    named = {command for command, *_ in WRITING + WRITING_NOTHING} | {SERVING}
    assert named == set(typer.main.get_command(cli.app).commands)


@pytest.fixture
def folder(scene, tmp_path, only_tiny, monkeypatch):
    """Where the commands run: a small photo, a depth map, a version; Ray is this process."""
    monkeypatch.chdir(tmp_path)
    for name in ("in", "tmp"):
        (tmp_path / name).mkdir()
    write_photo(resize(scene[0], (24, 32)), tmp_path / "in/photo.png")
    write_depth(resize(filled(scene[1]), (24, 32)), tmp_path / "own.png")
    shutil.copytree(only_tiny.folder, tmp_path / "version")
    change_config(tmp_path / "version", **KNOWN)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(batch_run, "ray_cluster", nullcontext)
    monkeypatch.setattr(batch_run, "outcomes", work_here)
    return tmp_path


def work_here(job, stems, workers, threads):
    told = Worker(job, 1, "test")({"key": list(stems), "stem": list(stems.values())})
    return zip(told["key"], told["error"], strict=True)


def files_below(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def make_old(output):
    """Old files where outputs will go; of a run, those that it makes again or leaves alone."""
    if (output / REQUEST).exists():
        shutil.copy(output.parent / "in/photo.png", output.parent / "in/other.png")
        (output / "errors.jsonl").touch()
        for facts in output.glob("[!.]*.json"):
            facts.unlink()
    for file in output.iterdir():
        if file.name != REQUEST and file.suffix != ".parquet":
            file.write_bytes(OLD)


def failing(arguments, size, capsys):
    """Run a command where no file can have more than so many bytes; it says so."""
    with files_of_at_most(size):
        assert run(*arguments) == 1
    told = capsys.readouterr()
    assert "cannot be written" in told.err
    assert "Traceback" not in told.err and "The program failed" not in told.err


@pytest.mark.slow
@pytest.mark.parametrize("arguments", WRITING, ids=in_words)
def test_a_write_that_fails_leaves_old_files_whole(folder, arguments, capsys):
    assert run(*arguments) == 0
    output = folder / "out"
    largest = max(files_below(output).items(), key=lambda item: len(item[1]))
    make_old(output)
    old, snapshots = files_below(folder), []
    for size in (0, 10, len(largest[1]) // 2, len(largest[1]) - 1):
        failing(arguments, size, capsys)
        snapshots.append(files_below(folder))
        assert snapshots[-1][largest[0]] == old[largest[0]]
    assert run(*arguments) == 0
    new = files_below(folder)
    for snapshot in snapshots:
        assert snapshot.keys() >= old.keys()
        assert not [p for p, data in snapshot.items() if not is_whole(p, data, old, new)]


def is_whole(path, data, old, new):
    """Whether a file is as it was before a command, or as the command makes it."""
    if path.name == "errors.jsonl" and data != OLD:
        return [json.loads(line)["error"] for line in data.decode().splitlines(keepends=True)]
    return data in (old.get(path), new.get(path))


@pytest.mark.parametrize("arguments", WRITING, ids=in_words)
def test_a_write_that_fails_leaves_nothing_where_nothing_was(folder, arguments, capsys):
    before = files_below(folder)
    failing(arguments, 0, capsys)
    assert files_below(folder) == before


@pytest.mark.parametrize("arguments", WRITING_NOTHING, ids=in_words)
def test_commands_that_write_nothing_need_no_room(folder, arguments, capsys):
    before = files_below(folder)
    with files_of_at_most(0):
        assert run(*arguments) == 0
    assert files_below(folder) == before
    assert capsys.readouterr().out


def test_standard_output_on_a_full_disk_gets_a_sentence(folder, monkeypatch, capsys):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert run("refocus", "in/photo.png", "--output", "-", *OWN) == 1
    told = capsys.readouterr().err
    assert "standard output cannot be written (No space left on device)." in told
    assert "Traceback" not in told
