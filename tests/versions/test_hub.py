"""Versions on a Hub, through the real client, against a stand-in on this machine."""

import copy
import errno
import json
import os
import time

import httpx2
import numpy as np
import pytest
from huggingface_hub import constants, file_download
from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled

from autofocus.errors import VersionError
from autofocus.predict import predict
from autofocus.versions import catalog
from autofocus.versions import hub as client
from autofocus.versions.catalog import find_version, list_versions
from autofocus.versions.weights import load_network

REPO = "team/focus"


@pytest.fixture
def published(stand_in, only_tiny, monkeypatch, tmp_path):
    """A repo with a version on its main branch and tagged v1, which the operator names."""
    repo = stand_in.repo(REPO)
    commit = repo.commit({p.name: p.read_bytes() for p in only_tiny.folder.iterdir()})
    repo.refs["tags"]["v1"] = commit
    monkeypatch.setenv(client.REPOS_VARIABLE, REPO)
    monkeypatch.setattr(client, "PATIENCE", 1.0)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    yield stand_in
    catalog.refresh()


@pytest.fixture
def ask(scene):
    """What there is after a restart: versions, notices, and the maps of one version, if named."""

    def run(name=""):
        catalog.refresh()
        told = {"versions": {v.name: (v.origin, v.problem) for v in list_versions()}}
        told["notices"] = catalog.notices()
        try:
            if name:
                told["maps"] = predict(load_network(find_version(name)), scene[0])
        except VersionError as error:
            told["error"] = str(error)
        return told

    return run


@pytest.fixture
def bundled_works(scene):
    """Whether the bundled version tells near from far."""
    return lambda: np.ptp(predict(load_network(find_version()), scene[0]).depth) > 0.9


def blobs(folder):
    """Whole files in the cache."""
    return [p for p in folder.rglob("blobs/*") if not p.name.endswith(".incomplete")]


def test_branches_and_tags_are_versions_pinned_to_their_commits(published, ask):
    commit = published.repo(REPO).refs["tags"]["v1"]
    told = ask()
    assert set(told["versions"]) == {"tiny", f"{REPO}@main", f"{REPO}@v1"}
    origin, problem = told["versions"][f"{REPO}@v1"]
    assert commit[:7] in origin and "2026-11-02" in origin and problem is None
    assert told["notices"] == ()
    assert not any("model.safetensors" in path for _, path, _ in published.requests)


@pytest.mark.slow
def test_a_version_gives_its_own_maps_and_is_had_only_once(
    published, ask, scene, tiny_network, monkeypatch
):
    first = ask(f"{REPO}@v1")["maps"]
    assert same(first, predict(as_stored(tiny_network), scene[0]))
    published.requests.clear()
    assert same(ask(f"{REPO}@v1")["maps"], first)
    assert not any("model.safetensors" in path for _, path, _ in published.requests)
    published.fault = "500"
    assert same(ask(f"{REPO}@v1")["maps"], first)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert same(ask(f"{REPO}@v1")["maps"], first)


def same(one, other):
    return np.array_equal(one.depth, other.depth) and np.array_equal(one.saliency, other.saliency)


def as_stored(network):
    """In half precision."""
    halved = copy.deepcopy(network)
    for parameter in halved.state_dict().values():
        if parameter.is_floating_point() and parameter.dim() > 1:
            parameter.copy_(parameter.half().float())
    return halved


def test_a_tag_that_moves_is_another_version(published, ask, tmp_path):
    ask(f"{REPO}@v1")
    repo = published.repo(REPO)
    config = json.loads(repo.commits[repo.resolve("v1")]["config.json"])
    moved = repo.commit({"config.json": json.dumps(config | {"quality": {"error": 1}}).encode()})
    repo.refs["tags"]["v1"] = moved
    assert moved[:7] in ask()["versions"][f"{REPO}@v1"][0]


def test_a_private_repo_is_read_with_the_token(published, ask, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    ask()
    assert {token for *_, token in published.requests} == {"Bearer hf_secret"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("401", "is private or does not exist. If it is private, set HF_TOKEN"),
        ("403", "may not be read with this HF_TOKEN"),
        ("404", "or what is asked of it does not exist. Check its name"),
        ("500", "answered with error 500"),
        ("html", "did not come from a Hub"),
        ("slow", "did not answer within 1 seconds"),
    ],
)
def test_a_hub_that_cannot_be_asked_is_said_in_one_sentence(
    published, ask, bundled_works, fault, says
):
    published.fault = fault
    told = ask()
    assert list(told["versions"]) == ["tiny"] and bundled_works()
    (notice,) = told["notices"]
    assert says in notice and notice.endswith("Versions on this machine still work.")


def test_a_hub_that_is_down_is_said_in_one_sentence(published, ask, bundled_works):
    published.close()
    told = ask()
    assert list(told["versions"]) == ["tiny"] and bundled_works()
    assert "cannot be reached" in told["notices"][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("truncated", "interrupted or corrupted"),
        ("gone", "interrupted or corrupted"),
        ("damaged", "does not match the hash"),
    ],
)
def test_weights_that_do_not_arrive_whole_are_never_used(
    published, ask, bundled_works, no_waiting, tmp_path, fault, says
):
    published.fault = fault
    told = ask(f"{REPO}@v1")
    assert says in told["error"] and "maps" not in told and bundled_works()
    assert all(blob.stat().st_size < 10_000 for blob in blobs(tmp_path))  # the config alone
    published.fault = None
    assert "maps" in ask(f"{REPO}@v1")  # and the next try is good


class FullDisk:
    """A file on a disk that has room for nothing."""

    def __init__(self, file):
        self.file = file

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, data):
        self.file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_is_full_is_said_and_nothing_half_is_kept(
    published, ask, bundled_works, monkeypatch, tmp_path
):
    ask()  # the configs are here
    get = file_download.http_get
    with monkeypatch.context() as patch:
        patch.setattr(file_download, "http_get", lambda url, f, **o: get(url, FullDisk(f), **o))
        told = ask(f"{REPO}@v1")
    assert "The disk has no room" in told["error"] and "maps" not in told
    assert bundled_works()
    kept = [path for path in tmp_path.rglob("blobs/*") if path.stat().st_size >= 10_000]
    assert not kept and not list(tmp_path.rglob("*.incomplete"))
    assert "maps" in ask(f"{REPO}@v1")  # when there is room again


def test_versions_that_were_never_downloaded_are_listed_with_the_reason(published, ask):
    ask()
    published.fault = "500"
    told = ask(f"{REPO}@v1")
    assert "never downloaded" in told["versions"][f"{REPO}@v1"][1]
    assert "never downloaded" in told["error"]


def test_a_revision_that_holds_no_version_is_left_out(published, ask):
    published.repo(REPO).commit({"config.json": None}, branch="draft")
    told = ask()
    assert f"{REPO}@draft" not in told["versions"] and told["notices"] == ()


def test_a_revision_whose_config_is_broken_is_listed_with_the_reason(published, ask):
    published.repo(REPO).commit({"config.json": b"no json"}, branch="draft")
    told = ask(f"{REPO}@draft")["versions"]
    assert "cannot be used" in told[f"{REPO}@draft"][1] and told[f"{REPO}@v1"][1] is None


def test_a_broken_version_does_not_fit_its_config(published, ask):
    repo = published.repo(REPO)
    config = json.loads(repo.commits[repo.resolve("v1")]["config.json"])
    config["network"]["widths"] = [8, 8, 16, 16, 32]
    repo.commit({"config.json": json.dumps(config).encode()}, branch="wide")
    assert "does not fit" in ask(f"{REPO}@wide")["error"]


def test_bundled_networks_are_loaded_without_asking_the_hub(published):
    catalog.refresh()
    load_network(find_version())
    assert published.requests == []


@pytest.mark.slow
def test_a_hub_that_hangs_costs_no_more_than_the_patience(published, ask, monkeypatch):
    ask()
    monkeypatch.setenv(client.MODELS_VARIABLE, "lab/one lab/two")
    published.fault = "slow"
    catalog.refresh()
    started = time.monotonic()
    names = [version.name for version in list_versions()]
    assert time.monotonic() - started < 20  # a second where nothing else computes
    assert names == ["tiny", f"{REPO}@main", f"{REPO}@v1"]
    said = catalog.notices()
    assert len(said) == 3 and all("did not answer within 1 seconds" in s for s in said)
    assert said[0].endswith("still work; this list is less than a minute old.")


@pytest.mark.slow
def test_an_answer_that_comes_late_is_kept_for_the_next_listing(published, ask):
    published.fault = "slow"
    assert [version.name for version in list_versions()] == ["tiny"]
    published.fault = None  # what is asked for from now on is answered at once
    wait_for(lambda: client.recall(client.Source(REPO))[0])
    published.close()
    assert f"{REPO}@v1" in ask()["versions"]


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("kept", ["", "[]", "{", '{"x": 1}', "[" * 100_000])
def test_a_memory_that_is_damaged_is_forgotten(published, ask, kept):
    ask()
    client.memory().write_text(kept)
    published.fault = "500"
    assert list(ask()["versions"]) == ["tiny"]


def test_the_age_of_a_list_is_said_in_its_largest_unit():
    said = [client.in_words(seconds) for seconds in (0, 59, 60, 7200, 90_000, 200_000)]
    few = "less than a minute"
    assert said == [few, few, "1 minute", "2 hours", "1 day", "2 days"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (HFValidationError("x"), "'a/b' is not the name of a repo"),
        (httpx2.ReadTimeout("x"), "did not answer within 10 seconds"),
        (httpx2.ConnectError("x"), "cannot be reached"),
        (httpx2.ReadError("x"), "interrupted or corrupted"),
        (OfflineModeIsEnabled("x"), "Check the network, and HF_HUB_OFFLINE"),
        (json.JSONDecodeError("x", "", 0), "did not come from a Hub"),
        (KeyError("x"), "did not come from a Hub"),
        (OSError("Consistency check failed"), "interrupted or corrupted"),
        (OSError(errno.ENOSPC, "full"), "has no room for a/b"),
    ],
)
def test_an_error_is_told_by_its_kind_and_not_by_its_name(error, says):
    assert says in client.explain(error, "a/b")
    try:
        raise RuntimeError("in between") from error
    except RuntimeError as outer:
        assert says in client.explain(outer, "a/b")

    class JSONConnectTimeoutError(OSError):
        """Its name says three things, none of which is true."""

    assert "interrupted" in client.explain(JSONConnectTimeoutError("disk"), "a/b")


def test_a_name_that_is_none_is_said(published, ask, monkeypatch):
    monkeypatch.setenv(client.REPOS_VARIABLE, "not/a/repo")
    assert "Write owner/name" in ask()["notices"][0]
