"""The viewer's pure functions, as the ES modules that they are; one page for all."""

import io

import numpy as np
import pytest
from PIL import Image

from autofocus.render import PUSH, Lens, correct
from autofocus.viewer.component import MODULES, constants_module, text
from autofocus.viewer.viewer_data import pack_maps

ADDRESS = "http://modules.test"
PURE = (
    "viewport",
    "aperture",
    "depth",
    "bounds",
    "tiles",
    "state",
    "maps",
    "gestures",
    "correction",
    "png",
)


@pytest.fixture(scope="module")
def modules(browser):
    """A page on which every pure module is a global of its name."""
    page = browser.new_page()

    def answer(route):
        name = route.request.url.rsplit("/", 1)[1]
        if not name:
            return route.fulfill(body="<!doctype html>", content_type="text/html")
        body = constants_module() if name == "constants.js" else text(f"js/{name}")
        return route.fulfill(body=body, content_type="text/javascript")

    page.route(f"{ADDRESS}/**", answer)
    page.goto(f"{ADDRESS}/")
    for name in PURE:
        page.evaluate(f"import('/{name}.js').then((all) => {{ window.{name} = all; }})")
    yield page
    page.close()


@pytest.mark.parametrize("name", [name for name in MODULES if name != "main"])
def test_every_module_imports_what_it_uses(modules, name):
    assert modules.evaluate(f"import('/{name}.js').then(() => true)")


def test_an_image_that_fills_its_stage_is_shown_whole_at_zoom_1(modules):
    view = "{ zoom: 1, pan: [0, 0], reach: [1, 1] }"
    assert modules.evaluate(f"viewport.shownBox({view})") == [0, 0, 1, 1]
    assert modules.evaluate(f"viewport.imagePlace({view}, [0.3, 0.7])") == [0.3, 0.7]


def test_zoom_keeps_the_place_under_the_pointer(modules):
    view = modules.evaluate(
        "() => { const view = { zoom: 1, pan: [0, 0], reach: [1, 1] };"
        "viewport.zoomAt(view, [0.25, 0.75], 4); return view; }"
    )
    assert view["zoom"] == 4
    assert view["pan"] == pytest.approx([0.1875, 0.5625])


def test_zoom_has_limits_and_ends_at_the_whole_image(modules):
    ends = modules.evaluate(
        "() => [1e9, 0].map((factor) => { const view = { zoom: 2, pan: [0.5, 0.5], reach: [1, 1] };"
        "viewport.zoomAt(view, [0, 0], factor); return [view.zoom, ...view.pan]; })"
    )
    assert ends == [[12, 0.5, 0.5], [1, 0, 0]]


def test_a_panorama_lies_in_the_middle_until_it_fills_the_stage(modules):
    views = modules.evaluate(
        "() => [1, 2, 5].map((zoom) => {"
        "const view = { zoom, pan: [0.4, 0.4], reach: viewport.reachOf(5, 2) };"
        "viewport.clampPan(view); return [...view.pan, ...viewport.spanOf(view)]; })"
    )
    assert views[0] == pytest.approx([0, -0.75, 1, 2.5])
    assert views[1] == pytest.approx([0.4, -0.125, 0.5, 1.25])
    assert views[2] == pytest.approx([0.4, 0.4, 0.2, 0.5])


def test_places_of_stage_and_image_are_inverse(modules):
    view = "{ zoom: 3, pan: [0.2, -0.1], reach: [1, 2] }"
    place = modules.evaluate(
        f"viewport.stagePlace({view}, viewport.imagePlace({view}, [0.1, 0.9]))"
    )
    assert place == pytest.approx([0.1, 0.9])


def test_defocus_is_nothing_in_the_range_and_signed_beyond(modules):
    lens = "{ focus: 0.5, focus_range: 0.2 }"
    depths = modules.evaluate(f"[0.2, 0.45, 0.6, 0.9].map((d) => depth.defocus({lens}, d))")
    assert depths == pytest.approx([-0.2, 0, 0, 0.3])
    assert modules.evaluate(f"depth.largestDefocus({lens})") == pytest.approx(0.4)


def test_circles_are_those_of_the_lens(modules):
    assert modules.evaluate("depth.circleScale({ f_stop: 2 }, 1000)") == pytest.approx(25)


def test_depth_under_a_point_is_the_median_of_a_disc_around_it(modules):
    maps = modules.evaluate(
        "() => { const maps = new Uint16Array(4 * 20 * 10);"
        "for (let k = 0; k < 200; k++) maps[4 * k] = k % 20 < 10 ? 6553 : 58982;"
        "maps[4 * (5 * 20 + 5)] = 65535;"
        "return [[0.26, 0.5], [0.9, 0.1], [0, 0], [0.999, 0.999]]"
        ".map((at) => depth.depthAt({ maps, width: 20, height: 10 }, ...at)); }"
    )
    assert maps == pytest.approx([0.1, 0.9, 0.1, 0.9], abs=1e-4)


def test_maps_arrive_as_they_were_packed(modules):
    rng = np.random.default_rng(0)
    size = 5, 7
    words = [rng.integers(0, 65536, size).astype(np.uint16) for _ in range(3)]
    mask = rng.integers(0, 3, size).astype(np.uint8)
    packed = list(pack_maps(*words, mask))
    maps = modules.evaluate(
        "async (packed) => [...await maps.unpackMaps(Uint8Array.from(packed), 7, 5)]", packed
    )
    assert np.array_equal(np.reshape(maps, (*size, 4)), np.stack([*words, mask], -1))


def test_cells_know_their_nearest_and_farthest_depth_and_their_neighbours(modules):
    ranges = modules.evaluate(
        "() => { const side = bounds.CELL, [width, height] = [2.5 * side, 1.25 * side];"
        "const maps = new Uint16Array(4 * width * height), last = width * (height - 1);"
        "maps.fill(32768); maps[4 * (width - 1)] = 65535; maps[4 * last + 1] = 0;"
        "const cells = bounds.cellRanges(maps, width, height);"
        "const reaching = [...bounds.reachingRanges(cells, side)];"
        "return [cells.columns, cells.rows, [...cells.near], [...cells.far], reaching]; }"
    )
    half = pytest.approx(0.5, abs=1e-4)
    assert ranges[:2] == [3, 2]
    assert ranges[2] == [half, half, 1, half, half, half]
    assert ranges[3] == [half, half, half, 0, half, half]
    left, middle, right = [half, 0, half], [1, 0, half], [1, half, half]
    assert ranges[4] == [*left, *middle, 1, half, 1, *left, *middle, *right]


def test_the_aperture_is_a_polygon_whose_last_corner_is_its_first(modules):
    for blades, rotation in ((6, 0), (5, 30)):
        sides, corners = modules.evaluate(
            f"() => {{ const shape = {{ blades: {blades}, rotation: {rotation} }};"
            "const { sides, corners } = aperture.polygon(shape); return [sides, [...corners]]; }"
        )
        x, y = np.reshape(corners, (-1, 2)).T
        assert sides == blades == len(x) - 1
        assert (x[0], y[0]) == (x[-1], y[-1])
        angles = np.rad2deg(np.unwrap(np.arctan2(y, x)))
        assert angles == pytest.approx(rotation + 360 / blades * np.arange(blades + 1), abs=1e-3)
        assert np.hypot(x, y) == pytest.approx(1, abs=1e-6)


def test_a_round_aperture_is_a_polygon_that_nobody_can_tell_from_a_disc(modules):
    corners = modules.evaluate("[...aperture.polygon({ blades: 0, rotation: 0 }).corners]")
    corners = np.reshape(corners, (-1, 2))
    middles = (corners[1:] + corners[:-1]) / 2
    assert np.hypot(*middles.T).min() > 0.998


def test_the_largest_value_within_reach_is_found_for_every_cell(modules):
    found = modules.evaluate(
        "() => { const size = { columns: 13, rows: 7 };"
        "const values = Float32Array.from({ length: 91 }, (_, k) => (k * 37) % 101 - 50);"
        "return [[...values], [0, 1, 2, 3, 5, 9, 20].map((reach) =>"
        " [reach, [...bounds.largestAround(values, size, reach)]])]; }"
    )
    values = np.reshape(found[0], (7, 13)).astype(float)
    for reach, largest in found[1]:
        padded = np.pad(values, reach, constant_values=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * reach + 1,) * 2)
        assert np.array_equal(np.reshape(largest, (7, 13)), windows.max(axis=(2, 3))), reach


def test_a_tile_is_wanted_only_where_the_screen_shows_more_than_the_preview(modules):
    def wanted(zoom, tile="undefined", width=4000, screen=1000):
        view = f"{{ zoom: {zoom}, pan: [0.25, 0.25], reach: [1, 1] }}"
        preview = "{ width: 1000, frame: [0, 0, 1, 1] }"
        return modules.evaluate(f"tiles.wantedBox({view}, {preview}, {tile}, {width}, {screen})")

    assert wanted(1, screen=2000) is None  # the whole image is as sharp as it is sent
    assert wanted(4, width=1000) is None  # there is no more in the photo
    assert wanted(4) == pytest.approx([0.2, 0.2, 0.55, 0.55])
    held = "{ width: 1400, frame: [0.2, 0.2, 0.55, 0.55], box: [0.2, 0.2, 0.55, 0.55] }"
    assert wanted(4, held) is None
    assert wanted(2, held) == pytest.approx([0.15, 0.15, 0.85, 0.85])  # it shows more than that
    coarse = held.replace("1400", "700")
    assert wanted(4, coarse) == pytest.approx([0.2, 0.2, 0.55, 0.55])


def test_the_lens_takes_numbers_in_their_ranges_only(modules):
    changes = modules.evaluate(
        "state.lensChanges(state.initialState(), { focus: 2, f_stop: '2.8', blades: 2,"
        " cats_eye: null, spherical: 'much', view: 3, aperture: 1 })"
    )
    assert changes == {"focus": 1, "f_stop": 2.8}


def test_views_go_by_number_or_name(modules):
    names = "['Depth', 3, 'nothing', 9].map(state.viewNumber)"
    assert modules.evaluate(names) == [2, 3, 0, 0]


def test_wheel_lines_and_pinches_zoom_as_far_as_pixels(modules):
    factors = modules.evaluate(
        "[{ deltaY: -100 }, { deltaY: -6.25, deltaMode: 1 }, { deltaY: -15, ctrlKey: true }]"
        ".map(gestures.wheelFactor)"
    )
    assert factors == pytest.approx([1.1618] * 3, abs=1e-3)


def test_painting_is_kept_to_what_is_like_the_place_where_it_began(modules):
    likeness = modules.evaluate(
        "[[[100, 100, 100], 0.5], [[100, 100, 100], 0.9], [[250, 100, 100], 0.5]].map(([c, d]) =>"
        "correction.likeness(c, d, { colours: [[9, 9, 9], [100, 100, 100]], depth: 0.5 }))"
    )
    assert likeness[0] == 1
    assert max(likeness[1:]) < 0.01


def test_strokes_go_one_way_and_an_eraser_back(modules):
    strokes = "[[128, 1, 1], [128, -1, 1], [200, 1, 0.1], [255, 0, 1], [0, 0, 0.5], [0, 1, 1]]"
    assert modules.evaluate(f"{strokes}.map((stroke) => correction.painted(...stroke))") == [
        255, 0, 200, 128, 64, 255,
    ]  # fmt: skip


@pytest.mark.parametrize("wanted", [0.75, 0.65, 0.9, 0.5])
def test_a_flattened_depth_is_blurred_as_the_place_that_was_clicked(modules, wanted):
    lens = Lens(focus=0.5, focus_range=0.1)
    byte = modules.evaluate(
        f"correction.flattened({{ focus: 0.5, focus_range: 0.1 }}, {PUSH}, 0.75, {wanted})"
    )
    painted = np.float32([[np.clip((byte - 128) / 127, -1, 1)]])
    depth = correct(np.float32([[0.75]]), painted, lens)
    assert lens.defocus(depth)[0, 0] == pytest.approx(lens.defocus(np.float32(wanted)), abs=0.01)


def test_undo_and_redo_go_through_the_strokes(modules):
    values = modules.evaluate(
        """() => {
          const all = new correction.Correction(new Uint8Array(400), new Uint16Array(400), 10, 10);
          const reference = all.reference(0.5, 0.5), middle = () => all.bytes[55];
          const seen = [];
          for (const way of [1, -1]) {
            all.begin();
            all.dab([0.55, 0.55], 3, way, reference);
            seen.push(middle());
          }
          for (const what of ['undo', 'undo', 'undo', 'redo', 'redo', 'redo']) {
            all[what]();
            seen.push(middle());
          }
          all.clear();
          return [...seen, all.isEmpty];
        }"""
    )
    assert values == [255, 0, 255, 128, 128, 255, 0, 0, True]


def test_a_correction_is_written_as_an_8_bit_grey_png(modules):
    data = modules.evaluate(
        """async () => {
          const bytes = Uint8Array.from({ length: 6 }, (_, k) => 50 * k);
          const blob = await png.greyPng(bytes, 3, 2);
          return [...new Uint8Array(await blob.arrayBuffer())];
        }"""
    )
    image = Image.open(io.BytesIO(bytes(data)))
    assert image.mode == "L"
    assert np.asarray(image).tolist() == [[0, 50, 100], [150, 200, 250]]


def test_cells_know_what_is_painted_in_them_also_in_a_tile(modules):
    cells = modules.evaluate(
        """() => {
          const side = bounds.CELL, [width, height] = [4 * side, 2 * side];
          const bytes = new Uint8Array(width * height).fill(128);
          bytes[1.25 * side * width + 2.5 * side] = 255;
          const painted = { bytes, width, height };
          const tile = { width, height, frame: [0.5, 0.5, 1, 1] };
          const whole = { width, height, frame: [0, 0, 1, 1] };
          return [whole, tile].map((scene) =>
            [...bounds.cellCorrections(painted, { columns: 4, rows: 2 }, scene).sharp]);
        }"""
    )
    assert cells == [[0, 0, 0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0, 0, 0]]
