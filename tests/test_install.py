"""`pip install .` brings everything: the wheel, in an environment of its own, predicts a photo."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest

from autofocus.photo import write_photo

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


def run(*command, folder):
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built of a copy of the project, as a build leaves folders behind."""
    place = tmp_path_factory.mktemp("wheel")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", folder=ROOT)
    for name in listed.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            copied = place / "project" / name
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    run(*build, "--wheel-dir", place, place / "project", folder=place)
    return next(place.glob("*.whl"))


def test_the_wheel_holds_every_file_of_the_package(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", folder=ROOT)
    of_package = {n for n in listed.splitlines() if n.startswith("autofocus/")}
    assert of_package - packed == {n for n in of_package if not (ROOT / n).is_file()}
    assert any(name.endswith("licenses/NOTICE") for name in packed)


def test_an_installed_wheel_predicts_a_photo(wheel, tmp_path):
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", folder=tmp_path)
    packages = sysconfig.get_path("purelib", vars={"base": tmp_path / "venv"})
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", packages, wheel,
        folder=tmp_path)  # fmt: skip
    # What it depends on is not installed again: it comes from the environment of the tests.
    (Path(packages) / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    write_photo(np.random.default_rng(0).random((48, 64, 3), np.float32), tmp_path / "a.png")
    command = [tmp_path / "venv" / "bin" / "python", "-W", "ignore", "-m", "autofocus"]
    run(*command, "predict", "a.png", "--output", "maps", "--version", "resnet", folder=tmp_path)
    assert {path.name for path in (tmp_path / "maps").iterdir()} == {
        "a.depth.png",
        "a.saliency.png",
        "a.json",
    }
    where = [*command[:1], "-c", "import autofocus; print(autofocus.__file__)"]
    assert str(tmp_path) in run(*where, folder=tmp_path)
