"""Publishing, through the real client, to a stand-in of the Hub on this machine."""

import copy
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import PublishError, VersionError
from autofocus.predict import predict
from autofocus.versions import hub as client
from autofocus.versions.publish import name_licence, space_files, upload, version_files
from autofocus.versions.version import read_version
from autofocus.versions.weights import load_network, save_version
from tests.cli.test_commands import run
from tests.versions.folders import change_config
from tests.versions.test_hub import REPO

# The Hub's client uploads in a way that its HTTP library calls old.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
KNOWN = {"trained_on": {"drawn photos": 8}, "quality": {"error": 12.5}, "licence": "CC-BY-NC-4.0"}
ROOT = Path(__file__).parents[2]
FRESH = """
import json, sys
import numpy as np
from autofocus.versions import catalog, weights
from autofocus.predict import predict
version = catalog.find_version(sys.argv[1])
found = predict(weights.load_network(version), np.load(sys.argv[2]))
np.savez(sys.argv[3], depth=found.depth, saliency=found.saliency)
print(version.revision.commit)
"""


@pytest.fixture
def folder(tiny_version, tmp_path):
    """A copy of a complete version."""
    copied = tmp_path / "version"
    shutil.copytree(tiny_version.folder, copied)
    change_config(copied, **KNOWN)
    return copied


@pytest.mark.slow
def test_a_version_goes_to_the_hub_and_comes_back_the_same(stand_in, folder, scene, tmp_path):
    commit = upload(REPO, version_files(folder), "First", tag="v1")
    assert stand_in.repo(REPO).refs["tags"] == {"v1": commit}
    assert set(stand_in.repo(REPO).commits[commit]) == {
        "config.json",
        "model.safetensors",
        "README.md",
    }
    assert b"drawn photos: 8" in stand_in.repo(REPO).commits[commit]["README.md"]
    expected = predict(load_network(read_version(folder)), scene[0])
    for offline in ("0", "1"):  # with an empty cache, and then from the cache
        assert fresh_process(scene[0], tmp_path, offline) == commit
        found = np.load(tmp_path / "maps.npz")
        assert np.array_equal(found["depth"], expected.depth)
        assert np.array_equal(found["saliency"], expected.saliency)


def fresh_process(photo, folder, offline):
    """Predict by the version tagged v1 → the commit that it was."""
    np.save(folder / "photo.npy", photo)
    names = (f"{REPO}@v1", str(folder / "photo.npy"), str(folder / "maps.npz"))
    cache = {"HF_HOME": str(folder / "fresh"), "HF_HUB_OFFLINE": offline}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", FRESH, *names],
        env=os.environ | cache | {client.REPOS_VARIABLE: REPO},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_card_has_the_licence_of_the_config(folder):
    text = version_files(folder)["README.md"].decode()
    assert "license: cc-by-nc-4.0" in text and "apache" not in text
    assert "- drawn photos: 8" in text and "- error: 12.5" in text
    assert name_licence("research only, see README.md") == {
        "license": "other",
        "license_name": "research-only-see-readme.md",
    }


def test_a_card_of_the_versions_own_is_kept(folder):
    own = "# Mine\n\nMy words.\n"
    (folder / "README.md").write_text(own)
    text = version_files(folder)["README.md"].decode()
    assert text.startswith("---\n") and "license: cc-by-nc-4.0" in text and text.endswith(own)
    (folder / "README.md").write_text(f"---\nlicense: mit\n---\n{own}")
    assert "license: mit" in version_files(folder)["README.md"].decode()


def test_a_tag_is_never_moved(stand_in, folder):
    first = upload(REPO, version_files(folder), "First", tag="v1")
    with pytest.raises(PublishError, match="has a tag v1 already"):
        upload(REPO, version_files(folder), "Second", tag="v1")
    assert stand_in.repo(REPO).refs["tags"]["v1"] == first


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("401", "Set HF_TOKEN to a token that may"),
        ("500", "error 500"),
        ("html", "did not come from"),
    ],
)
def test_a_hub_that_refuses_is_said_in_one_sentence(stand_in, folder, fault, says):
    stand_in.fault = fault
    with pytest.raises(PublishError, match=says):
        upload(REPO, version_files(folder), "First")


@pytest.mark.parametrize("name", ["notes.txt", "model.bin", ".env"])
def test_a_folder_with_anything_else_in_it_is_refused(folder, name):
    (folder / name).write_text("secret")
    with pytest.raises(PublishError, match=name):
        version_files(folder)


def test_a_config_that_says_too_little_is_refused(tiny_version):
    with pytest.raises(PublishError, match="lacks trained_on, quality, licence"):
        version_files(tiny_version.folder)


def test_weights_of_another_hash_are_refused(folder):
    change_config(folder, sha256="0" * 64)
    with pytest.raises(VersionError, match="hash"):
        version_files(folder)


def test_a_network_that_finds_nothing_is_refused(tiny_network, tmp_path):
    flat = copy.deepcopy(tiny_network)
    for parameter in flat.depth_head.parameters():
        parameter.data.zero_()
    save_version(flat, tmp_path / "flat", {"name": "flat"} | KNOWN)
    with pytest.raises(PublishError, match="flat"):
        version_files(tmp_path / "flat")


def test_a_dry_run_lists_what_would_go_and_sends_nothing(stand_in, folder, capsys):
    assert run("publish", folder, REPO, "--tag", "v1", "--dry-run") == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("config.json", "model.safetensors", "README.md"))
    assert run("publish-space", "team/space", "--dry-run") == 0
    listed = capsys.readouterr().out
    assert "app.py" in listed and "autofocus/page/static/page.css" in listed
    assert stand_in.requests == []


def test_a_space_names_its_app_and_its_gradio(stand_in, monkeypatch):
    monkeypatch.setenv(client.REPOS_VARIABLE, REPO)
    files = space_files("team/space")
    text = files["README.md"].decode()
    for line in ("sdk: gradio", "app_file: app.py", 'python_version: "3.12"', f"  - {REPO}"):
        assert line in text.splitlines()
    assert not any("__pycache__" in name or name.startswith("tests") for name in files)
    assert all(isinstance(content, bytes) or content.is_file() for content in files.values())


def test_failures_of_publishing_are_one_sentence_on_the_command_line(folder, capsys):
    (folder / "notes.txt").touch()
    assert run("publish", folder, REPO) == 1
    errors = capsys.readouterr().err
    assert "notes.txt" in errors and "Traceback" not in errors
