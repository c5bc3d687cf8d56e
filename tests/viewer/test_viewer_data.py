import numpy as np
import pytest
import torch

from autofocus.lens.srgb import to_linear
from autofocus.render import Lens
from autofocus.view import SUBJECT_INSIDE, SUBJECT_OUTLINE
from autofocus.viewer import Viewer, viewer_data
from autofocus.viewer.component import script
from autofocus.viewer.viewer_data import layers, subjects, with_gain


def scene(height=60, width=90):
    rng = np.random.default_rng(1)
    photo = rng.uniform(0.1, 0.8, (height, width, 3)).astype(np.float32)
    depth = np.full((height, width), 0.2, np.float32)
    depth[20:40, 30:60] = 0.9
    return photo, depth, np.float32(depth > 0.5)


def read_maps(value, shape):
    return np.fromfile(value.maps.path, "<u2").reshape(*shape, 4)


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
