import math
import time
import tracemalloc

import numpy as np
import pytest

from autofocus.depth_edges import pool_lowest
from autofocus.lens.aperture import Aperture, disc_kernel
from autofocus.lens.lens import f_stop_of
from autofocus.lens.planes import multiply_spectra
from autofocus.photo import to_floats, to_type
from autofocus.render import Lens, RenderCancelled, circle_scale, correct
from autofocus.render import render as render_through

SIZE = (64, 96)
DIAGONAL = math.hypot(*SIZE)


def encode(linear):
    return np.where(
        linear <= 0.0031308,
        linear * 12.92,
        1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055,
    ).astype(np.float32)


def decode(encoded):
    encoded = encoded.astype(np.float64)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def render(photo, depth, focus, aperture, progress=None, cancelled=None, **lens):
    """Through a lens that is given by its aperture rather than its f-stop."""
    lens = Lens(focus, f_stop=f_stop_of(aperture), **lens)
    return render_through(photo, depth, lens, progress=progress, cancelled=cancelled)


def aperture_for(radius, distance=0.5, diagonal=DIAGONAL):
    """The aperture at which something `distance` away from the focus has this CoC radius."""
    return radius / (distance * diagonal)


def noise(seed=0, size=SIZE):
    return np.random.default_rng(seed).random((*size, 3), dtype=np.float32) * 0.9


def flat(value, size=SIZE):
    return np.full(size, value, np.float32)


def point(size=SIZE, power=0.9):
    photo = np.zeros((*size, 3), np.float32)
    photo[size[0] // 2, size[1] // 2] = encode(np.float64(power))
    return photo


def test_aperture_of_an_f_stop():
    assert Lens(f_stop=1.4).aperture == pytest.approx(0.0357, abs=1e-4)
    assert Lens(f_stop=f_stop_of(0.02)).aperture == pytest.approx(0.02)
    assert Lens(f_stop=f_stop_of(0)).aperture == 0
    with pytest.raises(ValueError, match="f-stop"):
        Lens(f_stop=0)


@pytest.mark.parametrize("radius", [0.3, 0.8, 2.5, 7.0])
@pytest.mark.parametrize("side", [0.0, 1.0])
def test_a_plane_out_of_focus_is_convolved_with_the_disc(radius, side):
    out = decode(render(point(), flat(side), 0.5, aperture_for(radius)))[..., 0]
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    distance = np.hypot(y - SIZE[0] // 2, x - SIZE[1] // 2)
    assert out.sum() == pytest.approx(0.9, rel=0.02)
    # A disc's second moment is radius² / 2; half a pixel of radius is the tolerance.
    measured = math.sqrt(2 * max((out * distance**2).sum() / out.sum(), 0))
    assert abs(measured - radius) <= 0.5
    assert out[distance > radius + 1.2].max(initial=0) < 0.02 * out.max()


def test_a_point_becomes_a_uniform_disc():
    out = decode(render(point(), flat(1.0), 0.5, aperture_for(8)))[..., 0]
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    inside = np.hypot(y - SIZE[0] // 2, x - SIZE[1] // 2) < 6.5
    assert out[inside].std() < 0.05 * out[inside].mean()


def test_blades_make_polygons_that_turn_round_behind_the_focus():
    sizes = {"aperture": aperture_for(9), "blades": 5, "rotation": 90.0}
    behind = decode(render(point(), flat(0.0), 0.5, **sizes))[..., 0]
    before = decode(render(point(), flat(1.0), 0.5, **sizes))[..., 0]
    middle = SIZE[0] // 2
    assert behind[middle - 8, SIZE[1] // 2] > 4 * behind[middle + 8, SIZE[1] // 2]
    assert before[middle + 8, SIZE[1] // 2] > 4 * before[middle - 8, SIZE[1] // 2]
    kernel = disc_kernel(9.0, Aperture(5, 90.0))
    assert kernel.sum() == pytest.approx(1)
    area = 5 / 2 * math.sin(2 * math.pi / 5) * 81
    assert 1 / kernel.max() == pytest.approx(area, rel=0.03)


def test_a_flat_photo_keeps_its_light_everywhere():
    depth = np.random.default_rng(1).random(SIZE, dtype=np.float32)
    photo = np.full((*SIZE, 3), 0.6, np.float32)
    assert np.abs(render(photo, depth, 0.4, 0.1) - photo).max() <= 1 / 255


def test_what_lies_in_the_focus_is_untouched():
    photo = noise()
    assert np.abs(render(photo, flat(0.3), 0.3, 0.05) - photo).max() < 1e-3
    assert np.abs(render(photo, noise(2)[..., 0], 0.3, 0.0) - photo).max() < 1e-3


def two_halves(near_left=True, left=0.8, right=0.2):
    photo = np.full((*SIZE, 3), encode(np.float64(right)), np.float32)
    photo[:, : SIZE[1] // 2] = encode(np.float64(left))
    depth = flat(0.0)
    depth[:, : SIZE[1] // 2] = 1.0
    return photo, depth


def half_disc_fraction(x, radius):
    """Share of a disc of `radius` around x that lies left of 0."""
    t = np.clip(x / radius, -1, 1)
    return (np.arccos(t) - t * np.sqrt(1 - t * t)) / math.pi


def test_a_sharp_subject_keeps_its_boundary_and_does_not_smear():
    photo, depth = two_halves()
    out = render(photo, depth, 1.0, aperture_for(8, 1.0))
    edge = SIZE[1] // 2
    assert np.abs(out[:, : edge - 1] - photo[:, : edge - 1]).max() <= 1 / 255
    assert np.abs(out[:, edge + 1 :] - photo[:, edge + 1 :]).max() <= 2 / 255


def test_a_blurred_foreground_becomes_see_through_towards_its_edge():
    photo, depth = two_halves()
    out = decode(render(photo, depth, 0.0, aperture_for(8, 1.0)))[SIZE[0] // 2, :, 0]
    x = np.arange(SIZE[1]) + 0.5 - SIZE[1] / 2
    share = half_disc_fraction(x, 8.0)
    truth = 0.8 * share + 0.2 * (1 - share)
    assert np.abs(out - truth).max() < 0.06


def test_more_aperture_never_sharpens():
    photo, depth = noise(3), np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    detail = []
    for aperture in (0.0, 0.005, 0.02, 0.06):
        out = render(photo, depth, 0.5, aperture)
        detail.append(np.abs(np.diff(out, axis=1)).mean())
    assert detail == sorted(detail, reverse=True)


def test_a_small_move_of_the_focus_is_a_small_change():
    photo, depth = noise(4), np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    a, b = (render(photo, depth, focus, 0.04) for focus in (0.5, 0.505))
    assert np.abs(a - b).max() < 0.05


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 3)])
@pytest.mark.parametrize("aperture", [0.0, 0.03, 1e6])
def test_any_size_and_aperture(size, aperture):
    out = render(noise(5, size), noise(6, size)[..., 0], 0.2, aperture)
    assert out.shape == (*size, 3)
    assert out.dtype == np.float32
    assert np.isfinite(out).all() and out.min() >= 0 and out.max() <= 1


def test_bad_input_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="height × width × 3"):
        render(noise()[..., 0], flat(0.5), 0.5, 0.03)
    with pytest.raises(ValueError, match="do not belong"):
        render(noise(), flat(0.5)[:-1], 0.5, 0.03)
    with pytest.raises(ValueError, match="finite"):
        render(noise(), flat(np.nan), 0.5, 0.02)
    with pytest.raises(ValueError, match="aperture"):
        render(noise(), flat(0.5), 0.5, -1.0)


@pytest.mark.slow
def test_tiles_equal_the_whole(monkeypatch):
    size = (900, 48)
    photo = noise(7, size)
    photo[200:204, 20:24] = 1.0
    depth = np.tile(np.linspace(0, 0.4, size[0], dtype=np.float32)[:, None], (1, size[1]))
    depth[:, 30:38] = 0.9
    whole = render(photo, depth, 0.2, 0.01)
    monkeypatch.setattr("autofocus.render.BLOCK", 1)
    monkeypatch.setattr("autofocus.render.TILE", 32)
    seen = []
    assert np.abs(render(photo, depth, 0.2, 0.01, progress=seen.append) - whole).max() <= 1 / 255
    assert len(seen) > 5


def test_soft_depth_draws_no_rim():
    photo, depth = two_halves()
    soft = depth.copy()
    edge = SIZE[1] // 2
    soft[:, edge - 2 : edge + 2] = [0.8, 0.6, 0.4, 0.2]
    sharp, out = (render(photo, d, 1.0, aperture_for(8, 1.0)) for d in (depth, soft))
    assert np.abs(out - sharp).max() < 0.03


def test_a_clipped_highlight_makes_a_brighter_disc():
    photo = np.full((*SIZE, 3), 0.1, np.float32)
    photo[30:34, 46:50] = 1.0
    plain, boosted = (
        render(photo, flat(0.0), 0.5, aperture_for(7), highlights=h) for h in (0.0, 1.0)
    )
    assert boosted[32, 48].min() > plain[32, 48].max() + 0.1
    assert np.abs(render(photo, flat(0.5), 0.5, 0.05) - photo).max() == 0


def test_what_a_foreground_hides_is_continued_from_behind():
    photo = np.full((*SIZE, 3), encode(np.float64(0.2)), np.float32)
    photo[:, 44:52] = encode(np.float64(0.8))
    depth = flat(0.0)
    depth[:, 44:52] = 1.0
    out = decode(render(photo, depth, 0.0, aperture_for(8, 1.0)))[SIZE[0] // 2, :, 0]
    x = np.arange(SIZE[1]) + 0.5 - 48
    cover = half_disc_fraction(x - 4, 8.0) - half_disc_fraction(x + 4, 8.0)
    assert np.abs(out - (0.8 * cover + 0.2 * (1 - cover))).max() < 0.04


def test_progress_ends_at_one_and_cancelling_stops():
    seen = []
    depth = np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    render(noise(), depth, 0.5, 0.05, progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == pytest.approx(1)
    with pytest.raises(RenderCancelled):
        render(noise(), depth, 0.5, 0.05, cancelled=lambda: True)


def test_a_bright_wall_does_not_shine_through_uneven_dark_hair():
    photo = np.full((96, 128, 3), 0.9, np.float32)
    photo[:, :64] = 0.1
    depth = flat(0.1, (96, 128))
    depth[:, :64] = 0.8 - 0.05 * (np.arange(64) // 6 % 3)
    out = render(photo, depth, 0.9, 0.1)
    assert out[40:56, 40:60].max() < 0.15


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("focus", math.nan),
        ("focus_range", -0.1),
        ("focus_range", math.inf),
        ("f_stop", 0),
        ("blades", 2),
        ("cats_eye", 1.1),
        ("spherical", -1.1),
    ],
)
def test_a_lens_that_means_nothing_is_refused(field, value):
    with pytest.raises(ValueError, match=str(value)):
        Lens(**{field: value})


def test_all_in_the_focus_range_is_exact_and_blur_grows_from_its_edge():
    photo, depth = noise(8), np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32), (SIZE[0], 1))
    out = render(photo, depth, 0.8, 0.06, focus_range=0.4)
    assert np.array_equal(out[:, depth[0] >= 0.6], photo[:, depth[0] >= 0.6])
    # At f ± range/2 ± d a range blurs as no range does at f ± d.
    far, near = (render(photo, flat(depth), 0.5, 0.05, focus_range=0.2) for depth in (0.2, 0.8))
    assert np.abs(far - render(photo, flat(0.3), 0.5, 0.05)).max() < 1e-4
    assert np.abs(near - render(photo, flat(0.7), 0.5, 0.05)).max() < 1e-4


def test_the_circle_goes_by_the_geometric_mean_beyond_two_to_one():
    assert circle_scale((300, 400), 0.05) == pytest.approx(25)
    assert circle_scale((1000, 2000), 1) == pytest.approx(math.hypot(1000, 2000))
    assert circle_scale((1000, 2002), 1) == pytest.approx(math.sqrt(2.5 * 1000 * 2002))
    # A panorama of four times the width has twice the circle, not four times.
    assert circle_scale((8000, 500), 1) == pytest.approx(2 * circle_scale((2000, 500), 1))


def test_a_correction_sharpens_blurs_and_leaves_alone():
    lens = Lens(0.5, focus_range=0.2)
    depth = np.float32([[0.1, 0.45, 0.5, 0.55, 0.9]])
    assert np.allclose(correct(depth, np.zeros((1, 5), np.float32), lens), depth)
    sharp = correct(depth, np.ones((1, 5), np.float32), lens)
    assert np.allclose(sharp, [[0.4, 0.45, 0.5, 0.55, 0.6]])
    blurred = lens.defocus(correct(depth, np.full((1, 5), -0.5, np.float32), lens))
    assert np.allclose(blurred, [[-0.55, -0.25, -0.25, -0.25, 0.55]])
    # Half a pull is half the blur, and a correction may be smaller than the photo.
    half = lens.defocus(correct(depth, np.full((1, 1), 0.5, np.float32), lens))
    assert np.allclose(half, lens.defocus(depth) / 2)


def disc_of_a_point(place, size=(64, 64), radius=12.0, **lens):
    """The light that a far point of light becomes, and what lies right of and above it."""
    photo = np.zeros((*size, 3), np.float32)
    photo[place] = encode(np.float64(0.9))
    aperture = aperture_for(radius, diagonal=math.hypot(*size))
    out = decode(render(photo, flat(0.0, size), 0.5, aperture, **lens))[..., 0]
    y, x = np.mgrid[: size[0], : size[1]]
    return out, x - place[1], place[0] - y


def test_a_cats_eye_is_the_intersection_of_two_discs():
    size, place, radius, cats_eye = (360, 480), (30, 40), 10.0, 0.8
    out, x, y = disc_of_a_point(place, size, radius, cats_eye=cats_eye)
    shift = cats_eye * radius * np.array([240 - 40.5, 30.5 - 180]) / 300
    inside = np.maximum(np.hypot(x, y), np.hypot(x - shift[0], y - shift[1]))
    bright = out > 0.5 * np.median(out[inside < radius - 2.5])
    assert bright[inside < radius - 1.5].all()
    assert not bright[inside > radius + 1.5].any()
    assert bright.sum() < 0.75 * math.pi * radius**2
    assert out.sum() == pytest.approx(0.9, rel=0.04)


def test_a_cats_eye_leaves_the_centre_alone_and_the_brightness_everywhere():
    plain, cut = (disc_of_a_point((32, 32), cats_eye=c)[0] for c in (0.0, 0.05))
    assert np.abs(plain - cut).max() < 0.25 * plain.max()  # the rim moves by less than a pixel
    photo = np.full((*SIZE, 3), 0.6, np.float32)
    for depth in (flat(0.0), flat(1.0)):
        assert np.abs(render(photo, depth, 0.5, 0.1, cats_eye=1.0) - photo).max() <= 1 / 255


def test_spherical_aberration_reaches_the_photo():
    bubble, creamy = (disc_of_a_point((32, 32), spherical=s)[0] for s in (-1.0, 1.0))
    assert bubble[32, 32] < 0.3 * bubble[32, 43] and creamy[32, 43] < 0.5 * creamy[32, 32]
    assert bubble.sum() == pytest.approx(creamy.sum(), rel=0.02)


def test_a_gpus_way_gives_the_same_photo(monkeypatch):
    photo, depth = noise(9), noise(10)[..., 0]
    expected = render(photo, depth, 0.4, 0.08)
    monkeypatch.setattr("autofocus.lens.planes.convolve_directly", multiply_spectra)
    monkeypatch.setattr("autofocus.depth_edges.erode", pool_lowest)
    assert np.abs(render(photo, depth, 0.4, 0.08) - expected).max() < 1e-3


def test_cancelling_stops_at_once_in_the_middle_of_a_large_photo():
    size = (1300, 2000)
    depth = np.tile(np.linspace(0, 1, size[1], dtype=np.float32), (size[0], 1))
    asked = []

    def cancelled():
        asked.append(time.monotonic())
        return len(asked) > 5

    with pytest.raises(RenderCancelled):
        render(noise(11, size), depth, 0.5, 0.02, cancelled=cancelled)
    assert time.monotonic() - asked[-1] < 2


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("aperture", [0, aperture_for(6)])
def test_whole_numbers_are_rendered_like_floats(kind, aperture):
    photo, depth = to_type(noise(12), kind), np.tile(np.linspace(0, 1, SIZE[1]), (SIZE[0], 1))
    seen = render(photo, depth, 0.5, aperture)
    expected = render(to_floats(photo), depth, 0.5, aperture)
    assert seen.dtype == kind and seen is not photo
    assert np.array_equal(seen, to_type(expected, kind))


def test_a_render_holds_no_second_photo_in_floats(monkeypatch):
    """Beside the photo there are the result and bands of rows, however large the photo is."""
    monkeypatch.setattr("autofocus.lens.highlights.BAND_PIXELS", 50_000)
    monkeypatch.setattr("autofocus.render.BLOCK", 256)
    # One block after another: how much two hold at once is a matter of chance.
    monkeypatch.setattr("autofocus.render.MOST_PIXELS", 1)
    size = 700, 900
    photo, depth = np.zeros((*size, 3), np.uint8), np.zeros(size, np.float32)
    depth[350:] = 0.5
    floats = 4 * photo.size
    tracemalloc.start()
    render(photo, depth, 0.5, aperture_for(1, 0.5, math.hypot(*size)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < floats
