import json

import cv2
import numpy as np
import pytest

from autofocus.evaluation.datasets import Item, read_disparity, write_disparity
from autofocus.evaluation.evaluate import SETS, evaluate, evenly, main, missing_sets, summarise
from autofocus.predict import Prediction
from tests.files.test_atomic import OLD, files_of_at_most

SETS_WITH_DEPTH = ("depth/nyu/val", "depth/middlebury", "depth/strong/val", "depth/people/val")
SETS_WITH_MASKS = ("saliency/ecssd/val", "saliency/duts/val", "saliency/people")
SIZE = 60, 80


@pytest.fixture
def disc():
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    return np.hypot(rows - 30, columns - 40) < 20


@pytest.fixture
def data(disc, tmp_path):
    """Two data folders that have one photo of every set between them."""
    depth = np.where(disc, 200, 60).astype(np.uint8)
    mask = np.where(disc, 255, 0).astype(np.uint8)
    one, two = tmp_path / "one", tmp_path / "two"
    for name in SETS_WITH_DEPTH:
        draw(one / name, {".png": depth})
    for name in SETS_WITH_MASKS:
        draw(two / name, {".png": mask})
    draw(one / "photos/objects", {".mask.webp": mask})
    draw(two / "photos/nature", {})
    return [one, two]


def draw(folder, maps):
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "0001.webp"), np.full((*SIZE, 3), 128, np.uint8))
    for suffix, values in maps.items():
        cv2.imwrite(str(folder / f"0001{suffix}"), values, [cv2.IMWRITE_WEBP_QUALITY, 101])


def test_the_truth_has_perfect_figures(data, disc):
    def know_all(path):
        saliency = 0 * disc if "nature" in str(path) else disc
        depth = np.where(disc, 1, 0).astype(np.float32)
        return Prediction(depth, saliency.astype(np.float32))

    figures = evaluate(know_all, data)
    assert not missing_sets(data, SETS)
    for name in ("strong", "people"):
        assert figures[f"{name}_order_percent"] == 100
        assert figures[f"{name}_nrmse"] < 1e-6
    for name in ("focus_on_subject", "head_in_focus", "subject_in_front", "boundary_recall"):
        assert figures[f"{name}_percent"] == 100
    assert figures["strong_edge_f1"] == 1
    assert figures["middlebury_edge_f1"] > 0.7  # upsampled to 640 pixels, where edges are soft
    for name in ("ecssd", "duts"):
        assert figures[f"{name}_max_f"] == figures[f"{name}_f_at_0.8"] == pytest.approx(1)
        assert figures[f"{name}_mae"] == figures[f"{name}_holes_percent"] == 0
    assert figures["nyu_delta_error_percent"] == figures["salient_without_subject_percent"] == 0


def test_a_map_that_says_nothing_has_poor_ones(data, disc):
    flat = np.full(SIZE, 0.5, np.float32)
    figures = evaluate(lambda path: Prediction(flat, np.ones_like(flat)), data)
    assert figures["strong_order_percent"] == figures["boundary_recall_percent"] == 0
    assert figures["salient_without_subject_percent"] == 100
    assert figures["duts_max_f"] < 0.5 < figures["duts_mae"]


def test_photos_are_limited_evenly():
    items = [Item(str(number)) for number in range(101)]
    assert [item.photo for item in evenly(items, 3)] == ["0", "50", "100"]
    assert evenly(items, None) == evenly(items, 500) == items


def test_means_are_over_the_photos_that_have_a_figure():
    rows = [{"a": 1.0}, {"a": 3.0, "b": 5.0}, {"b": float("nan")}]
    assert summarise(rows) == {"a": 2.0, "b": 5.0}


def test_the_command_measures_a_folder_and_says_what_is_missing(
    tiny_version, data, tmp_path, monkeypatch, capsys
):
    output = tmp_path / "figures.json"
    arguments = ["--version", tiny_version.folder, "--data", data[0], "--limit", 1]
    monkeypatch.setattr("sys.argv", ["evaluate", *map(str, arguments), "--output", str(output)])
    assert main() == 0
    said = capsys.readouterr()
    assert "strong_order_percent" in said.out and "duts" not in said.out
    assert "duts: no data folder has it" in said.err and "strong:" not in said.err
    report = json.loads(output.read_text())
    assert report["version"] == "tiny" and 0 <= report["strong_order_percent"] <= 100


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    tiny_version, data, tmp_path, monkeypatch, capsys
):
    output = tmp_path / "figures.json"
    output.write_bytes(OLD)
    arguments = ["--version", tiny_version.folder, "--data", data[0], "--sets", "empty"]
    monkeypatch.setattr("sys.argv", ["evaluate", *map(str, arguments), "--output", str(output)])
    for size in (0, 10, 70):
        with files_of_at_most(size):
            assert main() == 1
        assert "figures.json cannot be written" in capsys.readouterr().err
        assert output.read_bytes() == OLD


def test_a_label_survives_its_file(tmp_path):
    disparity = np.random.default_rng(0).random((20, 30), np.float32)
    disparity[3, 4] = np.nan
    write_disparity(disparity, tmp_path / "label.png")
    np.testing.assert_allclose(read_disparity(tmp_path / "label.png"), disparity, atol=1e-4)
