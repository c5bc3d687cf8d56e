import json

import cv2
import numpy as np
import pytest

from autofocus.evaluation.image_quality import psnr, ssim
from autofocus.evaluation.lens import main, scores
from autofocus.evaluation.lens_scenes import read_cases
from tests.files.test_atomic import OLD, files_of_at_most


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    photo = np.uint8(random.random((32, 48, 3)) * 200)
    depth = np.zeros((32, 48), np.uint16)
    depth[:, :24] = 65535
    cv2.imwrite(str(tmp_path / "sharp.png"), photo)
    cv2.imwrite(str(tmp_path / "disparity.png"), depth)
    lens = {"file": "sharp.png", "focus": 1.0, "aperture": 0.05, "blades": 0, "rotation_deg": 0}
    scene = {"photo": "sharp.png", "depth": "disparity.png", "renders": [lens]}
    (tmp_path / "scene.json").write_text(json.dumps(scene))
    return tmp_path


def test_equal_images_are_perfect_and_noise_costs():
    picture = np.random.default_rng(1).random((20, 30, 3))
    assert ssim(picture, picture) == pytest.approx(1)
    assert psnr(picture, picture + 0.1) == pytest.approx(20)
    assert ssim(picture, picture[::-1]) < 0.9


def test_masks_tell_edge_and_focus_apart(folder):
    case = read_cases(folder)[0]
    assert case.edge_band[:, 24].all() and not case.edge_band[:, 0].any()
    assert case.in_focus[:, 2:20].all() and not case.in_focus[:, 24:].any()
    assert scores(case.truth, case)["psnr"] > 90


def test_the_table_has_every_renderer(folder, capsys):
    assert main([str(folder)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 6


@pytest.mark.parametrize("name", ["--differences", "--output"])
def test_a_file_that_cannot_be_written_is_said_and_the_old_one_left(folder, capsys, name):
    file = folder / "made.png"
    file.write_bytes(OLD)
    with files_of_at_most(100):
        assert main([str(folder), "--only", "ours", name, str(file)]) == 1
    assert "made.png cannot be written" in capsys.readouterr().err
    assert file.read_bytes() == OLD


def test_a_folder_without_scenes_is_said(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    assert "scene.json" in capsys.readouterr().err
