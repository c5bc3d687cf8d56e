"""The examples that people copy."""

import re
import textwrap
from pathlib import Path

import pytest

import autofocus
from autofocus.photo import read_photo, write_photo

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
EXAMPLES = {
    "README": re.search(r"```python\n(.*?)```", README, re.DOTALL)[1],
    "package": textwrap.dedent(re.search(r"\n((?:    .*\n)+)", autofocus.__doc__)[1]),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_makes_a_photo(name, scene, only_tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_photo(scene[0], "photo.jpg")
    exec(EXAMPLES[name], {})
    assert read_photo("out.jpg").pixels.shape == scene[0].shape
