"""Whatever lies in an operator's folder is listed, and stops nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofocus.errors import VersionError
from autofocus.versions import catalog
from autofocus.versions.catalog import find_version, list_versions, read_version
from tests.versions.folders import copy_of

NETWORK = {"encoder": "resnet18", "widths": [8, 8, 16, 16, 16], "short_side": 384}


@pytest.fixture
def place(only_tiny, tmp_path, monkeypatch):
    """The operator's folder, beside one bundled version."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setenv(catalog.VERSIONS_VARIABLE, str(folder))
    return folder


def problems():
    return {version.name: version.problem for version in list_versions()}


def test_default_comes_first_and_unknown_names_are_refused(only_tiny, place):
    copy_of(only_tiny, place / "a", name="another")
    assert [version.name for version in list_versions()] == ["tiny", "another"]
    assert find_version() == find_version("tiny")
    with pytest.raises(VersionError, match="no version 'other'.*tiny, another"):
        find_version("other")


def test_versions_say_where_they_come_from(only_tiny, place):
    copy_of(only_tiny, place / "a", name="another")
    assert [version.origin for version in list_versions()] == ["bundled", "operator"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"network": NETWORK | {"encoder": "resnet9000"}}, "encoder must be one of"),
        ({"network": NETWORK | {"encoder": ["resnet18"]}}, "encoder|must have"),
        ({"network": NETWORK | {"short_side": 24000}}, "short_side must be"),
        ({"network": NETWORK | {"short_side": 384.0}}, "short_side must be"),
        ({"network": NETWORK | {"widths": [8, 8, 16]}}, "widths must be five"),
        ({"network": NETWORK | {"widths": [8, 8, 16, 16, 10**9]}}, "widths must be five"),
        ({"network": NETWORK | {"widths": 8}}, "must have encoder"),
        ({"network": NETWORK | {"pickle": "x"}}, "must have encoder"),
        ({"network": None}, "network"),
        ({"network": NETWORK | {"widths": [8, 8, 16, 16, 32]}}, "does not fit"),
        ({"quality": None}, "quality"),
        ({"quality": {"error": "low"}}, "quality.error"),
        ({"quality": {"error": float("nan")}}, "quality.error"),
        ({"trained_on": ["photos"]}, "trained_on"),
        ({"name": 3}, "name"),
        ({"name": ""}, "name"),
        ({"name": "../tiny"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "=HYPERLINK(0)"}, "name"),
        ({"name": "x" * 300}, "name"),
        ({"name": "tiny"}, "another version is called 'tiny' already"),
        ({"sha256": "0"}, "sha256"),
        ({"licence": 1}, "licence"),
    ],
)
def test_a_version_that_cannot_be_used_is_listed_with_its_reason(only_tiny, place, fields, says):
    copy_of(only_tiny, place / "good", name="good")
    copy_of(only_tiny, place / "broken", **({"name": "bad"} | fields))
    found = problems()
    assert found.pop("tiny") is None and found.pop("good") is None
    ((name, problem),) = found.items()
    assert name in ("bad", "mine/broken")
    assert len(problem.splitlines()) == 1 and str(place) not in problem
    with pytest.raises(VersionError, match=says):
        find_version(name)
    assert find_version().origin == "bundled" and find_version("good").origin == "operator"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"name": "x"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "\x00",
        " " * 2_000_000,
        '{"name": "\\ud800"}',
    ],
)
def test_configs_that_say_nothing_are_listed(place, text):
    (place / "broken").mkdir()
    (place / "broken" / "config.json").write_text(text)
    assert set(problems()) == {"tiny", "mine/broken"}
    assert problems()["mine/broken"].startswith("broken/config.json ")


def test_configs_that_cannot_be_read_are_listed(place):
    (place / "folder" / "config.json").mkdir(parents=True)
    (place / "bytes").mkdir()
    (place / "bytes" / "config.json").write_bytes(b"\xff\xfe\x00")
    (place / "file").write_text("no version")
    assert set(problems()) == {"tiny", "mine/folder", "mine/bytes"}
    assert all(problem for name, problem in problems().items() if name != "tiny")


@pytest.mark.parametrize("data", [None, b"", b"\x80\x04K\x01."])
def test_versions_without_their_weights_are_listed(only_tiny, place, data):
    folder = copy_of(only_tiny, place / "bad", name="bad")
    (folder / "model.safetensors").unlink()
    if data is not None:
        (folder / "model.safetensors").write_bytes(data)
    assert "model.safetensors" in problems()["bad"] and problems()["tiny"] is None


def test_a_folder_that_is_not_there_stops_nothing(only_tiny, monkeypatch):
    monkeypatch.setenv(catalog.VERSIONS_VARIABLE, "/nowhere")
    assert problems() == {"tiny": None}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
FIELDS = ("name", "network", "sha256", "quality", "trained_on", "licence", "license", "other")
INNER = ("encoder", "widths", "short_side", "mirrored_side", "other")


@pytest.mark.slow
@settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fields=st.dictionaries(st.sampled_from(FIELDS), JSON), inner=st.none() | st.data())
def test_any_config_is_a_version_or_one_sentence(only_tiny, tmp_path, fields, inner):
    config = {"name": "x", "network": dict(NETWORK), "sha256": "0" * 64} | fields
    if inner and isinstance(config["network"], dict):
        config["network"] |= inner.draw(st.dictionaries(st.sampled_from(INNER), JSON))
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    try:
        version = read_version(folder)
    except VersionError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert version.network.short_side <= 1536 and version.name == config["name"]
