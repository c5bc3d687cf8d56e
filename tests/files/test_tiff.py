import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from autofocus.errors import PhotoError
from autofocus.files.colour import SRGB_BYTES, srgb_to_linear
from autofocus.photo import read_depth, read_photo
from tests.files.pictures import colours, levels, saved, tiff, words


def with_tag(data, code, value):
    """A TIFF whose tag has another (first) value."""
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        tag = opened.pages[0].tags[code]
        start, width = tag.valueoffset, {3: 2, 4: 4}[int(tag.dtype)]
    return data[:start] + value.to_bytes(width, "little") + data[start + width :]


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_in_every_layout(planar, tile, compression, order):
    values = words(colours())
    stored = np.moveaxis(values, 2, 0) if planar == "separate" else values
    options = {"planarconfig": planar, "photometric": "rgb", "byteorder": order}
    options |= {"tile": tile, "compression": compression, "predictor": bool(compression)}
    photo = read_photo(tiff(stored, **options))
    assert photo.bits == 16
    assert np.abs(photo.pixels - values / 65535).max() < 1e-5


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_grey_is_the_right_way_round(bits, photometric):
    grey = colours()[..., 0]
    values = levels(grey) if bits == 8 else words(grey)
    stored = np.iinfo(values.dtype).max - values if photometric == "miniswhite" else values
    photo = read_photo(tiff(stored, photometric=photometric))
    assert np.abs(photo.pixels - grey[..., None]).max() < 0.003


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits_reach_white(bits):
    grey = (colours()[..., 0] * (2**bits - 1)).astype(np.uint16)
    singles = (grey[..., None] >> np.arange(bits)[::-1]) & 1
    packed = np.packbits(singles.astype(np.uint8).reshape(len(grey), -1), axis=1)
    data = with_tag(tiff(packed, photometric="minisblack"), 256, grey.shape[1])
    photo = read_photo(with_tag(data, 258, bits))
    assert np.abs(photo.pixels[..., 0] - grey / (2**bits - 1)).max() < 1e-3


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_floating_point(kind, channels):
    values = colours()[..., :channels].squeeze().astype(kind)
    photometric = "rgb" if channels == 3 else "minisblack"
    photo = read_photo(tiff(values, photometric=photometric))
    assert np.abs(photo.pixels - values.reshape(48, 64, channels)).max() < 1e-3
    assert photo.notes == ()


def test_light_beyond_white_is_clipped_and_other_ranges_are_scaled_and_said():
    bright = read_photo(tiff(colours() * 1.5, photometric="rgb"))
    assert np.abs(bright.pixels - np.minimum(colours() * 1.5, 1)).max() < 1e-4
    scaled = read_photo(tiff(colours() * 60_000, photometric="rgb"))
    assert scaled.pixels.min() == 0
    assert scaled.pixels.max() == 1
    assert "scaled" in scaled.notes[0]


def test_a_linear_profile_is_followed():
    profile = imagecodecs.cms_profile(
        "rgb",
        whitepoint=(0.3127, 0.329, 1.0),
        primaries=(0.64, 0.33, 0.3, 0.6, 0.15, 0.06),
        gamma=1.0,
    )
    linear = srgb_to_linear(colours()).astype(np.float32)
    photo = read_photo(tiff(linear, photometric="rgb", iccprofile=profile))
    assert np.abs(photo.pixels - colours()).max() * 255 < 1
    encoded = read_photo(tiff(colours(), photometric="rgb", iccprofile=SRGB_BYTES))
    assert np.abs(encoded.pixels - colours()).max() < 1e-4


@pytest.mark.parametrize("size", [3e38, -3e38])
def test_numbers_that_are_no_brightness_get_a_sentence(size):
    values = colours()
    values[0, 0] = size
    with pytest.raises(PhotoError, match="3e\\+38"):
        read_photo(tiff(values, photometric="rgb"))


def test_cmyk_of_sixteen_bits():
    inks = np.asarray(Image.fromarray(levels(colours())).convert("CMYK")).astype(np.uint16) * 257
    photo = read_photo(tiff(inks, photometric="separated"))
    assert np.abs(photo.pixels - colours()).mean() < 0.01


@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha"])
def test_alpha_of_sixteen_bits(extra):
    alpha = np.linspace(0.2, 1, 64, dtype=np.float32)[None].repeat(48, axis=0)
    stored = colours() * (alpha[..., None] if extra == "assocalpha" else 1)
    values = words(np.dstack([stored, alpha]))
    photo = read_photo(tiff(values, photometric="rgb", extrasamples=[extra]))
    assert np.abs(photo.alpha - alpha).max() < 1e-4
    over = colours() * alpha[..., None] + 1 - alpha[..., None]
    assert np.abs(photo.pixels - over).max() < 1e-3


def test_a_channel_that_is_no_alpha_is_left_out():
    values = words(np.dstack([colours(), colours()[..., :1]]))
    photo = read_photo(tiff(values, photometric="rgb", extrasamples=["unspecified"]))
    assert photo.alpha is None
    assert np.abs(photo.pixels - colours()).max() < 1e-4


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_cut_file_is_refused_and_never_filled_with_memory(planar, compression):
    values = words(np.random.default_rng(0).random((48, 64, 3)))
    stored = np.moveaxis(values, 2, 0) if planar == "separate" else values
    whole = tiff(stored, photometric="rgb", planarconfig=planar, compression=compression)
    assert np.abs(read_photo(whole).pixels - values / 65535).max() < 1e-5
    for part in (0.2, 0.5, 0.9, 0.99):
        with pytest.raises(PhotoError):
            read_photo(whole[: int(part * len(whole))])


def test_a_missing_strip_is_refused():
    whole = tiff(words(colours()), photometric="rgb", rowsperstrip=8)
    with pytest.raises(PhotoError, match="damaged"):
        read_photo(with_tag(whole, 279, 0))


def test_the_full_image_is_read_not_the_small_one_before_it():
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(levels(colours(12, 16)), photometric="rgb", subfiletype=1)
        writer.write(words(colours()), photometric="rgb")
    assert read_photo(file.getvalue()).pixels.shape == (48, 64, 3)


def test_too_large_is_said_before_decoding():
    with pytest.raises(PhotoError, match="at most 0.001"):
        read_photo(tiff(words(colours()), photometric="rgb"), max_megapixels=0.001)
    with pytest.raises(PhotoError, match="at most 0.001"):
        read_photo(saved(Image.fromarray(levels(colours())), "PNG"), max_megapixels=0.001)


@pytest.mark.parametrize("side", [256, 257])
@pytest.mark.parametrize("read", [read_photo, read_depth])
def test_an_image_without_pixels_is_damaged(side, read):
    grey = tiff(words(colours()[..., 0]), photometric="minisblack")
    with pytest.raises(PhotoError, match="damaged"):
        read(with_tag(grey, side, 0))
