import io
import zlib

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from autofocus.files import hdr, png
from autofocus.files.colour import PRIMARIES, srgb_to_linear, video_to_linear
from autofocus.photo import read_photo, write_photo
from tests.files.pictures import (
    colours,
    levels,
    multi_picture,
    saved,
    with_segments,
    words,
    xmp_segment,
)

P3, BT2020, SRGB = 12, 9, 1
# Colours that all spaces have, so that nothing is clipped.
MUTED = 0.3 + 0.4 * colours()


def encode_curve(linear, decode):
    """The inverse of a curve, by its table."""
    at = np.linspace(0, 1, 20_001)
    return np.interp(linear, decode(at), at)


def in_space(pixels, primaries, curve):
    """sRGB pixels as another space stores them."""
    matrix = hdr.rgb_to_rgb(PRIMARIES[SRGB], PRIMARIES[primaries])
    return encode_curve(np.clip(srgb_to_linear(pixels) @ matrix.T, 0, 1), curve)


def off(pixels, expected):
    """Mean difference in levels of 255."""
    return np.abs(pixels - expected).mean() * 255


def heic(values, primaries, transfer):
    image = pillow_heif.from_bytes("RGB;16", values.shape[1::-1], words(values).tobytes())
    file = io.BytesIO()
    nclx = {"color_primaries": primaries, "transfer_characteristics": transfer}
    image.save(file, quality=-1, chroma=444, matrix_coefficients=0, full_range_flag=1, **nclx)
    return file.getvalue()


def heic8(values, primaries, transfer):
    file = io.BytesIO()
    nclx = {"color_primaries": primaries, "transfer_characteristics": transfer}
    pillow_heif.from_pillow(Image.fromarray(levels(values))).save(
        file, quality=-1, chroma=444, matrix_coefficients=0, full_range_flag=1, **nclx
    )
    return file.getvalue()


def avif(values, primaries, transfer):
    codes = {"primaries": primaries, "transfer": transfer, "matrix": 0}
    stored = (values * 1023 + 0.5).astype(np.uint16)
    return imagecodecs.avif_encode(stored, 100, bitspersample=10, pixelformat="444", **codes)


def avif8(values, primaries, transfer):
    codes = {"primaries": primaries, "transfer": transfer, "matrix": 0}
    return imagecodecs.avif_encode(levels(values), 100, pixelformat="444", **codes)


def png16(values, primaries, transfer):
    return with_cicp(imagecodecs.png_encode(words(values)), primaries, transfer)


def png8(values, primaries, transfer):
    return with_cicp(saved(Image.fromarray(levels(values)), "PNG"), primaries, transfer)


def with_cicp(data, primaries, transfer):
    return png.with_chunks(data, [(b"cICP", bytes([primaries, transfer, 0, 1]))])


FORMATS = [heic, heic8, avif, avif8, png16, png8]


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize(
    ("primaries", "transfer", "curve"),
    [
        (P3, 13, srgb_to_linear),
        (BT2020, 13, srgb_to_linear),
        (BT2020, 14, video_to_linear),
        (BT2020, 1, video_to_linear),
        (P3, 8, lambda linear: linear),
        (SRGB, 4, lambda values: values**2.2),
    ],
)
def test_wide_gamuts_by_code_points(write, primaries, transfer, curve):
    photo = read_photo(write(in_space(MUTED, primaries, curve), primaries, transfer))
    tolerance = 2.5 if transfer == 8 and write in (heic8, avif8, png8) else 1.2
    assert off(photo.pixels, MUTED) < tolerance


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("transfer", [1, 2, 6, 13, 15])
def test_srgb_by_any_of_its_names_is_left_alone(write, transfer):
    assert off(read_photo(write(MUTED, SRGB, transfer)).pixels, MUTED) < 0.6


def hlg_encode(light):
    """The inverse of HLG's display light, by bisection."""
    low, high = np.zeros_like(light), np.ones_like(light)
    luminance = (light @ hdr.LUMA)[..., None] / hdr.HLG_PEAK
    scene = light / hdr.HLG_PEAK * np.maximum(luminance, 1e-9) ** (1 / hdr.HLG_GAMMA - 1)
    for _ in range(30):
        middle = (low + high) / 2
        curve = np.where(
            middle <= 0.5,
            middle**2 / 3,
            (np.exp((middle - hdr.HLG_C) / hdr.HLG_A) + hdr.HLG_B) / 12,
        )
        low, high = np.where(curve < scene, middle, low), np.where(curve < scene, high, middle)
    return low


def hdr_signal(pixels, transfer, white=hdr.SDR_WHITE):
    """An SDR picture as HDR stores it, its white at so many cd/m²."""
    matrix = hdr.rgb_to_rgb(PRIMARIES[SRGB], PRIMARIES[BT2020])
    light = np.clip(srgb_to_linear(pixels) @ matrix.T, 0, 1) * white
    return hdr.light_to_pq(light) if transfer == hdr.PQ else hlg_encode(light)


@pytest.mark.parametrize("write", [heic, avif, png16])
@pytest.mark.parametrize("transfer", [hdr.PQ, hdr.HLG])
def test_hdr_that_is_not_brighter_than_white_comes_back_as_it_was(write, transfer):
    photo = read_photo(write(hdr_signal(colours(), transfer), BT2020, transfer))
    assert off(photo.pixels, colours()) < 1.5
    assert photo.bits == 16
    assert "HDR" in photo.notes[0]


def test_bright_highlights_are_rolled_off_and_keep_order_and_hue():
    grey = np.linspace(0, 1, 256)[None, :, None] * np.array([1, 0.5, 0.25])
    signal = hdr.light_to_pq(grey * 2000).astype(np.float32).repeat(16, axis=0)
    mapped = hdr.hdr_to_srgb(signal, PRIMARIES[SRGB], hdr.PQ)
    assert (np.diff(mapped[0], axis=0) >= -1e-4).all()
    assert mapped.max() <= 1
    assert mapped[0, -1, 0] > 0.99
    linear = srgb_to_linear(mapped[0, 50:])
    assert np.allclose(linear[:, 1] / linear[:, 0], 0.5, atol=0.01)
    # What is far below white keeps its brightness.
    dark = grey[0, :, 0] * 2000 < 50
    expected = grey[0, dark, 0] * 2000 / hdr.SDR_WHITE
    assert np.allclose(srgb_to_linear(mapped[0, dark, 0]), expected, atol=0.01)


def adobe_exif(space, index):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x8769] = {0xA001: space} | ({0xA005: {1: index}} if index else {})
    return exif.tobytes()


@pytest.mark.parametrize(("space", "index"), [(65535, "R03"), (2, None), (2, "R03")])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_adobe_rgb_by_exif_alone(tmp_path, space, index, kind):
    matrix = hdr.rgb_to_rgb(
        PRIMARIES[SRGB], ((0.64, 0.33, 0.21, 0.71, 0.15, 0.06), PRIMARIES[SRGB][1])
    )
    stored = np.clip(srgb_to_linear(MUTED) @ matrix.T, 0, 1) ** (256 / 563)
    options = {"exif": adobe_exif(space, index), "quality": 100}
    options |= {"subsampling": 0} if kind == "JPEG" else {}
    options |= {"lossless": True} if kind == "WEBP" else {}
    photo = read_photo(saved(Image.fromarray(levels(stored)), kind, **options))
    assert off(photo.pixels, MUTED) < 1.2
    write_photo(photo.pixels, tmp_path / "out.jpg", photo)
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.getexif().get_ifd(0x8769)[0xA001] == 1
        assert 0xA005 not in image.getexif().get_ifd(0x8769)
    assert off(read_photo(tmp_path / "out.jpg").pixels, MUTED) < 1.5


@pytest.mark.parametrize(
    ("space", "index"), [(1, "R03"), (1, "R98"), (65535, "R98"), (65535, None)]
)
def test_other_exif_colour_spaces_are_srgb(space, index):
    data = saved(Image.fromarray(levels(MUTED)), "PNG", exif=adobe_exif(space, index))
    assert off(read_photo(data).pixels, MUTED) < 0.5


@pytest.mark.parametrize("deep", [False, True])
def test_a_profile_counts_at_eight_and_sixteen_bits(deep):
    profile = imagecodecs.cms_profile("adobergb")
    matrix = hdr.rgb_to_rgb(
        PRIMARIES[SRGB], ((0.64, 0.33, 0.21, 0.71, 0.15, 0.06), PRIMARIES[SRGB][1])
    )
    stored = np.clip(srgb_to_linear(MUTED) @ matrix.T, 0, 1) ** (256 / 563)
    if deep:
        chunk = (b"iCCP", b"x\0\0" + zlib.compress(profile))
        data = png.with_chunks(imagecodecs.png_encode(words(stored)), [chunk])
    else:
        data = saved(Image.fromarray(levels(stored)), "PNG", icc_profile=profile)
    assert off(read_photo(data).pixels, MUTED) < 1
    assert read_photo(data).bits == (16 if deep else 8)


def test_an_ultra_hdr_jpeg_gives_its_sdr_image():
    photo = saved(Image.fromarray(levels(colours())), "JPEG", quality=95)
    gain = saved(Image.fromarray(levels(colours(24, 32)[..., 0])), "JPEG")
    gain = with_segments(gain, xmp_segment('<x hdrgm:Version="1.0"/>'))
    whole = multi_picture(with_segments(photo, xmp_segment('<x hdrgm:Version="1.0"/>')), gain)
    read = read_photo(whole)
    assert off(read.pixels, colours()) < 3
    assert read.depth is None
    assert read.notes == ()
