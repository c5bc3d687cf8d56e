"""What the first screen is made of."""

from autofocus.focus import choose_focus, focus_at
from autofocus.page.examples import example_files, examples
from autofocus.page.first_screen import BACK, FOLDER, FRONT, poster, read_example
from autofocus.page.histogram import BINS, TALLEST, bar_heights, histogram

LARGEST = 300_000  # bytes


def test_the_example_is_small_and_its_maps_fit():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= LARGEST
    photo, depth, saliency = read_example()
    assert photo.shape == (*depth.shape, 3) and depth.shape == saliency.shape
    assert depth.min() == 0 and depth.max() == 1


def test_the_focus_is_pulled_from_the_background_to_the_subject():
    _, depth, saliency = read_example()
    height, width = depth.shape
    back, front = (focus_at(depth, x * width, y * height).depth for x, y in (BACK, FRONT))
    assert back < 0.3 < 0.7 < front
    assert abs(choose_focus(depth, saliency).depth - front) < 0.15


def test_images_are_inside_the_page():
    assert poster().startswith("data:image/webp;base64,")
    assert examples().count('src="data:image/webp') == len(example_files()) > 0


def test_the_histogram_has_the_tallest_bar_where_most_pixels_are():
    _, depth, _ = read_example()
    heights = bar_heights(depth)
    assert len(heights) == BINS and max(heights) == TALLEST
    assert histogram(depth, {"focus": 0.5}).count("<rect") == BINS
    assert "band" not in histogram()
