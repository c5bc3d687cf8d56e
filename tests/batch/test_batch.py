"""Runs without Ray: what is found, named, made, resumed; Ray itself is in test_run.py."""

import json
import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from autofocus.batch import worker as worker_module
from autofocus.batch.outputs import MAPS, write_maps
from autofocus.batch.parts import find_written
from autofocus.batch.places import find_photos, open_place
from autofocus.batch.plan import Job, check_request, find_missing, number_stems
from autofocus.batch.refocusing import Refocusing
from autofocus.batch.run import keep_errors, share_out, watch
from autofocus.batch.worker import DEATHS, Worker
from autofocus.errors import PhotoError, RequestError
from autofocus.photo import write_photo
from autofocus.predict import Prediction
from tests.cli.test_commands import run as command
from tests.files.test_atomic import files_of_at_most

SCHEMES = ["", "file://", "local://"]  # a path; pyarrow's; fsspec's, as a bucket of its own


@pytest.fixture
def library(scene, tmp_path):
    """A folder with photos, one below another, one that is none, and one of a taken name."""
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.jpg", "a.png", "sub/b.png"):
        write_photo(scene[0], folder / name)
    (folder / "bad.jpg").write_text("no photo")
    (folder / "notes.txt").write_text("not called like a photo")
    return folder


@pytest.fixture
def job(library, tmp_path, only_tiny):
    """Maps of all of them."""
    output = open_place(str(tmp_path / "out"))
    return Job(open_place(str(library)), output, "tiny", only_tiny.sha256)


def batch_of(job, *keys):
    """What Ray hands to a worker."""
    stems = number_stems(find_photos(job.source.name, job.output)[1])
    keys = keys or tuple(stems)
    return {"key": np.array(keys), "stem": np.array([stems[key] for key in keys])}


def files_in(folder):
    """Every file's contents, but for the seconds in facts."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            data = path.read_bytes()
            if path.suffix == ".json":
                data = {n: v for n, v in json.loads(data).items() if n != "seconds"}
            found[str(path.relative_to(folder))] = data
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
def test_photos_are_found_in_folders_wildcards_and_buckets(library, tmp_path, scheme):
    output = open_place(f"{scheme}{library}/out")
    (library / "out").mkdir()
    (library / "out" / "a.depth.png").touch()
    place, keys = find_photos(f"{scheme}{library}", output)
    assert keys == ["a.jpg", "a.png", "bad.jpg", "sub/b.png"]
    assert place.read("bad.jpg") == b"no photo"
    assert find_photos(f"{scheme}{library}/*.png", output)[1] == ["a.png"]
    assert find_photos(f"{scheme}{library}/**/*.png", output)[1] == ["a.png", "sub/b.png"]
    with pytest.raises(RequestError, match="no photo"):
        find_photos(f"{scheme}{library}/*.tif", output)
    with pytest.raises(RequestError, match="among the photos"):
        find_photos(f"{scheme}{library}", open_place(f"{scheme}{library}/"))


def test_an_unknown_kind_of_bucket_gets_a_sentence():
    with pytest.raises(RequestError, match="cannot be opened"):
        open_place("nothing://bucket/photos")


def test_names_are_those_of_predict():
    stems = number_stems(["a-2.jpg", "a.jpg", "a.png", "s/a.jpg", "s/v1.2.jpg"])
    assert list(stems.values()) == ["a-2", "a", "a-3", "s/a", "s/v1.2"]


def test_outputs_are_those_of_predict_byte_for_byte(job, library, tmp_path):
    told = Worker(job, 1, "test")(batch_of(job))
    errors = dict(zip(told["key"], told["error"], strict=True))
    assert errors.pop("bad.jpg").startswith("This file is not a photo")
    assert set(errors.values()) == {""}
    top = [library / name for name in ("a.jpg", "a.png", "bad.jpg")]
    assert command("predict", *top, "--output", tmp_path / "one") == 1
    assert command("predict", library / "sub", "--output", tmp_path / "one" / "sub") == 0
    assert files_in(tmp_path / "out") == files_in(tmp_path / "one")


def test_of_maps_that_cannot_all_be_written_none_is_left(tmp_path):
    flat, noise = np.full((12, 16), 0.5, np.float32), np.random.default_rng(0).random((12, 16))
    for maps in ((flat, noise), (noise, flat)):
        prediction = Prediction(*(values.astype(np.float32) for values in maps))
        for size in range(0, 220, 10):
            with files_of_at_most(size), pytest.raises(PhotoError, match="cannot be written"):
                write_maps(prediction, {"reason": "x" * 100}, tmp_path, "photo")
            assert not any(tmp_path.iterdir())
    write_maps(prediction, {}, tmp_path, "photo")
    assert {file.name for file in tmp_path.iterdir()} == {f"photo{suffix}" for suffix in MAPS}


def test_refocused_photos_are_those_of_refocus(job, library, tmp_path):
    how = Refocusing(0.3, {"f_stop": 1.0, "focus_range": 0.1})
    Worker(replace(job, refocusing=how), 1, "test")(batch_of(job, "sub/b.png"))
    options = ("--focus", 0.3, "--f-stop", 1, "--range", 0.1)
    assert command("refocus", library / "sub/b.png", "--output", tmp_path / "b.png", *options) == 0
    assert (tmp_path / "out/sub/b.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_only_what_is_missing_or_broken_is_made_again(job, tmp_path, scheme):
    job = replace(job, output=open_place(f"{scheme}{tmp_path}/out"))
    stems = number_stems(["a.jpg", "a.png", "sub/b.png"])
    work = Worker(pickle.loads(pickle.dumps(job)), 1, "test")  # as it reaches another machine
    batch = batch_of(job, *stems)
    work(batch)
    assert find_missing(job, stems) == {}
    before = {path: path.stat() for path in (tmp_path / "out").rglob("*.*")}
    work(batch)
    assert before == {path: path.stat() for path in (tmp_path / "out").rglob("*.*")}
    (tmp_path / "out/a.depth.png").write_bytes(b"")
    (tmp_path / "out/sub/b.saliency.png").unlink()
    missing = find_missing(job, stems)
    assert list(missing) == ["a.jpg", "sub/b.png"]
    work(batch)
    assert find_missing(job, stems) == {}


def test_a_file_that_was_interrupted_is_not_whole(job, tmp_path):
    work = Worker(job, 1, "test")
    work(batch_of(job, "a.jpg", "a.png"))
    stems = number_stems(["a.jpg", "a.png"])
    depth, facts = tmp_path / "out/a.depth.png", tmp_path / "out/a-2.json"
    depth.write_bytes(depth.read_bytes()[:-3])
    facts.write_text(facts.read_text()[:-3])
    assert find_missing(job, stems) == stems


def test_parquet_holds_the_same_and_is_resumed(job, library, tmp_path):
    job = replace(job, parquet=True, refocusing=Refocusing("auto"))
    work, batch = Worker(job, 1, "test"), batch_of(job)
    told = work(batch)
    assert [bool(error) for error in told["error"]] == [False, False, True, False]
    (part,) = (tmp_path / "out").glob("part-*.parquet")
    rows = {row["path"]: row for row in pq.read_table(part).to_pylist()}
    assert command("predict", library / "a.jpg", "--output", tmp_path / "one") == 0
    row = rows["a.jpg"]
    assert row["depth"] == (tmp_path / "one/a.depth.png").read_bytes()
    facts = json.loads((tmp_path / "one/a.json").read_text())
    assert {name: row[name] for name in facts if name != "seconds"} == {
        name: value for name, value in facts.items() if name != "seconds"
    }
    assert row["refocused"].startswith(b"\xff\xd8")
    stat = part.stat()
    assert work(batch)["error"] == told["error"]
    assert part.stat() == stat
    assert find_written(job.output) == set(rows) == {"a.jpg", "a.png", "sub/b.png"}
    part.write_bytes(part.read_bytes()[:-9])
    assert find_missing(job, {"a.jpg": "a"}) == {"a.jpg": "a"}
    assert not part.exists()


def test_a_folder_of_outputs_belongs_to_one_request(job):
    check_request(job)
    check_request(job)
    with pytest.raises(RequestError, match="other settings"):
        check_request(replace(job, refocusing=Refocusing(0.5)))
    with pytest.raises(RequestError, match="other settings"):
        check_request(replace(job, sha256="other"))


def test_a_photo_that_kills_its_workers_is_given_up(job, monkeypatch):
    def die(self, key, stem):
        raise SystemExit  # as near to SIGKILL as one process gets: see below

    monkeypatch.setattr(Worker, "make", die)
    monkeypatch.setattr(worker_module.Path, "unlink", lambda *_, **__: None)
    for _ in range(DEATHS):
        with pytest.raises(SystemExit):
            Worker(job, 1, "deaths")(batch_of(job, "a.jpg"))
    (error,) = Worker(job, 1, "deaths")(batch_of(job, "a.jpg"))["error"]
    assert "workers died of this photo" in error
    monkeypatch.undo()
    for mark in Path(worker_module.gettempdir()).glob("autofocus-deaths-*"):
        mark.unlink()


def test_a_fault_of_ours_ends_one_photo_only(job, monkeypatch):
    def fail(self, key, enough):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(Worker, "read", fail)
    (error,) = Worker(job, 1, "test")(batch_of(job, "a.jpg"))["error"]
    assert error == "The program failed at this photo (ZeroDivisionError: oh)."


def test_a_bucket_that_takes_nothing_is_said(tmp_path):
    place = open_place(f"local://{tmp_path}/out")
    place.write("a.json", b"old")
    with files_of_at_most(0), pytest.raises(PhotoError, match="b.json cannot be written"):
        place.write("b.json", b"new")
    assert place.read("a.json") == b"old"


def test_errors_are_kept_as_lines(job, tmp_path, capsys):
    errors = {}
    watch(job, [("a.jpg", ""), ("bad.jpg", "It is bad.")], 2, errors)
    assert "bad.jpg: It is bad." in capsys.readouterr().err
    keep_errors(job, errors)
    file = tmp_path / "out/errors.jsonl"
    told = {"path": str(tmp_path / "in/bad.jpg"), "error": "It is bad."}
    assert [json.loads(line) for line in file.read_text().splitlines()] == [told]
    keep_errors(job, {})
    assert not file.exists()


GIB = 2**30


@pytest.mark.parametrize(
    ("nodes", "asked", "crew"),
    [
        ([{"CPU": 2, "memory": 16 * GIB}], (None, None, 0), (2, 1, 0, 1)),
        ([{"CPU": 2, "memory": 16 * GIB}], (1, None, 0), (1, 2, 0, 2)),
        ([{"CPU": 2, "memory": 16 * GIB}], (4, None, 0), (4, 0.5, 0, 1)),
        ([{"CPU": 64, "memory": 20 * GIB}], (None, None, 0), (8, 8, 0, 8)),
        ([{"CPU": 8, "memory": 64 * GIB}] * 3, (2, None, 0), (2, 8, 0, 8)),
        ([{"CPU": 8, "GPU": 1, "memory": 64 * GIB}] * 2, (None, 1, 24 * GIB), (4, 4, 0.5, 1)),
        ([{"CPU": 8, "GPU": 4}], (2, None, 0), (2, 4, 1, 4)),
        ([{"CPU": 1, "memory": GIB}], (None, None, 0), (1, 1, 0, 1)),
    ],
)
def test_machines_are_shared_out(nodes, asked, crew):
    found = share_out(nodes, *asked)
    assert (found.workers, found.cpus, found.gpus, found.threads) == pytest.approx(crew)
    assert math.isclose(found.cpus * found.workers, sum(n["CPU"] for n in nodes)) or (
        found.cpus * found.workers <= sum(n["CPU"] for n in nodes)
    )


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (("in", "out", "--focus", 0.5), 2, "need --refocus"),
        (("in", "out", "--workers", 0), 2, "--workers"),
        (("in", "in"), 1, "among the photos"),
        (("in", "in/bad.jpg"), 1, "cannot be made"),
        (("nowhere", "out"), 1, "no photo"),
    ],
)
def test_requests_that_mean_nothing_say_so(
    library, only_tiny, monkeypatch, capsys, arguments, status, word
):
    monkeypatch.chdir(library.parent)
    assert command("batch", *arguments) == status
    assert word in capsys.readouterr().err


def test_a_correction_belongs_to_one_photo(library, only_tiny, tmp_path, capsys):
    Image.new("L", (8, 6), 128).save(tmp_path / "c.png")
    (tmp_path / "s.json").write_text('{"correction": "c.png"}')
    settings = ("--refocus", "--settings", tmp_path / "s.json")
    assert command("batch", library, tmp_path / "out", *settings) == 1
    assert "belongs to one photo" in capsys.readouterr().err
