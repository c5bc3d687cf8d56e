"""Depth models of transformers as versions: tiny ones with random weights, from a stand-in Hub."""

import json

import numpy as np
import pytest
from huggingface_hub import constants
from safetensors.torch import load_file, save

from autofocus.compare.agreement import rank_correlation
from autofocus.errors import VersionError
from autofocus.versions import catalog, hub, models
from autofocus.versions.catalog import find_version, list_versions
from autofocus.versions.models import load_predictor, seen_size

transformers = pytest.importorskip("transformers")
from tests.cli.test_commands import run  # noqa: E402
from tests.versions.tiny_models import MODELS, files_of  # noqa: E402

REPO = "lab/depth"


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """The files of every kind of model."""
    return {name: files_of(name, tmp_path_factory.mktemp(name)) for name in MODELS}


@pytest.fixture
def offered(stand_in, only_tiny, monkeypatch, tmp_path):
    """Offer files as a depth model → the version."""
    monkeypatch.setenv(hub.MODELS_VARIABLE, REPO)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    def offer(content):
        stand_in.repo(REPO).commit(content)
        catalog.refresh()
        return find_version(REPO)

    yield offer
    catalog.refresh()


@pytest.fixture
def photo():
    rows, columns = np.mgrid[0:1:60j, 0:1:90j].astype(np.float32)
    return np.stack([rows, columns, rows * columns], axis=2)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_any_depth_model_is_a_version(offered, files, photo, name, stand_in):
    version = offered(files[name])
    commit = stand_in.repo(REPO).resolve("main")
    assert version.sha256 == commit and commit[:7] in version.origin
    found = load_predictor(version)(photo)
    assert found.depth.shape == found.saliency.shape == (60, 90)
    assert found.depth.dtype == np.float32 and found.depth.min() == 0 and found.depth.max() == 1
    ours = load_predictor(find_version())(photo)
    assert np.array_equal(found.saliency, ours.saliency)
    assert not np.array_equal(found.depth, ours.depth)


@pytest.mark.parametrize("name", MODELS)
def test_one_is_nearest_whatever_the_model_gives(offered, files, photo, name):
    """The raw output of each, by transformers' own way, in the order of our depth."""
    version = offered(files[name])
    model = transformers.AutoModelForDepthEstimation.from_pretrained(models.download(version))
    processor = transformers.AutoImageProcessor.from_pretrained(models.download(version))
    inputs = processor(images=np.uint8(255 * photo), return_tensors="pt")
    raw = model(**inputs)
    options = {"source_sizes": [(60, 90)]} if name == "zoedepth" else {}
    made = processor.post_process_depth_estimation(raw, target_sizes=[(60, 90)], **options)
    theirs = made[0]["predicted_depth"].detach().numpy().reshape(60, 90)
    sign = 1 if name in ("depth-anything", "dpt") else -1  # disparity, or metres
    disparity = models.run_model(model.eval(), processor, models.is_metric(model.config), photo)
    assert sign * rank_correlation(disparity, theirs) > 0.5


def test_metres_are_told_from_disparity_by_the_config():
    def metric(config):
        return models.is_metric(config)

    assert not metric(transformers.DPTConfig()) and metric(
        transformers.DPTConfig(add_projection=True)
    )
    assert not metric(transformers.DepthAnythingConfig())
    assert metric(transformers.DepthAnythingConfig(depth_estimation_type="metric"))
    assert metric(transformers.ZoeDepthConfig()) and metric(transformers.DepthProConfig())
    assert metric(transformers.GLPNConfig())
    with pytest.raises(ValueError, match="not known whether a vit"):
        metric(transformers.ViTConfig())


def test_a_revision_may_be_named_and_stays_pinned(offered, files, monkeypatch, stand_in):
    offered(files["dpt"])
    first = stand_in.repo(REPO).resolve("main")
    stand_in.repo(REPO).refs["tags"]["v1"] = first
    stand_in.repo(REPO).commit(files["zoedepth"])
    monkeypatch.setenv(hub.MODELS_VARIABLE, f"{REPO} {REPO}@v1")
    catalog.refresh()
    commits = {version.name: version.sha256 for version in list_versions()[1:]}
    assert commits == {REPO: stand_in.repo(REPO).resolve("main"), f"{REPO}@v1": first}


def test_files_are_downloaded_when_the_model_is_used_and_serve_offline(
    offered, files, photo, monkeypatch, stand_in
):
    version = offered(files["dpt"])
    assert not any("model.safetensors" in path for _, path, _ in stand_in.requests)
    first = load_predictor(version)(photo)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    catalog.refresh()
    stand_in.requests.clear()
    again = load_predictor(find_version(REPO))(photo)
    assert np.array_equal(first.depth, again.depth) and stand_in.requests == []


def broken(files, **changes):
    """The files with other config fields."""
    config = json.loads(files["config.json"]) | changes
    return files | {"config.json": json.dumps(config).encode()}


def without_a_tensor(files, tmp_path):
    (tmp_path / "weights").write_bytes(files["model.safetensors"])
    state = load_file(tmp_path / "weights")
    state.pop(next(name for name in state if name.startswith("head")))
    return files | {"model.safetensors": save(state, {"format": "pt"})}


@pytest.mark.parametrize(
    "change",
    [
        lambda files, _: broken(files, model_type="unheard_of"),
        lambda files, _: broken(files, model_type="vit"),
        lambda files, _: broken(files, hidden_size=4096, intermediate_size=16384),
        lambda files, _: files | {"config.json": b"{"},
        lambda files, _: files | {"model.safetensors": b"\x80\x04."},
        lambda files, _: files | {"model.safetensors": files["model.safetensors"][:-100]},
        lambda files, _: files | {"preprocessor_config.json": b"[]"},
        without_a_tensor,
    ],
)
def test_what_is_no_depth_model_is_said_in_one_sentence(offered, files, tmp_path, change):
    version = offered(change(files["dpt"], tmp_path))
    with pytest.raises(VersionError, match="do not make a depth model") as error:
        load_predictor(version)
    assert len(str(error.value).splitlines()) == 1 and str(tmp_path) not in str(error.value)


def test_pickles_and_code_of_a_repo_are_never_used(offered, files):
    content = {name: data for name, data in files["dpt"].items() if "safetensors" not in name}
    version = offered(content | {"pytorch_model.bin": b"pickle"})
    with pytest.raises(VersionError, match="does not exist"):
        load_predictor(version)
    code = broken(files["dpt"], model_type="own", auto_map={"AutoConfig": "code.Own"})
    version = offered(code | {"code.py": b"raise SystemExit('ran')"})
    with pytest.raises(VersionError, match="do not make a depth model"):
        load_predictor(version)


def test_a_hub_that_fails_is_said_in_one_sentence(offered, files, stand_in, no_waiting):
    version = offered(files["dpt"])
    stand_in.fault = "500"
    with pytest.raises(VersionError, match="error 500"):
        load_predictor(version)
    catalog.refresh()
    with pytest.raises(VersionError, match="never downloaded"):
        find_version(REPO)


@pytest.mark.parametrize("missing", ["transformers", "torchvision"])
def test_without_its_packages_the_list_says_how_to_get_them(offered, files, monkeypatch, missing):
    monkeypatch.setattr(catalog, "find_spec", lambda name: None if name == missing else name)
    with pytest.raises(VersionError, match='pip install "transformers'):
        offered(files["dpt"])
    assert find_version().name == "tiny"


def test_the_command_line_compares_a_depth_model_with_ours(offered, files, tmp_path, capsys):
    from autofocus.photo import write_photo

    offered(files["dpt"])
    (tmp_path / "photos").mkdir()
    rows = np.linspace(0, 1, 48, dtype=np.float32)[:, None, None]
    write_photo(np.tile(rows, (1, 64, 3)), tmp_path / "photos" / "a.png")
    options = ["--photos", tmp_path / "photos", "--output", tmp_path / "out"]
    assert run("compare", "tiny", REPO, *options) == 0
    assert "a.png" in capsys.readouterr().out
    assert (tmp_path / "out" / "tiny-lab-depth.html").is_file()


@pytest.mark.parametrize("size", [(1, 1), (3000, 4000), (10, 5000), (5000, 10), (60, 90)])
def test_a_model_is_handed_no_thin_line_and_nothing_huge(size):
    seen = seen_size(*size)
    assert max(seen) <= models.LONG_SIDE and max(seen) / min(seen) <= 4.1
    if max(size) <= models.LONG_SIDE:
        assert max(seen) == max(size)


def test_a_panorama_passes(offered, files):
    content = broken(files["depth-anything"], max_depth=None)  # as some repos have it
    found = load_predictor(offered(content))(np.full((2, 300, 3), 0.5, np.float32))
    assert found.depth.shape == (2, 300)
