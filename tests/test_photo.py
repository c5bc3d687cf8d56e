import io
import subprocess
import sys
import tracemalloc

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from autofocus.errors import DepthMapError, PhotoError, RequestError
from autofocus.files.exif import GPS, ORIENTATION
from autofocus.photo import (
    Photo,
    compact,
    fit,
    preview,
    read_correction,
    read_depth,
    read_photo,
    resize,
    through_lens,
    to_floats,
    write_depth,
    write_photo,
    write_saliency,
)
from tests.bad_files import write_bad_files


@pytest.fixture
def smooth():
    """A photo without fine detail, 40×60×3 uint8, that lossy formats keep closely."""
    rows, columns = np.mgrid[0:40, 0:60]
    return np.dstack([40 + 4 * rows, 30 + 3 * columns, 200 - 2 * rows - columns]).astype(np.uint8)


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_common_formats_keep_the_image(smooth, kind):
    pillow_heif.register_heif_opener()
    pixels = read_photo(saved(Image.fromarray(smooth), kind)).pixels
    assert pixels.dtype == np.float32
    assert pixels.shape == smooth.shape
    assert np.abs(pixels - smooth / 255).mean() < 0.02


def test_first_frame_of_a_gif(smooth):
    first = Image.fromarray(smooth).quantize(64)
    second = Image.new("P", first.size)
    data = saved(first, "GIF", save_all=True, append_images=[second])
    assert np.abs(read_photo(data).pixels - smooth / 255).mean() < 0.05


def test_palette_and_grey(smooth):
    palette = read_photo(saved(Image.fromarray(smooth).quantize(128), "PNG")).pixels
    assert np.abs(palette - smooth / 255).mean() < 0.05
    grey = read_photo(saved(Image.fromarray(smooth[..., 0]), "PNG")).pixels
    assert grey.shape == smooth.shape
    assert np.array_equal(grey[..., 0], grey[..., 2])


def test_cmyk(smooth):
    data = saved(Image.fromarray(smooth).convert("CMYK"), "JPEG", quality=95)
    assert np.abs(read_photo(data).pixels - smooth / 255).mean() < 0.05


@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bits_keep_their_depth(channels):
    ramp = np.linspace(20_000, 20_200, 64).astype(np.uint16).reshape(8, 8)
    values = np.dstack([ramp] * 3 + [np.full_like(ramp, 65535)] * (channels - 3))
    pixels = read_photo(cv2.imencode(".png", values)[1].tobytes()).pixels
    assert np.allclose(pixels[..., 0], ramp / 65535, atol=1e-6)


def test_sixteen_bit_grey():
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    pixels = read_photo(saved(Image.fromarray(ramp), "PNG")).pixels
    assert np.allclose(pixels, (ramp / 65535)[..., None], atol=1e-5)


def test_transparency_lies_over_white(smooth):
    alpha = np.full(smooth.shape[:2], 255, np.uint8)
    alpha[:20] = 0
    alpha[20:30] = 128
    pixels = read_photo(saved(Image.fromarray(np.dstack([smooth, alpha])), "PNG")).pixels
    assert (pixels[:20] == 1).all()
    half = smooth[20:30] / 255 * (128 / 255) + 127 / 255
    assert np.allclose(pixels[20:30], half, atol=0.01)
    assert np.allclose(pixels[30:], smooth[30:] / 255, atol=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("deep", [False, True])
def test_every_exif_orientation_is_turned_upright(smooth, orientation, deep):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    if deep:
        data = cv2.imencode(".png", smooth[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
        chunk = saved(Image.fromarray(smooth), "PNG", exif=exif)
        start = chunk.index(b"eXIf") - 4
        length = int.from_bytes(chunk[start : start + 4], "big") + 12
        after_header = 33
        data = data[:after_header] + chunk[start : start + length] + data[after_header:]
    else:
        data = saved(Image.fromarray(smooth), "PNG", exif=exif)
    back = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}[orientation]
    expected = Image.fromarray(smooth)
    if back is not None:
        expected = expected.transpose(Image.Transpose(back))
    assert np.allclose(read_photo(data).pixels, np.asarray(expected) / 255, atol=1e-3)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_smaller_copy_is_the_same_photo_with_enough_pixels(kind, orientation):
    rows, columns = np.mgrid[:300, :400]
    large = np.uint8(np.dstack([rows / 2, columns / 2, 255 - columns / 2]))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = saved(Image.fromarray(large), kind, exif=exif)
    whole, copy = read_photo(data), read_photo(data, enough=28_000)
    size = whole.pixels.shape[:2]
    assert whole.full_size is None and copy.size == size == (300, 400)[:: 1 - orientation // 6 * 2]
    assert copy.pixels.shape[:2] == (size if kind == "PNG" else (size[0] // 2, size[1] // 2))
    smaller = resize(whole.pixels, copy.pixels.shape[:2])
    assert np.abs(copy.pixels - smaller).mean() < 1 / 255
    assert read_photo(data, enough=31_000).full_size is None


def test_another_colour_profile_is_converted(smooth):
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    as_lab = ImageCms.profileToProfile(Image.fromarray(smooth), srgb, lab, outputMode="LAB")
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    data = saved(as_lab, "TIFF", icc_profile=profile)
    assert np.abs(read_photo(data).pixels - smooth / 255).mean() < 0.03


def test_a_broken_profile_is_ignored(smooth):
    data = saved(Image.fromarray(smooth), "PNG", icc_profile=b"no profile")
    assert np.allclose(read_photo(data).pixels, smooth / 255, atol=1e-3)


def test_sources_are_paths_bytes_and_files(smooth, tmp_path):
    data = saved(Image.fromarray(smooth), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    for source in (path, str(path), data, io.BytesIO(data)):
        assert read_photo(source).pixels.shape == smooth.shape


def test_a_single_pixel_is_a_photo():
    assert read_photo(saved(Image.new("RGB", (1, 1), "red"), "PNG")).pixels.shape == (1, 1, 3)


@pytest.mark.slow
def test_every_bad_file_gets_its_sentence(tmp_path):
    for name, word in write_bad_files(tmp_path).items():
        with pytest.raises(PhotoError, match=word) as caught:
            read_photo(tmp_path / name)
        assert str(caught.value).endswith(".")


def test_missing_files_and_folders_get_their_sentence(tmp_path):
    with pytest.raises(PhotoError, match="no such file"):
        read_photo(tmp_path / "nothing.jpg")
    with pytest.raises(PhotoError, match="folder"):
        read_photo(tmp_path)


def test_more_than_64_megapixels_are_refused():
    data = saved(Image.new("1", (8001, 8000)), "PNG")
    with pytest.raises(PhotoError, match="64 megapixels"):
        read_photo(data)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".JPEG"])
def test_written_photos_read_the_same_and_say_that_they_are_srgb(smooth, tmp_path, suffix):
    path = tmp_path / f"photo{suffix}"
    write_photo(smooth / np.float32(255), path)
    assert np.abs(read_photo(path).pixels - smooth / 255).mean() < 0.01
    with Image.open(path) as image:
        assert image.info["icc_profile"]


def test_exif_travels_without_orientation_and_location_can_be_dropped(smooth, tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = "Maker"
    exif.get_ifd(GPS)[1] = "N"
    exif[GPS] = {1: "N", 2: (1.0, 2.0, 3.0)}
    photo = read_photo(saved(Image.fromarray(smooth), "JPEG", exif=exif))
    path = tmp_path / "photo.jpg"
    write_photo(photo.pixels, path, photo, keep_location=True)
    with Image.open(path) as image:
        kept = image.getexif()
        assert kept[0x010F] == "Maker"
        assert GPS in kept
        assert ORIENTATION not in kept
    write_photo(photo.pixels, path, photo)
    with Image.open(path) as image:
        assert image.getexif()[0x010F] == "Maker"
        assert GPS not in image.getexif()


@pytest.fixture
def phone_exif():
    """EXIF as a phone writes it: turned, with a camera, an exposure and a place."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x010F] = "Maker"
    exif[0x8769] = {0x829A: 0.01}
    exif[GPS] = {1: "N", 2: (1.0, 2.0, 3.0)}
    return exif.tobytes()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_exif_of_a_turned_phone_photo_fits_every_format(smooth, phone_exif, tmp_path, kind, suffix):
    photo = read_photo(saved(Image.fromarray(smooth), kind, exif=phone_exif))
    path = tmp_path / f"photo{suffix}"
    write_photo(photo.pixels, path, photo, keep_location=True)
    again = read_photo(path)
    assert np.abs(again.pixels - photo.pixels).mean() < 0.01
    with Image.open(path) as image:
        kept = image.getexif()
        assert kept[0x010F] == "Maker"
        assert kept.get_ifd(GPS)[1] == "N"
        assert 0x829A in kept.get_ifd(0x8769)


def test_a_place_in_a_tiffs_xmp_stays_behind(smooth, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif[0x02BC] = b"<exif:GPSLatitude>48,12.5N</exif:GPSLatitude>"
    photo = read_photo(saved(Image.fromarray(smooth), "TIFF", exif=exif))
    path = tmp_path / "photo.tif"
    write_photo(photo.pixels, path, photo)
    assert b"Maker" in path.read_bytes()
    assert b"GPSLatitude" not in path.read_bytes()


def test_exif_too_long_for_a_jpeg_is_left_out(smooth, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "x" * 70_000
    photo = read_photo(saved(Image.fromarray(smooth), "PNG", exif=exif))
    path = tmp_path / "photo.jpg"
    write_photo(photo.pixels, path, photo)
    assert not read_photo(path).metadata.exif.main


@pytest.mark.parametrize("name", ["wide.jpg", "wide.webp"])
def test_an_image_too_wide_for_its_format_gets_a_sentence(tmp_path, name):
    with pytest.raises(PhotoError, match="cannot be written"):
        write_photo(np.zeros((1, 66_000, 3), np.float32), tmp_path / name)


@pytest.mark.filterwarnings("ignore::UserWarning")  # the test below is about these
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "GIF"])
@pytest.mark.parametrize("read", [read_photo, read_depth])
def test_damage_anywhere_gives_an_image_or_a_sentence(smooth, phone_exif, kind, read):
    pillow_heif.register_heif_opener()
    whole = saved(Image.fromarray(smooth), kind, **({} if kind == "GIF" else {"exif": phone_exif}))
    random = np.random.default_rng(7)
    refused = 0
    for share in np.linspace(0, 0.99, 40):
        hurt = bytearray(whole)
        for place in random.integers(0, 300, 4):
            hurt[place % len(hurt)] = random.integers(256)
        for data in (bytes(hurt), whole[: int(share * len(whole))]):
            try:
                read(data)
            except (PhotoError, DepthMapError) as error:
                refused += 1
                assert str(error).endswith(".")
    assert refused


@pytest.mark.slow
def test_odd_metadata_is_not_remarked_on(smooth, tmp_path):
    exif = b"Exif\0\0II*\0\x08\0\0\0\x09\0" + bytes(7)
    (tmp_path / "odd.jpg").write_bytes(saved(Image.fromarray(smooth), "JPEG", exif=exif))
    palette = Image.fromarray(smooth).quantize(8)
    palette.save(tmp_path / "palette.png", transparency=bytes(range(0, 256, 32)))
    code = "import sys; from autofocus.photo import read_photo; [*map(read_photo, sys.argv[1:])]"
    names = [str(tmp_path / name) for name in ("odd.jpg", "palette.png")]
    done = subprocess.run([sys.executable, "-W", "always", "-c", code, *names], capture_output=True)
    assert (done.returncode, done.stderr.decode()) == (0, "")


def test_an_srgb_profile_changes_nothing(smooth):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, tagged = (
        read_photo(saved(Image.fromarray(smooth), "PNG", **options)).pixels
        for options in ({}, {"icc_profile": profile})
    )
    assert np.array_equal(plain, tagged)


def test_depth_uses_all_sixteen_bits(tmp_path):
    depth = np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64)
    path = tmp_path / "depth.png"
    write_depth(depth, path)
    with Image.open(path) as image:
        values = np.asarray(image)
    assert values.dtype == np.uint16
    assert (values.min(), values.max()) == (0, 65535)
    assert np.abs(read_depth(path).depth - depth).max() < 1e-5


def test_saliency_is_eight_bits(tmp_path):
    path = tmp_path / "saliency.png"
    write_saliency(np.array([[0, 0.8, 1]], np.float32), path)
    with Image.open(path) as image:
        assert np.asarray(image).tolist() == [[0, 204, 255]]


def test_depth_maps_of_eight_bits_and_in_colour_files(smooth):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for image in (Image.fromarray(grey), Image.fromarray(np.dstack([grey] * 3))):
        assert np.allclose(read_depth(saved(image, "PNG")).depth, grey / 255, atol=1e-3)


def test_an_unknown_suffix_and_an_impossible_place_get_a_sentence(smooth, tmp_path):
    with pytest.raises(PhotoError, match="unsupported format"):
        write_photo(smooth / np.float32(255), tmp_path / "photo.bmp")
    with pytest.raises(PhotoError, match="cannot be written"):
        write_photo(smooth / np.float32(255), tmp_path / "missing" / "photo.png")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((3000, 4000), (960, 1280)),
        ((1500, 10_000), (480, 3200)),
        ((9000, 1170), (3692, 480)),
        ((200, 9000), (91, 4096)),
        ((300, 1200), (300, 1200)),
    ],
)
def test_previews_of_panoramas_are_longer_for_their_short_side(size, expected):
    assert preview(np.zeros(size, np.uint8)).shape == expected


def test_a_correction_is_read_from_blurred_to_sharp():
    painted = Image.fromarray(np.uint8([[0, 64, 128, 255]]))
    values = read_correction(saved(painted, "PNG"))[0]
    assert values[[0, 2, 3]].tolist() == [-1, 0, 1] and -1 < values[1] < 0
    for other in (saved(painted, "TIFF"), saved(painted.convert("RGB"), "PNG")):
        with pytest.raises(RequestError, match="8-bit grey PNG"):
            read_correction(other)


def test_a_map_of_the_photos_aspect_fits_it():
    ramp = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (30, 1))
    assert fit(ramp, (30, 40)) is ramp
    for size in ((60, 80), (15, 20), (61, 80)):  # the last is off by a pixel of rounding
        fitted = fit(ramp, size)
        assert fitted.shape == size and (np.diff(fitted, axis=1) >= 0).all()
    with pytest.raises(DepthMapError, match="another aspect"):
        fit(ramp, (40, 30))


def test_a_lens_that_changes_nothing_leaves_colours_and_alpha(smooth):
    pixels, calls = smooth / np.float32(255), []

    def lens(image):
        calls.append(image.shape)
        return image

    assert through_lens(Photo(pixels), lens).pixels is pixels and len(calls) == 1
    alpha = np.tile(np.linspace(0.2, 1, 60, dtype=np.float32), (40, 1))
    over_white = 1 - alpha[..., None] * (1 - pixels)
    seen = through_lens(Photo(over_white, alpha), lens)
    assert len(calls) == 3  # the colours, and the alpha
    assert np.abs(seen.pixels - over_white).max() < 0.01
    assert np.abs(seen.alpha - alpha).max() < 0.01


@pytest.mark.parametrize("bits", [8, 16])
def test_a_compact_photo_is_the_same_photo_in_less_memory(smooth, bits, tmp_path):
    largest = 2**bits - 1
    whole = (smooth * np.float64(largest / 255)).round()
    photo = Photo(np.float32(whole / largest), bits=bits)
    small = compact(photo)
    assert np.array_equal(small.pixels, whole) and small.pixels.itemsize == bits // 8
    assert np.array_equal(to_floats(small.pixels), photo.pixels)
    for suffix in (".jpg", ".png", ".tif", ".webp"):
        files = [tmp_path / f"{name}{suffix}" for name in ("photo", "compact")]
        for one, file in zip((photo, small), files, strict=True):
            write_photo(one.pixels, file, one)
        first, second = (np.int64(to_whole_numbers(file)) for file in files)
        assert np.abs(first - second).max() <= (1 if suffix in (".jpg", ".webp") else 0)


def to_whole_numbers(file):
    return (read_photo(file).pixels * np.float64(65535)).round() // 257


def test_a_transparent_photo_is_not_compacted(smooth):
    photo = Photo(smooth / np.float32(255), np.full((40, 60), 0.5, np.float32))
    assert compact(photo) is photo


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_writing_takes_no_second_photo_in_floats(tmp_path, bits, suffix):
    """Beside the pixels there are whole numbers, which a file of 16 bits has twice."""
    pixels = np.zeros((1200, 1600, 3), np.float32)
    tracemalloc.start()
    write_photo(pixels, tmp_path / f"photo{suffix}", Photo(pixels, bits=bits))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (0.6 if bits == 8 else 1.1) * pixels.nbytes
