"""More than fifty files in and out: formats, orientations, colour spaces, bits, facts."""

import itertools
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from autofocus.files import hdr, png
from autofocus.files.colour import ADOBE_RGB, PRIMARIES, SRGB_BYTES, cicp_profile, srgb_to_linear
from autofocus.files.decode import upright
from autofocus.photo import read_photo, write_photo
from tests.files import facts
from tests.files.pictures import (
    levels,
    saved,
    tiff,
    with_segments,
    words,
    xmp_segment,
)
from tests.files.test_colour import MUTED, heic, heic8, in_space

ADOBE = ((0.64, 0.33, 0.21, 0.71, 0.15, 0.06), PRIMARIES[1][1])
PROFILES = {
    "none": None,
    "sRGB": SRGB_BYTES,
    "P3": cicp_profile(12, 13),
    "Adobe RGB": ADOBE_RGB.icc,
}
KINDS = ("JPEG", "PNG", "PNG 16", "TIFF", "TIFF 16", "WebP")
SUFFIXES = (".jpg", ".png", ".tif", ".webp")
BACK = {6: 8, 8: 6}


def in_profile(name):
    """The reference's colours as a profile stores them."""
    if name == "P3":
        return in_space(MUTED, 12, srgb_to_linear)
    if name == "Adobe RGB":
        matrix = hdr.rgb_to_rgb(PRIMARIES[1], ADOBE)
        return np.clip(srgb_to_linear(MUTED) @ matrix.T, 0, 1) ** (256 / 563)
    return MUTED


def make(kind, orientation, profile):
    """A file of the reference picture, turned, in a colour space, with public and private facts."""
    stored = upright(in_profile(profile), BACK.get(orientation, orientation))
    icc, exif = PROFILES[profile], facts.exif(orientation)
    said = {"icc_profile": icc} if icc else {}
    image = Image.fromarray(levels(stored))
    if kind == "JPEG":
        data = saved(image, "JPEG", quality=98, subsampling=0, exif=exif, **said)
        return with_segments(data, xmp_segment(facts.XMP), facts.photoshop_segment())
    if kind == "WebP":
        options = {"lossless": True, "exif": exif, "xmp": facts.XMP.encode()}
        return saved(image, "WEBP", **options, **said)
    if kind == "PNG":
        return saved(image, "PNG", exif=exif, **said)
    if kind == "PNG 16":
        chunks = [(b"eXIf", exif.removeprefix(b"Exif\0\0"))]
        chunks += [(b"iCCP", b"x\0\0" + zlib.compress(icc))] if icc else []
        return png.with_chunks(imagecodecs.png_encode(words(stored)), chunks)
    tags = [
        (0x0112, 3, 1, orientation, True),
        (0x8298, 2, 0, facts.RIGHTS.encode(), True),
        (700, 1, len(facts.XMP.encode()), facts.XMP.encode(), True),
    ]
    values = words(stored) if kind == "TIFF 16" else levels(stored)
    return tiff(values, photometric="rgb", iccprofile=icc, extratags=tags)


def cases():
    """Every format in every colour space, and every orientation of it; targets in turn."""
    suffixes = itertools.cycle(SUFFIXES)
    pairs = [(kind, 1 + at % 8, profile) for kind in KINDS for at, profile in enumerate(PROFILES)]
    pairs += [(kind, turn, "none") for kind in KINDS for turn in range(1, 9)]
    return [(*pair, next(suffixes)) for pair in pairs]


@pytest.mark.parametrize(("kind", "orientation", "profile", "suffix"), cases())
def test_in_and_out(tmp_path, kind, orientation, profile, suffix):
    photo = read_photo(make(kind, orientation, profile))
    deep = kind.endswith("16")
    assert np.abs(photo.pixels - MUTED).mean() * 255 < 1.5
    assert photo.bits == (16 if deep else 8)

    path = tmp_path / f"out{suffix}"
    write_photo(photo.pixels, path, photo)
    again = read_photo(path)
    assert np.abs(again.pixels - MUTED).mean() * 255 < 1.5
    assert again.bits == (16 if deep and suffix in (".png", ".tif") else 8)
    rights = again.metadata.exif.main[0x8298]
    assert rights.encode("latin-1").decode() == facts.RIGHTS
    data = path.read_bytes()
    assert not any(secret.encode() in data for secret in (*facts.PRIVATE, facts.PLACE))
    assert again.metadata.exif.gps == {}
    assert again.metadata.exif.camera[0xA001] == 1
    with Image.open(path) if not deep or suffix != ".tif" else Image.new("RGB", (64, 48)) as image:
        assert image.size == (64, 48)


@pytest.mark.parametrize("write", [heic, heic8])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_heic_in_and_out(tmp_path, write, suffix):
    photo = read_photo(write(in_space(MUTED, 12, srgb_to_linear), 12, 13))
    write_photo(photo.pixels, tmp_path / f"out{suffix}", photo)
    assert np.abs(read_photo(tmp_path / f"out{suffix}").pixels - MUTED).mean() * 255 < 1.5


def test_sixteen_bits_are_not_cut(tmp_path):
    ramp = np.linspace(0.3, 0.31, 64 * 48, dtype=np.float32).reshape(48, 64)
    photo = read_photo(tiff(words(np.dstack([ramp] * 3)), photometric="rgb"))
    for name in ("out.png", "out.tif"):
        write_photo(photo.pixels, tmp_path / name, photo)
        again = read_photo(tmp_path / name)
        assert len(np.unique(words(again.pixels))) > 500
        assert np.array_equal(words(again.pixels), words(photo.pixels))


def test_eight_bits_of_sixteen_are_dithered(tmp_path):
    """A slope within one level of 255 keeps its mean in every part, where rounding makes a step."""
    slope = np.linspace(100.0, 101.0, 256, dtype=np.float32)[None].repeat(256, axis=0) / 255
    photo = read_photo(tiff(words(np.dstack([slope] * 3)), photometric="rgb"))
    write_photo(photo.pixels, tmp_path / "out.jpg", photo)
    read = read_photo(tmp_path / "out.jpg").pixels.mean(axis=(0, 2)) * 255
    parts = read.reshape(8, 32).mean(axis=1)
    assert np.abs(parts - np.linspace(100, 101, 256).reshape(8, 32).mean(axis=1)).max() < 0.12


def test_black_and_white_stay_clean_when_dithered(tmp_path):
    halves = np.zeros((48, 64, 3), np.uint16)
    halves[:, 32:] = 65535
    photo = read_photo(tiff(halves, photometric="rgb"))
    write_photo(photo.pixels, tmp_path / "out.webp", photo)
    again = levels(read_photo(tmp_path / "out.webp").pixels)
    assert again[:, :28].max() <= 1
    assert again[:, 36:].min() >= 254


def test_there_are_fifty_and_more():
    assert len(cases()) > 50
