import io

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from autofocus.errors import DepthMapError, PhotoError
from autofocus.files import colour_maps
from autofocus.photo import read_depth, runs_against, write_depth
from tests.files.pictures import colours, levels, ramp, saved, tiff, words

DEPTH = ramp()
DISTANCE = (1 / (0.2 + DEPTH)).astype(np.float32)  # metres, from 0.83 to 5


def off(found, expected=DEPTH):
    """Mean difference in [0, 1]."""
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    return np.abs(found - expected).mean()


def npy(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def pfm(values, order="<"):
    height, width = values.shape
    header = f"Pf\n{width} {height}\n{-1.0 if order == '<' else 1.0}\n".encode()
    return header + values[::-1].astype(f"{order}f4").tobytes()


def exr(folder, **channels):
    path = folder / "depth.exr"
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, channels) as file:
        file.write(str(path))
    return path.read_bytes()


def test_our_own_maps_come_back_to_the_letter(tmp_path):
    random = np.random.default_rng(0)
    for skew in (1, 3, 12):  # mostly middle, mostly far, nearly all far
        depth = words(random.random((48, 64)) ** skew)
        depth[0, 0], depth[0, 1] = 0, 65535
        write_depth(depth / np.float32(65535), tmp_path / "depth.png")
        found = read_depth(tmp_path / "depth.png")
        assert np.array_equal(words(found.depth), depth)
        assert found.note == "A depth map of this program."


def test_our_own_maps_need_not_fill_their_range(tmp_path):
    depth = words(0.2 + 0.1 * DEPTH)
    write_depth(depth / np.float32(65535), tmp_path / "depth.png")
    assert np.array_equal(words(read_depth(tmp_path / "depth.png").depth), depth)


def test_sixteen_bits_that_fill_their_range_come_back_to_the_letter():
    values = words(np.random.default_rng(0).random((48, 64)) ** 12)
    values[0, 0], values[0, 1] = 0, 65535
    found = read_depth(saved(Image.fromarray(values), "PNG"))
    assert np.array_equal(words(found.depth), values)


def test_eight_bits_that_fill_their_range_come_back_to_the_letter():
    values = levels(DEPTH)
    assert np.array_equal(levels(read_depth(saved(Image.fromarray(values), "PNG")).depth), values)


@pytest.mark.parametrize(
    "values",
    [
        (100 + 40 * DEPTH).astype(np.uint8),
        (20_000 + 9_000 * DEPTH).astype(np.uint16),
        0.3 + 0.2 * DEPTH,
        7 + 52 * DEPTH,
    ],
    ids=["8 bits", "16 bits", "float to 1", "float disparity"],
)
def test_low_contrast_is_stretched_and_said(values):
    found = read_depth(tiff(values, photometric="minisblack"))
    assert off(found.depth) < 0.03
    assert "stretched" in found.note
    assert (found.depth.min(), found.depth.max()) == (0, 1)


def test_outliers_do_not_count():
    values = (100 + 40 * DEPTH).astype(np.uint8)
    values[0, :3], values[1, :3] = 0, 255
    assert off(read_depth(saved(Image.fromarray(values), "PNG")).depth) < 0.03


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.fromarray((DISTANCE * 1000).astype(np.uint16)), "PNG"),
        tiff(DISTANCE, photometric="minisblack"),
        npy(DISTANCE),
        npy((DISTANCE * 1000).astype(np.int32)),
        npz(depth=DISTANCE, focallength_px=np.float32(1000)),
    ],
    ids=["mm in PNG", "metres in TIFF", "metres in NPY", "mm in NPY", "Depth Pro"],
)
def test_distances_are_inverted_and_said(data):
    found = read_depth(data)
    assert off(found.depth) < 0.03
    assert "distances in" in found.note
    assert not runs_against(found.depth, DEPTH)
    np.testing.assert_array_equal(read_depth(data, invert=True).depth, found.depth)


def test_the_unit_is_said():
    millimetres = saved(Image.fromarray((DISTANCE * 1000).astype(np.uint16)), "PNG")
    assert "millimetres" in read_depth(millimetres).note
    assert "in metres" in read_depth(npy(DISTANCE)).note


@pytest.mark.parametrize(
    "data",
    [npy(3 + 20 * DEPTH), npz(disparity=3 + 20 * DEPTH), pfm(3 + 20 * DEPTH), pfm(DEPTH * 9, ">")],
    ids=["NPY", "NPZ", "PFM", "big-endian PFM"],
)
def test_disparities_are_taken_as_they_are(data):
    found = read_depth(data)
    assert off(found.depth) < 0.03
    assert "Near is taken to be bright" in found.note


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_openexr(tmp_path, kind):
    assert off(read_depth(exr(tmp_path, Z=DISTANCE.astype(kind))).depth) < 0.03
    assert off(read_depth(exr(tmp_path, Y=DEPTH.astype(kind))).depth) < 0.03
    grey = np.dstack([DEPTH] * 3).astype(kind)
    assert off(read_depth(exr(tmp_path, RGB=grey)).depth) < 0.03
    far = DISTANCE.copy()
    far[:4] = 1e10  # what Blender writes for nothing
    assert read_depth(exr(tmp_path, Z=far)).depth[:4].max() < 0.01


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_images_of_eight_bits(kind, mode):
    image = Image.fromarray(levels(DEPTH)).convert(mode)
    assert off(read_depth(saved(image, kind, quality=95)).depth) < 0.02


def test_sixteen_bits_in_three_channels():
    data = tiff(np.dstack([words(DEPTH)] * 3), photometric="rgb")
    assert off(read_depth(data).depth) < 1e-4


def test_white_is_zero():
    assert off(read_depth(tiff(65535 - words(DEPTH), photometric="miniswhite")).depth) < 1e-4


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_in_sixteen(bits):
    values = (DEPTH * (2**bits - 1)).astype(np.uint16)
    assert off(read_depth(saved(Image.fromarray(values), "PNG")).depth) < 0.001


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf, 3e38])
def test_holes_are_filled_from_around_and_said(hole):
    values = 5 + 50 * DEPTH
    values[20:26, 30:40] = hole
    found = read_depth(tiff(values, photometric="minisblack"))
    assert off(found.depth) < 0.03
    assert np.abs(found.depth - DEPTH)[20:26, 30:40].max() < 0.15
    assert "2.0 % of the map is missing and was filled from around" in found.note


def test_zero_is_a_hole_among_distances():
    values = (DISTANCE * 1000).astype(np.uint16)
    values[20:26, 30:40] = 0
    found = read_depth(saved(Image.fromarray(values), "PNG"))
    assert np.abs(found.depth - DEPTH)[20:26, 30:40].max() < 0.15
    assert "filled" in found.note


@pytest.mark.parametrize("values", [np.full((9, 9), np.nan), np.full((9, 9), 3e38), -3e38 * DEPTH])
def test_no_depth_at_all_gets_a_sentence(values):
    with pytest.raises(DepthMapError, match="holds no depth"):
        read_depth(tiff(values.astype(np.float32), photometric="minisblack"))


@pytest.mark.parametrize("values", [np.full((9, 9), 77, np.uint8), np.full((9, 9), 7.5)])
def test_a_flat_map_is_halfway(values):
    assert (read_depth(npy(values)).depth == 0.5).all()


def test_near_and_far_can_be_swapped():
    data = saved(Image.fromarray(levels(1 - DEPTH)), "PNG")
    assert runs_against(read_depth(data).depth, DEPTH)
    found = read_depth(data, invert=True)
    assert off(found.depth) < 0.01
    assert not runs_against(found.depth, DEPTH)
    assert "swapped" in found.note


@pytest.mark.parametrize("size", [(48, 64), (24, 32), (200, 100)])
def test_maps_that_are_alike_or_unrelated_do_not_run_against(size):
    random = np.random.default_rng(0)
    assert not runs_against(ramp(*size), DEPTH)
    assert runs_against(1 - ramp(*size), DEPTH)
    assert not runs_against(random.random(size).astype(np.float32), DEPTH)
    assert not runs_against(np.full(size, 0.5, np.float32), DEPTH)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "16 bits", "TIFF"])
def test_the_orientation_is_honoured(orientation, kind):
    from autofocus.files.decode import upright

    back = {6: 8, 8: 6}.get(orientation, orientation)
    stored = upright(DEPTH, back)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "TIFF":
        extra = [(0x0112, 3, 1, orientation, True)]
        data = tiff(stored, photometric="minisblack", extratags=extra)
    else:
        values = words(stored) if kind == "16 bits" else levels(stored)
        data = saved(Image.fromarray(values), "PNG", exif=exif)
    assert off(read_depth(data).depth) < 0.01


@pytest.mark.parametrize("name", colour_maps.TABLES)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_colour_maps_are_read_back(name, kind):
    depth = np.kron(DEPTH, np.ones((4, 4), np.float32))  # a JPEG's colours are coarser than pixels
    painted = colour_maps.table(name)[levels(depth)]
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    data = saved(Image.fromarray(painted.round().astype(np.uint8)), kind, **options)
    found = read_depth(data)
    assert off(found.depth, depth) < (0.01 if kind == "PNG" else 0.03)
    assert f"colour map {name}" in found.note


@pytest.mark.parametrize("name", ["turbo", "viridis", "inferno", "magma", "plasma", "jet"])
def test_the_tables_are_matplotlibs(name):
    matplotlib = pytest.importorskip("matplotlib")
    theirs = matplotlib.colormaps[name](np.arange(256))[:, :3] * 255
    assert np.abs(colour_maps.table(name) - theirs).max() < 3
    spectral = matplotlib.colormaps["Spectral_r"](np.arange(256))[:, :3] * 255
    assert np.abs(colour_maps.table("Spectral") - spectral).max() < 3


def test_other_colours_are_refused_in_words():
    photo = saved(Image.fromarray(levels(colours())), "PNG")
    for data in (photo, tiff(words(colours()), photometric="rgb")):
        with pytest.raises(DepthMapError, match="in colour.*Export it in grey"):
            read_depth(data)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (npy(np.array([{}], dtype=object)), "damaged"),
        (npy(np.zeros((2, 3, 4, 5))), "rows and columns"),
        (npy(colours()), "rows and columns"),
        (npy(np.array(["text"])), "no numbers"),
        (npy(DEPTH)[:200], "damaged"),
        (npy(DEPTH).replace(b"(48, 64)", b"(9**9,9)"), "damaged"),
        (npz(depth=DEPTH)[:200], "damaged"),
        (pfm(DEPTH)[:200], "damaged"),
        (b"Pf\n64 48", "damaged"),
        (b"\x76\x2f\x31\x01" + bytes(60), "damaged"),
        (b"", "empty"),
        (b"hello", "text"),
    ],
)
def test_bad_files_get_a_sentence(data, word):
    with pytest.raises((DepthMapError, PhotoError), match=word) as caught:
        read_depth(data)
    assert str(caught.value).endswith(".")


def test_a_map_that_is_too_large_is_refused(tmp_path):
    for data in (npy(DEPTH), pfm(DEPTH), exr(tmp_path, Z=DEPTH), tiff(DEPTH)):
        with pytest.raises(PhotoError, match="at most 0.001"):
            read_depth(data, max_megapixels=0.001)


def test_arrays_with_spare_axes():
    for values in (DEPTH[None], DEPTH[..., None], DEPTH[None, None], np.dstack([DEPTH] * 3)):
        assert off(read_depth(npy(values)).depth) < 1e-6
