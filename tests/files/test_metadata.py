import io

import numpy as np
import pytest
from PIL import Image

from autofocus.files import iptc, xmp
from autofocus.photo import preview, read_photo, write_photo
from tests.files import facts
from tests.files.pictures import colours, levels, saved, with_segments, xmp_segment

SUFFIXES = [".jpg", ".png", ".webp", ".tif"]


def press_jpeg(orientation=6, **options):
    """A JPEG with EXIF, XMP and IPTC, public and private."""
    image = Image.fromarray(levels(colours()))
    data = saved(image, "JPEG", quality=95, exif=facts.exif(orientation), **options)
    return with_segments(data, xmp_segment(facts.XMP), facts.photoshop_segment())


@pytest.fixture(scope="module")
def press():
    return read_photo(press_jpeg(dpi=(300, 200)))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rights_stay_and_secrets_go(press, tmp_path, suffix):
    path = tmp_path / f"photo{suffix}"
    write_photo(press.pixels, path, press)
    data = path.read_bytes()
    for secret in (*facts.PRIVATE, facts.PLACE, "SECRET-THUMBNAIL"):
        assert secret.encode() not in data
    kept = read_photo(path).metadata
    assert kept.exif.main[0x8298].encode("latin-1").decode() == facts.RIGHTS
    assert kept.exif.main[0x013B].encode("latin-1").decode() == facts.ARTIST
    assert kept.exif.main[0x4746] == 4
    assert kept.exif.camera[0x9003] == "2024:05:01 10:00:00"
    assert float(kept.exif.camera[0x829D]) == 2.8
    assert kept.exif.gps == {}
    said = xmp.properties(kept.xmp)
    assert said[xmp.full("xmp:Rating")] == "5"
    assert "".join(said[xmp.full("dc:rights")].itertext()) == facts.RIGHTS
    assert [li.text for li in said[xmp.full("dc:subject")].iter() if li.text] == ["küche", "hund"]
    assert not any("tiff" in name or "GPS" in name for name in said)
    if suffix in (".jpg", ".tif"):
        assert iptc.as_texts(kept.iptc)["dc:subject"] == "küche\nhund"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_describes_the_file_is_written_anew(press, tmp_path, suffix):
    path = tmp_path / f"photo{suffix}"
    write_photo(press.pixels, path, press)
    with Image.open(path) as image:
        camera = image.getexif().get_ifd(0x8769)
        assert (camera[0xA001], camera[0xA002], camera[0xA003]) == (1, 48, 64)
        assert image.size == (48, 64)
        assert image.getexif().get(0x0112, 1) == 1
        assert image.info["icc_profile"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_resolution_stays_and_turns_with_the_photo(press, tmp_path, suffix):
    path = tmp_path / f"photo{suffix}"
    write_photo(press.pixels, path, press)
    with Image.open(path) as image:
        exif = image.getexif()
        assert (float(exif[0x011A]), float(exif[0x011B])) == (200, 300)
        if suffix != ".webp":
            assert np.allclose(image.info["dpi"], (200, 300), atol=0.1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_a_scans_resolution_is_kept_without_exif(tmp_path, kind, suffix):
    photo = read_photo(saved(Image.fromarray(levels(colours())), kind, dpi=(600, 600)))
    write_photo(photo.pixels, tmp_path / f"scan{suffix}", photo)
    with Image.open(tmp_path / f"scan{suffix}") as image:
        assert np.allclose([float(value) for value in image.info["dpi"]], 600, atol=0.1)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_place_is_kept_on_request_only(press, tmp_path, suffix):
    path = tmp_path / f"photo{suffix}"
    write_photo(press.pixels, path, press, keep_location=True)
    kept = read_photo(path).metadata
    assert [float(part) for part in kept.exif.gps[2]] == list(facts.LATITUDE)
    assert xmp.properties(kept.xmp)[xmp.full("photoshop:City")] == facts.PLACE
    write_photo(press.pixels, path, press)
    assert read_photo(path).metadata.exif.gps == {}


def test_a_smaller_copy_states_its_own_size(press, tmp_path):
    small = preview(press.pixels, 32)
    write_photo(small, tmp_path / "small.jpg", press)
    camera = read_photo(tmp_path / "small.jpg").metadata.exif.camera
    assert (camera[0xA002], camera[0xA003]) == (24, 32)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_iptc_alone_becomes_xmp_where_there_is_no_place_for_it(tmp_path, suffix):
    data = saved(Image.fromarray(levels(colours())), "JPEG")
    photo = read_photo(with_segments(data, facts.photoshop_segment()))
    write_photo(photo.pixels, tmp_path / f"photo{suffix}", photo)
    said = xmp.properties(read_photo(tmp_path / f"photo{suffix}").metadata.xmp)
    assert "".join(said[xmp.full("dc:rights")].itertext()) == facts.RIGHTS
    assert [li.text for li in said[xmp.full("dc:subject")].iter() if li.text] == ["küche", "hund"]


def test_the_texts_of_a_png_become_xmp_and_prompts_stay_behind(tmp_path):
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_text("Copyright", facts.RIGHTS)
    texts.add_text("parameters", "SECRET-COMMENT")
    photo = read_photo(saved(Image.fromarray(levels(colours())), "PNG", pnginfo=texts))
    write_photo(photo.pixels, tmp_path / "photo.jpg", photo)
    said = xmp.properties(read_photo(tmp_path / "photo.jpg").metadata.xmp)
    assert "".join(said[xmp.full("dc:rights")].itertext()) == facts.RIGHTS
    assert b"SECRET" not in (tmp_path / "photo.jpg").read_bytes()


def test_a_plain_photo_gets_no_metadata(tmp_path):
    write_photo(colours(), tmp_path / "photo.jpg")
    with Image.open(tmp_path / "photo.jpg") as image:
        assert not image.getexif()
        assert "xmp" not in image.info


@pytest.mark.parametrize(
    "packet",
    [
        b"not xml",
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>',
        facts.XMP.encode("utf-16"),
        b"\xff\xfe\x00",
    ],
)
def test_xmp_that_cannot_be_trusted_is_left_out(packet):
    assert xmp.keep(packet, {}, keep_location=False) is None


@pytest.mark.filterwarnings("ignore::UserWarning")  # the program ignores Pillow's
def test_metadata_that_is_damaged_anywhere_still_lets_the_photo_pass(tmp_path):
    whole = press_jpeg()
    end = whole.index(b"\xff\xdb")
    random = np.random.default_rng(3)
    for _ in range(60):
        hurt = bytearray(whole)
        for place in random.integers(20, end, 6):
            hurt[place] = random.integers(256)
        try:
            photo = read_photo(bytes(hurt))
        except ValueError as error:  # a segment's length was hit
            assert str(error).endswith(".")
            continue
        write_photo(photo.pixels, tmp_path / "photo.jpg", photo)
        with Image.open(io.BytesIO((tmp_path / "photo.jpg").read_bytes())) as image:
            image.load()
