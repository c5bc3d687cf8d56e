import json
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

import autofocus
from autofocus.batch.outputs import MAPS
from autofocus.cli import commands
from autofocus.cli import main as cli
from autofocus.photo import read_photo, write_depth, write_photo
from tests.bad_files import write_bad_files
from tests.conftest import filled


@pytest.fixture
def photo(scene, tmp_path):
    path = tmp_path / "scene.png"
    write_photo(scene[0], path)
    return path


def run(*arguments):
    """The command's exit status."""
    with pytest.raises(SystemExit) as caught:
        cli.main([str(argument) for argument in arguments])
    return caught.value.code


def test_predict_writes_three_files_of_the_photos_size(photo, tmp_path, only_tiny):
    assert run("predict", photo, "--output", tmp_path / "maps") == 0
    depth = cv2.imread(str(tmp_path / "maps/scene.depth.png"), cv2.IMREAD_UNCHANGED)
    saliency = cv2.imread(str(tmp_path / "maps/scene.saliency.png"), cv2.IMREAD_UNCHANGED)
    assert (depth.dtype, depth.shape) == (np.uint16, (96, 128))
    assert (depth.min(), depth.max()) == (0, 65535)
    assert (saliency.dtype, saliency.shape) == (np.uint8, (96, 128))
    told = json.loads((tmp_path / "maps/scene.json").read_text())
    assert set(told) == {
        "focus", "range", "reason", "salient_pixels", "width", "height", "version", "seconds",
    }  # fmt: skip
    assert (told["width"], told["height"], told["version"]) == (128, 96, "tiny")
    assert 0 <= told["focus"] <= 1


def test_photos_of_one_name_do_not_overwrite_each_other(photo, tmp_path, only_tiny):
    other = tmp_path / "other" / "scene.jpg"
    other.parent.mkdir()
    write_photo(read_photo(photo).pixels[:, :64], other)
    assert run("predict", photo, other, "--output", tmp_path / "maps") == 0
    told = [json.loads((tmp_path / f"maps/scene{n}.json").read_text()) for n in ("", "-2")]
    assert [t["width"] for t in told] == [128, 64]


@pytest.mark.slow
def test_a_bad_photo_is_named_and_the_others_go_on(photo, tmp_path, only_tiny, capsys):
    bad = tmp_path / "bad"
    bad.mkdir()
    words = write_bad_files(bad)
    files = [bad / name for name in words]
    empty = tmp_path / "empty-folder"
    empty.mkdir()
    status = run(
        "predict", *files, tmp_path / "missing.jpg", empty, photo, "--output", tmp_path / "maps"
    )
    errors = capsys.readouterr().err
    assert status == 1
    assert (tmp_path / "maps/scene.json").exists()
    for name, word in {**words, "missing.jpg": "no such file", str(empty): "folder"}.items():
        assert any(name in line and word in line for line in errors.splitlines()), name
    assert "Traceback" not in errors


@pytest.mark.parametrize("focus", ["auto", "0.25", "64,48"])
@pytest.mark.parametrize("lens", [("--aperture", "0.03"), ("--f-stop", "1.4"), ()])
def test_refocus_writes_a_photo(photo, tmp_path, only_tiny, focus, lens):
    output = tmp_path / "new" / "soft.png"
    assert run("refocus", photo, "--output", output, "--focus", focus, *lens) == 0
    assert read_photo(output).pixels.shape == (96, 128, 3)


def test_a_second_run_overwrites_nothing(photo, tmp_path, only_tiny):
    maps = tmp_path / "maps"
    assert run("predict", photo, "--output", maps) == 0
    before = {path: path.read_bytes() for path in maps.iterdir()}
    assert run("predict", photo, "--output", maps) == 0
    assert all(path.read_bytes() == contents for path, contents in before.items())
    assert len(list(maps.iterdir())) == 2 * len(before)


def test_an_unwritable_folder_gets_a_sentence(photo, only_tiny, capsys):
    assert run("predict", photo, "--output", photo) == 1
    assert "cannot be made" in capsys.readouterr().err


HEAVY = {"torch", "numpy", "cv2", "PIL", "gradio", "ray", "huggingface_hub"}


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["refocus", "--help"], ["refocus"]])
def test_help_and_wrong_usage_load_nothing_heavy(arguments):
    code = (
        "import sys\ntry:\n    from autofocus.cli.main import main; main(sys.argv[1:])\n"
        f"except SystemExit:\n    sys.exit(str({HEAVY} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "set()"


@pytest.mark.slow
@pytest.mark.parametrize("version", ["dinov2-s", "resnet"])
def test_a_prediction_loads_neither_torchs_compiler_nor_torchvision(photo, tmp_path, version):
    code = (
        "import sys\ntry:\n    from autofocus.cli.main import main; main(sys.argv[1:])\n"
        "except SystemExit as exit:\n"
        "    sys.exit(exit.code or str({'torch._dynamo', 'torchvision'} & set(sys.modules)))"
    )
    arguments = ["predict", str(photo), "--output", str(tmp_path), "--version", version]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1] == "set()"
    assert (tmp_path / "scene.depth.png").exists()


def test_the_program_says_its_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"autofocus {autofocus.__version__}\n"


def test_interrupting_is_quiet(photo, tmp_path, only_tiny, monkeypatch, capsys):
    def interrupt(path, enough):
        raise KeyboardInterrupt

    monkeypatch.setattr("autofocus.cli.inputs.read_photo", interrupt)
    assert run("predict", photo, "--output", tmp_path) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_custom_depth_map_needs_no_network(photo, scene, tmp_path, monkeypatch):
    monkeypatch.setattr("autofocus.cli.commands.load_predictor", None)
    write_depth(filled(scene[1]), tmp_path / "own.png")
    output = tmp_path / "soft.png"
    arguments = ("--depth", tmp_path / "own.png", "--focus", "1", "--aperture", "0.06")
    assert run("refocus", photo, "--output", output, *arguments) == 0
    before, after = read_photo(photo).pixels, read_photo(output).pixels
    subject = np.abs(scene[1] - 0.8) < 1e-3
    assert np.abs(after - before)[subject].max() < 2 / 255
    assert after[70:].std() < before[70:].std()


def test_a_custom_depth_map_of_half_the_size_fits_and_of_another_aspect_does_not(
    photo, scene, tmp_path, capsys
):
    output, own = tmp_path / "soft.png", tmp_path / "own.png"
    write_depth(scene[1][::2, ::2], own)
    assert run("refocus", photo, "--output", output, "--focus", "0.8", "--depth", own) == 0
    write_depth(scene[1][:, :64], own)
    assert run("refocus", photo, "--output", output, "--focus", "0.8", "--depth", own) == 1
    assert "another aspect" in capsys.readouterr().err


def test_blades_change_the_image(photo, scene, tmp_path):
    own = tmp_path / "own.png"
    write_depth(scene[1], own)
    pictures = []
    for blades, rotation in (("0", "0"), ("5", "0"), ("5", "36")):
        output = tmp_path / f"{blades}-{rotation}.png"
        shape = ("--blades", blades, "--rotation", rotation, "--aperture", "0.08")
        run("refocus", photo, "--output", output, "--depth", own, "--focus", "0.2", *shape)
        pictures.append(read_photo(output).pixels)
    assert np.abs(pictures[0] - pictures[1]).max() > 2 / 255
    assert np.abs(pictures[1] - pictures[2]).max() > 2 / 255


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("nothing.jpg", "--output", "x.png"), "nothing.jpg: There is no such file"),
        (("PHOTO", "--output", "x.bmp"), "unsupported format"),
        (("PHOTO", "--output", "x.png", "--focus", "128,0"), "outside the photo"),
        (("PHOTO", "--output", "x.png", "--version", "other"), "no version 'other'"),
    ],
)
def test_requests_that_fail_say_why(photo, only_tiny, capsys, arguments, word):
    named = [photo if argument == "PHOTO" else argument for argument in arguments]
    assert run("refocus", *named) == 1
    errors = capsys.readouterr().err
    assert word in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("predict", "x.jpg"),
        ("refocus", "x.jpg"),
        ("refocus", "x.jpg", "--output", "y.png", "--focus", "1.5"),
        ("refocus", "x.jpg", "--output", "y.png", "--focus", "nan"),
        ("refocus", "x.jpg", "--output", "y.png", "--focus", "a,b"),
        ("refocus", "x.jpg", "--output", "y.png", "--aperture", "-1"),
        ("refocus", "x.jpg", "--output", "y.png", "--f-stop", "0"),
        ("refocus", "x.jpg", "--output", "y.png", "--f-stop", "2", "--aperture", "1"),
        ("refocus", "x.jpg", "--output", "y.png", "--blades", "4"),
        ("rack", "x.jpg", "--output", "y.mp4", "--from", "2"),
        ("rack", "x.jpg", "--output", "y.mp4", "--seconds", "90"),
        ("unknown",),
    ],
)
def test_wrong_usage_is_status_two(arguments, capsys):
    assert run(*arguments) == 2
    assert "usage" in capsys.readouterr().err


COMMANDS = ("predict", "refocus", "rack", "sheet", "compare", "versions", "publish", "serve")


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_teaches(command, capsys):
    assert run(*command, "--help") == 0
    assert len(capsys.readouterr().out) > 80


def test_versions_are_listed_with_their_hash(only_tiny, capsys):
    assert run("versions") == 0
    assert only_tiny.sha256[:12] in capsys.readouterr().out


def test_a_sheet_of_two_photos(photo, tmp_path, only_tiny):
    output = tmp_path / "sheet.png"
    assert run("sheet", photo, photo, "--versions", "tiny", "--output", output) == 0
    with Image.open(output) as sheet:
        assert sheet.width > sheet.height


def test_a_rack_goes_from_far_to_the_subject(photo, scene, tmp_path, capsys):
    own, output = tmp_path / "own.png", tmp_path / "videos" / "pull.webp"
    write_depth(filled(scene[1]), own)
    short = ("--seconds", "0.2", "--depth", own, "--to", "0.8")
    assert run("rack", photo, "--output", output, *short) == 0
    with Image.open(output) as video:
        assert video.n_frames == 5 and video.size == (128, 96)
    assert "from 0.000 to 0.800" in capsys.readouterr().out
    assert run("rack", photo, "--output", tmp_path / "pull.avi", *short) == 1
    assert "mp4" in capsys.readouterr().err


def test_a_sheet_may_be_a_page_that_needs_nothing_else(photo, tmp_path, only_tiny, capsys):
    output = tmp_path / "new" / "sheet.html"
    arguments = ("--versions", "tiny", "tiny", "--output", output)
    assert run("sheet", tmp_path / "missing.jpg", photo, *arguments) == 1
    assert "missing.jpg: There is no such file" in capsys.readouterr().err
    text = output.read_text()
    assert text.count('<img src="data:image/jpeg;base64,') == 1 + 2 * 3
    assert "scene.png · tiny: " in text and "<script" not in text


@pytest.mark.slow
def test_a_version_agrees_with_itself(photo, tmp_path, only_tiny, capsys):
    write_photo(read_photo(photo).pixels[::-1], photo.with_name("turned.jpg"))
    (tmp_path / "notes.txt").write_text("no photo, and not called like one")
    output = tmp_path / "new"
    assert run("compare", "tiny", "tiny", "--photos", tmp_path, "--output", output) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:4]] == [
        [name, "1.000", "1.000", "0.000"] for name in ("scene.png", "turned.jpg", "mean")
    ]
    assert "rank correlation 1.000" in (output / "tiny-tiny.html").read_text()
    with Image.open(output / "tiny-tiny.png") as sheet:
        assert sheet.width > sheet.height


def test_comparing_names_bad_photos_and_goes_on(photo, tmp_path, only_tiny, capsys):
    (tmp_path / "bad.jpg").write_text("no photo")
    output = tmp_path / "new"
    assert run("compare", "tiny", "tiny", "--photos", tmp_path, "--output", output) == 1
    said = capsys.readouterr()
    assert "bad.jpg" in said.err and "Traceback" not in said.err
    assert "scene.png" in said.out and (output / "tiny-tiny.png").exists()


@pytest.mark.parametrize(
    ("folder", "versions", "word"),
    [
        ("missing", ("tiny", "tiny"), "no folder"),
        (".", ("tiny", "other"), "no version"),
        ("empty", ("tiny", "tiny"), "no photo"),
    ],
)
def test_comparisons_that_fail_say_why(tmp_path, photo, only_tiny, capsys, folder, versions, word):
    (tmp_path / "empty").mkdir()
    output = tmp_path / "new"
    assert run("compare", *versions, "--photos", tmp_path / folder, "--output", output) == 1
    errors = capsys.readouterr().err
    assert word in errors and "Traceback" not in errors
    assert not output.exists()


def test_many_photos_go_into_a_folder_with_one_network(photo, tmp_path, only_tiny, monkeypatch):
    write_photo(read_photo(photo).pixels, tmp_path / "scene.jpg")
    (tmp_path / "bad.png").write_text("no photo")
    loaded, load = [], commands.load_predictor
    monkeypatch.setattr(commands, "load_predictor", lambda v: loaded.append(v) or load(v))
    output = f"{tmp_path / 'soft'}/"
    arguments = (photo, tmp_path / "bad.png", tmp_path / "scene.jpg", "--output", output)
    assert run("refocus", *arguments, "--aperture", 0) == 1
    assert run("refocus", photo, "--output", output, "--aperture", 0) == 0
    written = sorted(path.name for path in (tmp_path / "soft").iterdir())
    assert written == ["scene-2.png", "scene.jpg", "scene.png"]
    assert len(loaded) == 2


@pytest.mark.slow
def test_a_photo_may_come_and_go_by_a_pipe(photo, scene, tmp_path):
    write_depth(scene[1], tmp_path / "own.png")
    command = [sys.executable, "-m", "autofocus", "refocus", "-", "--output", "-"]
    command += ["--depth", str(tmp_path / "own.png"), "--focus", "0.8"]
    done = subprocess.run(command, input=photo.read_bytes(), capture_output=True)
    assert done.returncode == 0, done.stderr
    assert read_photo(done.stdout).pixels.shape == (96, 128, 3)
    assert done.stdout.startswith(b"\x89PNG") and b"focus 0.800" in done.stderr


def test_the_photo_itself_is_replaced_only_when_that_is_said(photo, scene, tmp_path, capsys):
    own, link = tmp_path / "own.png", tmp_path / "link.png"
    write_depth(scene[1], own)
    link.symlink_to(photo)
    before = photo.read_bytes(), own.read_bytes()
    focus = ("--depth", own, "--focus", "0.8", "--f-stop", 1)
    for output in (photo, link, own):
        assert run("refocus", photo, "--output", output, *focus) == 1
        assert "Choose another --output" in capsys.readouterr().err
        assert (photo.read_bytes(), own.read_bytes()) == before
    assert run("refocus", photo, "--output", photo, *focus, "--overwrite") == 0
    assert photo.read_bytes() != before[0]


def test_a_range_keeps_more_of_the_photo_sharp(photo, scene, tmp_path):
    own, output = tmp_path / "own.png", tmp_path / "soft.png"
    write_depth(scene[1], own)
    given = ("--depth", own, "--focus", "0.3", "--f-stop", 1)
    before, changed = read_photo(photo).pixels, []
    for extent in ("0", "0.25"):
        assert run("refocus", photo, "--output", output, *given, "--range", extent) == 0
        changed.append((np.abs(read_photo(output).pixels - before) > 4 / 255).mean())
    assert changed[1] < 0.5 * changed[0]


def test_a_correction_sharpens_where_it_is_white(photo, scene, tmp_path, capsys):
    own, painted, output = (tmp_path / f"{name}.png" for name in ("own", "painted", "soft"))
    write_depth(scene[1], own)
    arguments = ("--output", output, "--depth", own, "--focus", "0.8", "--f-stop", 1)
    arguments += ("--correction", painted)
    before, soft = read_photo(photo).pixels, []
    for level in (128, 255):
        Image.new("L", (64, 48), level).save(painted)
        assert run("refocus", photo, *arguments) == 0
        soft.append(read_photo(output).pixels[80:])
    assert np.abs(soft[0] - before[80:]).mean() > 0.01
    assert np.abs(soft[1] - before[80:]).max() <= 2 / 255
    Image.new("RGB", (64, 48)).save(painted)
    assert run("refocus", photo, *arguments) == 1
    assert "8-bit grey PNG" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("https://example.org/a.jpg", "Download the photo"),
        ("*.nothing", "no such file"),
        ("x" * 300 + ".jpg", "cannot be opened"),
        ("y" * 244 + ".png", "too long"),
    ],
)
def test_names_that_cannot_be_used_get_a_sentence_and_the_others_go_on(
    photo, tmp_path, only_tiny, capsys, monkeypatch, name, word
):
    monkeypatch.chdir(tmp_path)
    if word == "too long":
        photo.with_name(name).write_bytes(photo.read_bytes())
    assert run("predict", name, photo, "--output", tmp_path / "maps") == 1
    errors = capsys.readouterr().err
    assert name in errors and word in errors and "Traceback" not in errors
    assert {path.name for path in (tmp_path / "maps").iterdir()} == {
        f"scene{suffix}" for suffix in MAPS
    }


def test_several_photos_do_not_fit_into_one_file(photo, tmp_path, capsys):
    assert run("refocus", photo, photo, "--output", tmp_path / "x.png") == 1
    assert "need a folder" in capsys.readouterr().err
