import numpy as np
import pytest
from PIL import Image

from autofocus.files.phone_depth import Stored
from autofocus.photo import fit, read_photo, runs_against
from tests.files import heic
from tests.files.pictures import (
    XMP_CLOSING,
    XMP_OPENING,
    colours,
    extended_segments,
    gdepth,
    gdepth_description,
    levels,
    multi_picture,
    ramp,
    saved,
    with_segments,
    xmp_segment,
)

DEPTH = ramp(24, 32)
MAP = Image.fromarray(levels(DEPTH))


def photo_jpeg(orientation=1):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(Image.fromarray(levels(colours())), "JPEG", quality=95, exif=exif)


def is_the_map(found, expected=DEPTH):
    """Whether a map has the same order of near and far, and about the same values."""
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    return np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


def dynamic_depth(new, item=b"", **facts):
    """A JPEG with a depth map behind it, by the older or the newer container."""
    picture = saved(Image.fromarray(levels(1 - DEPTH)), "JPEG", quality=95)
    said = {"Format": "RangeInverse", "Near": "1", "Far": "10"} | facts
    depth = " ".join(f'DepthMap:{name}="{value}"' for name, value in said.items())
    if new:
        spaces = 'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
        kinds = ('Item:Semantic="Primary"', 'Item:Semantic="Depth"')
    else:
        spaces = 'xmlns:Item="http://ns.google.com/photos/dd/1.0/item/"'
        kinds = ('Item:DataURI="primary_image"', 'Item:DataURI="android/depthmap"')
    spaces += (
        ' xmlns:Container="http://ns.google.com/photos/dd/1.0/container/"'
        ' xmlns:DepthMap="http://ns.google.com/photos/dd/1.0/depthmap/"'
    )
    text = (
        f'{XMP_OPENING}<rdf:Description rdf:about="" {spaces}><Container:Directory><rdf:Seq>'
        f'<rdf:li><Container:Item Item:Mime="image/jpeg" {kinds[0]} Item:Length="0"/></rdf:li>'
        f'<rdf:li><Container:Item Item:Mime="image/jpeg" {kinds[1]} Item:Length="{len(picture)}"/>'
        "</rdf:li></rdf:Seq></Container:Directory>"
        f'<DepthMap:Map {depth} DepthMap:DepthURI="android/depthmap"/>'
        f"</rdf:Description>{XMP_CLOSING}"
    )
    return with_segments(photo_jpeg(), xmp_segment(text)) + picture


def test_heic_with_a_depth_image():
    photo = read_photo(heic.heic_with(Image.fromarray(levels(colours())), MAP, heic.DEPTH))
    assert is_the_map(photo.depth)
    assert "depth map of its own (32×24)" in photo.notes[0]
    assert not runs_against(photo.depth, ramp())
    assert fit(photo.depth, photo.pixels.shape[:2]).shape == (48, 64)


def test_heic_with_a_portrait_matte():
    photo = read_photo(heic.heic_with(Image.fromarray(levels(colours())), MAP, heic.MATTE))
    assert np.abs(photo.matte - DEPTH).mean() < 0.02
    assert photo.depth is None


@pytest.mark.parametrize(
    ("stored", "rises"),
    [
        (Stored(DEPTH, "disparity"), True),
        (Stored(DEPTH, "distance", 0.5, 8), False),
        (Stored(DEPTH, "distance"), False),
        (Stored(DEPTH, "inverse", 0.5, 8), False),
    ],
)
def test_what_is_near_by_the_files_metadata(stored, rises):
    depth = stored.depth()
    assert (depth.min(), depth.max()) == (0, 1)
    assert runs_against(depth, DEPTH) != rises


def test_distances_become_like_disparity():
    depth = Stored(np.linspace(0, 1, 101, dtype=np.float32)[None], "distance", 1, 3).depth()
    middle = (1 / 2 - 1 / 3) / (1 - 1 / 3)  # of the disparities of 1, 2 and 3 metres
    assert abs(depth[0, 50] - middle) < 0.02


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("kind", ["RangeInverse", "RangeLinear"])
def test_gdepth(extended, kind):
    facts, image = gdepth(DEPTH, Format=kind)
    if extended:
        more = extended_segments(gdepth_description({"Data": image}))
        data = with_segments(photo_jpeg(), xmp_segment(gdepth_description(facts)), *more)
    else:
        described = gdepth_description(facts | {"Data": image})
        data = with_segments(photo_jpeg(), xmp_segment(described))
    photo = read_photo(data)
    assert not runs_against(photo.depth, DEPTH)
    if kind == "RangeInverse":
        assert is_the_map(photo.depth)


@pytest.mark.parametrize("data", [None, "", "no base64!", "aGVsbG8="])
def test_gdepth_that_was_lost_is_said(data):
    facts, _ = gdepth(DEPTH)
    facts |= {} if data is None else {"Data": data}
    photo = read_photo(with_segments(photo_jpeg(), xmp_segment(gdepth_description(facts))))
    assert photo.depth is None
    assert "not in the file" in photo.notes[0]


@pytest.mark.parametrize("new", [False, True])
def test_dynamic_depth(new):
    assert is_the_map(read_photo(dynamic_depth(new)).depth)


def test_a_multi_picture_file_with_a_depth_map():
    data = multi_picture(photo_jpeg(), saved(MAP.convert("RGB"), "JPEG", quality=95))
    photo = read_photo(data)
    assert is_the_map(photo.depth)
    assert np.abs(photo.pixels - colours()).mean() < 0.02


@pytest.mark.parametrize(
    ("label", "depth", "matte"),
    [
        ("disparity", True, False),
        ("portraiteffectsmatte", False, True),
        ("urn:com:apple:photo:2020:aux:hdrgainmap", False, False),
    ],
)
def test_apples_jpeg_by_its_labels(label, depth, matte):
    text = f'<x apdi:AuxiliaryImageType="{label}"/>'
    second = with_segments(saved(MAP, "JPEG", quality=95), xmp_segment(text))
    photo = read_photo(multi_picture(photo_jpeg(), second))
    assert (photo.depth is not None, photo.matte is not None) == (depth, matte)


@pytest.mark.parametrize("size", [(32, 24), (24, 32)])
@pytest.mark.parametrize("kind", [0, 0x010001, 0x020002])
def test_other_second_pictures_are_no_depth(size, kind):
    """A colour picture, a thumbnail, the other eye of a stereo pair, another aspect."""
    colourful = saved(Image.fromarray(levels(colours())).resize(size), "JPEG")
    assert read_photo(multi_picture(photo_jpeg(), colourful, kind)).depth is None
    grey = saved(MAP.resize(size), "JPEG")
    photo = read_photo(multi_picture(photo_jpeg(), grey, kind))
    assert (photo.depth is not None) == (kind == 0 and size == (32, 24))


def test_a_black_and_white_copy_of_the_photo_is_no_depth():
    plain = Image.fromarray(levels(colours())).convert("L")
    data = multi_picture(saved(plain, "JPEG"), saved(plain.resize((32, 24)), "JPEG"))
    assert read_photo(data).depth is None


def test_the_map_turns_with_the_photo():
    data = multi_picture(photo_jpeg(orientation=6), saved(MAP, "JPEG", quality=95))
    photo = read_photo(data)
    assert photo.pixels.shape == (64, 48, 3)
    assert is_the_map(photo.depth, np.rot90(DEPTH, 3))


def test_a_damaged_map_lets_the_photo_pass():
    for whole in (
        dynamic_depth(True),
        multi_picture(photo_jpeg(), saved(MAP, "JPEG", quality=95)),
    ):
        photo = read_photo(whole[:-400] + bytes(400))
        assert np.abs(photo.pixels - colours()).mean() < 0.02


def test_a_plain_photo_has_no_map_and_no_note():
    photo = read_photo(photo_jpeg())
    assert (photo.depth, photo.matte, photo.notes) == (None, None, ())
