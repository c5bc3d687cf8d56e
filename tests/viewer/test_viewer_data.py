import re
import zlib
from dataclasses import asdict, fields
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from autofocus import view
from autofocus.focus import DISC, SALIENT
from autofocus.lens.lens import APERTURE_AT_F1
from autofocus.lens.planes import SHARP
from autofocus.lens.srgb import to_linear
from autofocus.photo import UNTOUCHED
from autofocus.render import LARGEST_CIRCLE, Lens, circle_scale
from autofocus.view import SUBJECT_INSIDE, SUBJECT_OUTLINE
from autofocus.viewer import (
    Viewer,
    ViewerData,
    tile_data,
    viewer_data,
    with_layers,
)
from autofocus.viewer.component import (
    FOCUS_STEPS,
    HERE,
    LIMITS,
    MODULES,
    constants,
    script,
    shader_constants,
    text,
)
from autofocus.viewer.viewer_data import (
    PINHOLE,
    STOPS,
    TILE_PIXELS,
    TILE_SIDE,
    layers,
    subjects,
    tile_size,
    with_gain,
)

SOURCES = sorted([*HERE.glob("js/*.js"), *HERE.glob("shaders/*.glsl")])


def scene(height=60, width=90):
    rng = np.random.default_rng(1)
    photo = rng.uniform(0.1, 0.8, (height, width, 3)).astype(np.float32)
    depth = np.full((height, width), 0.2, np.float32)
    depth[20:40, 30:60] = 0.9
    return photo, depth, np.float32(depth > 0.5)


def read_maps(value, shape):
    """The inverse of `pack_maps`, as in `maps.js`: H×W×4."""
    packed = zlib.decompress(Path(value.maps.path).read_bytes())
    planes = np.frombuffer(packed, np.uint8).reshape(7, *shape).astype(np.uint16)
    steps, deeper, lacking = planes[0:6:2] + 256 * planes[1:6:2]
    depth = np.cumsum(steps, axis=1, dtype=np.uint16)
    return np.stack([depth, depth - deeper, 65535 - lacking, planes[6]], -1)


def test_maps_keep_sixteen_bits_of_depth(tmp_path):
    photo, depth, saliency = scene()
    depth += np.linspace(0, 0.05, 90, dtype=np.float32)
    maps = read_maps(viewer_data(photo, depth, saliency, tmp_path, Lens(focus=0.9)), depth.shape)
    assert np.abs(maps[..., 0] / 65535 - depth).max() <= 0.51 / 65535
    assert len(np.unique(maps[0, :, 0])) == 90
    assert np.array_equal(maps[..., 3] == SUBJECT_INSIDE, saliency >= 0.8)
    assert (maps[..., 3] == SUBJECT_OUTLINE).any()


def test_every_file_is_in_the_folder_and_each_photo_has_its_own(tmp_path):
    values = [viewer_data(*scene(), tmp_path, Lens(focus=0.9)) for _ in range(2)]
    files = [getattr(v, n).path for v in values for n in ("photo", "front", "hidden", "maps")]
    assert len(set(files)) == 8
    assert {str(path) for path in tmp_path.iterdir()} == set(files)
    assert values[0].run != values[1].run


def test_maps_say_what_is_hidden_and_what_covers_it(tmp_path):
    photo, depth, saliency = scene()
    value = viewer_data(photo, depth, saliency, tmp_path, Lens(focus=0.9))
    maps = read_maps(value, depth.shape) / 65535
    front, back = layers(photo, depth, circle_scale(depth.shape, APERTURE_AT_F1 / 1.4))
    assert maps[..., 1] == pytest.approx(back.depth.numpy(), abs=1e-5)
    assert maps[..., 2] == pytest.approx(front.alpha.numpy(), abs=1e-5)
    assert (maps[..., 1] < maps[..., 0]).any()


def test_maps_take_a_fraction_of_their_bytes_where_depth_is_smooth(tmp_path):
    depth = np.tile(np.linspace(0, 1, 640, dtype=np.float32), (480, 1))
    photo = np.zeros((480, 640, 3), np.float32)
    value = viewer_data(photo, depth, np.zeros_like(depth), tmp_path, Lens(), layered=False)
    assert Path(value.maps.path).stat().st_size < depth.size


def test_a_flat_photo_hides_nothing_and_gets_its_layers_later(tmp_path):
    photo, depth, saliency = scene()
    lens = Lens(focus=0.9, f_stop=2)
    about = photo, depth, saliency, tmp_path, lens, (120, 180), "because"
    flat = viewer_data(*about, layered=False)
    assert (flat.front, flat.hidden) == (None, None)
    maps = read_maps(flat, depth.shape)
    assert np.array_equal(maps[..., 1], maps[..., 0])
    assert (maps[..., 2] == 65535).all()
    layered = with_layers(flat, photo, depth, saliency, tmp_path)
    whole = viewer_data(*about)
    for name in ("photo", "front", "hidden", "maps"):
        files = [Path(getattr(value, name).path) for value in (layered, whole)]
        assert files[0].read_bytes() == files[1].read_bytes(), name
    own = {"photo", "front", "hidden", "maps"}
    assert layered.model_dump(exclude=own) == flat.model_dump(exclude=own)
    assert whole.model_dump(exclude={*own, "run"}) == flat.model_dump(exclude={*own, "run"})


def test_sizes_that_differ_are_refused(tmp_path):
    photo, depth, saliency = scene()
    with pytest.raises(ValueError, match="do not belong together"):
        viewer_data(photo, depth[:-1], saliency, tmp_path, Lens())
    assert not list(tmp_path.iterdir())


def test_hidden_layer_is_never_nearer_and_lies_behind_the_subject():
    photo, depth, _ = scene()
    farther = layers(photo, depth, 4)[1].depth.numpy()
    assert (farther <= depth + 1e-6).all()
    assert farther[21, 45] < 0.3
    assert np.array_equal(farther[:10], depth[:10])


def test_light_brighter_than_white_keeps_its_colour():
    light = torch.tensor([[0.2, 1.0, 12.0], [0.1, 0.5, 6.0], [0.05, 0.2, 3.0]])[:, None]
    coded = np.round(with_gain(light) * 255) / 255
    assert (coded[0, :2, 3] == 1).all()
    linear = to_linear(torch.from_numpy(np.float32(coded[..., :3]))).numpy()
    decoded = linear * np.exp2(8 * (1 - coded[..., 3:]))
    assert np.allclose(decoded[0], light[:, 0].T.numpy(), rtol=0.06)


def test_only_clipped_lights_gain():
    photo = np.full((80, 80, 3), 0.2, np.float32)
    photo[39:42, 39:42] = 1
    gain = with_gain(layers(photo, np.full((80, 80), 0.5, np.float32), 4)[0].light)[..., 3]
    assert gain[40, 40] < 1
    assert (gain[:20] == 1).all()


def test_dots_are_inside_separate_regions_largest_first():
    saliency = np.zeros((100, 200), np.float32)
    saliency[10:30, 10:30] = 1
    saliency[40:90, 100:180] = 0.9
    saliency[0, 199] = 1  # too small for a dot
    saliency[60:80, 10:60] = 0.7  # not salient
    (x, y), (u, v) = subjects(saliency)
    assert 0.5 < x < 0.9 and 0.4 < y < 0.9
    assert 0.05 < u < 0.15 and 0.1 < v < 0.3
    assert subjects(np.zeros((5, 5), np.float32)) == []


def test_component_carries_all_its_parts_and_loads_nothing_from_elsewhere():
    viewer = Viewer(name="main")
    source = script("main")
    assert "import {" not in source and "\nexport " not in source
    everything = source + viewer.html_template + viewer.css_template
    assert "http:" not in everything and "https:" not in everything
    assert "${" not in viewer.html_template and "{{" not in viewer.html_template


def test_component_has_its_events():
    viewer = Viewer()
    for name in ("focuspick", "loaded", "unsupported"):
        assert callable(getattr(viewer, name))
    with pytest.raises(AttributeError):
        _ = viewer.nosuchevent


def small_tile(tmp_path, box, **lens):
    return tile_data(*scene(600, 900), box, tmp_path, Lens(focus=0.9, **lens))


def test_a_tile_holds_its_part_and_as_much_around_it_as_its_blur_reaches(tmp_path):
    tile = small_tile(tmp_path, (0.25, 0.25, 0.5, 0.5), f_stop=8)
    assert tile.box == [0.25, 0.25, 0.5, 0.5]
    margin = 0.05 / 8 * np.hypot(600, 900) * 0.9
    width = (tile.frame[2] - tile.frame[0]) * 900
    assert 225 + 2 * margin < width < 225 + 2 * margin + 10
    height = (tile.frame[3] - tile.frame[1]) * 600
    assert cv2.imread(tile.photo.path).shape[:2] == (round(height), round(width))
    assert read_maps(tile, (round(height), round(width))).any()
    assert tile.diagonal == pytest.approx(np.hypot(600, 900))


def test_a_tile_at_the_border_ends_there_and_its_pixels_are_the_photos(tmp_path):
    tile = small_tile(tmp_path, (0, 0, 0.1, 0.1))
    assert tile.frame[:2] == [0, 0]
    sent = cv2.imread(tile.photo.path)[..., ::-1] / 255
    photo = scene(600, 900)[0]
    assert np.abs(sent - photo[: sent.shape[0], : sent.shape[1]]).max() < 0.003


@pytest.mark.parametrize("size", [(4000, 6000), (300, 12_000), (10, 10)])
def test_a_tile_is_sent_as_large_as_a_browser_can_refine(size):
    height, width = tile_size(size)
    assert height * width <= 1.01 * TILE_PIXELS and max(height, width) <= TILE_SIDE
    assert height / width == pytest.approx(size[0] / size[1], rel=0.01)
    assert size != (10, 10) or (height, width) == size


@pytest.mark.parametrize("box", [(0.5, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0, 1, np.nan)])
def test_a_box_that_is_no_part_of_the_image_is_refused(tmp_path, box):
    with pytest.raises(ValueError, match="not a part of the image"):
        small_tile(tmp_path, box)
    assert not list(tmp_path.iterdir())


def test_a_pinhole_is_a_number_that_json_has(tmp_path):
    value = viewer_data(*scene(), tmp_path, Lens(f_stop=np.inf))
    assert ViewerData.model_validate_json(value.model_dump_json()).f_stop > 1000


def test_the_data_has_the_lens_by_the_names_of_its_fields(tmp_path):
    lens = Lens(0.3, focus_range=0.1, f_stop=4, blades=6, rotation=9, cats_eye=1, spherical=-1)
    value = viewer_data(*scene(), tmp_path, lens)
    assert {field.name: getattr(value, field.name) for field in fields(Lens)} == asdict(lens)
    assert set(LIMITS) == set(asdict(lens))


def handed_names():
    named = [*constants(), *(name.split()[1] for name in shader_constants())]
    return "|".join(named)


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_no_script_or_shader_says_again_what_python_says(file):
    source = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
    declared = re.findall(rf"\b(?:{handed_names()})\s*=(?!=)", source)
    assert not declared
    numbers = {float(n) for n in re.findall(r"(?<![\w.])\d*\.?\d+(?:e-?\d+)?", source)}
    said = {APERTURE_AT_F1, LARGEST_CIRCLE, DISC, SALIENT, *FOCUS_STEPS, PINHOLE}
    said |= {
        UNTOUCHED,
        view.RED_OPACITY,
        view.OUTLINE_OPACITY,
        *map(float, view.RED.round(4).tolist()[:2]),
    }
    assert not numbers & (said - {1.0})
    assert not re.findall(rf"const (?:\w+ )?\w+ = (?:{SHARP}|{STOPS});", source)
    assert not re.findall(rf"\w*STOP\w* = {Lens().f_stop:.0f}\b", source.upper())


def test_scripts_are_joined_after_those_that_they_import():
    for number, name in enumerate(MODULES):
        needed = re.findall(r"from './(\w+)\.js'", text(f"js/{name}.js"))
        assert set(needed) <= {"constants", *MODULES[:number]}
    assert {path.stem for path in (HERE / "js").iterdir()} == set(MODULES)


def test_names_of_joined_scripts_do_not_clash():
    names = re.findall(r"^(?:async )?(?:const|class|function) (\w+)", script("main"), re.MULTILINE)
    assert len(names) == len(set(names)) > 50
