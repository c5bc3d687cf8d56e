"""Two versions on a set of photos: the rows of a sheet, and a table of how far they agree."""

import numpy as np

from autofocus.compare.agreement import (
    Agreement,
    depth_difference,
    describe,
    format_figures,
    mean_agreement,
    measure_agreement,
)
from autofocus.compare.sheet import Sheet
from autofocus.focus import choose_focus
from autofocus.predict import Prediction
from autofocus.render import Lens, render
from autofocus.view import colour_depth, colour_difference, overlay_saliency


def version_views(photo: np.ndarray, prediction: Prediction) -> tuple[list[np.ndarray], str]:
    """Draw what a version sees in a photo.

    Args:
        photo: H×W×3 float32 in [0, 1].
        prediction: the version's maps of it.

    Returns:
        Depth in colours, the subject on it, and the refocused photo, each H×W×3 in [0, 1]; and
        the reason for the focus.

    """
    focus = choose_focus(prediction.depth, prediction.saliency)
    depth = colour_depth(prediction.depth)
    subject = overlay_saliency(depth, prediction.saliency)
    refocused = render(photo, prediction.depth, Lens(**focus.lens))
    return [depth, subject, refocused], focus.reason


def columns_of(names: list[str]) -> list[str]:
    """Titles of `version_views` of these versions."""
    return [f"{name} {view}" for name in names for view in ("depth", "subject", "refocused")]


def comparison_sheet(pair: list[str]) -> Sheet:
    """A sheet for two versions of these names, without rows."""
    first, second = pair
    columns = ["photo", *columns_of(pair), f"{first} nearer (orange) or farther (blue)"]
    return Sheet(f"{first} and {second}", columns)


def add_comparison(
    sheet: Sheet, name: str, photo: np.ndarray, predictions: list[Prediction]
) -> Agreement:
    """Add a photo (H×W×3 in [0, 1]) with both predictions of it → the figures in its caption."""
    agreement = measure_agreement(*predictions)
    views = [image for one in predictions for image in version_views(photo, one)[0]]
    difference = colour_difference(depth_difference(predictions[0].depth, predictions[1].depth))
    sheet.add(f"{name} · {describe(agreement)}", [photo, *views, difference])
    return agreement


def agreement_table(agreements: dict[str, Agreement]) -> list[list[str]]:
    """Heads, a row for each photo, and the mean."""
    rows = {**agreements, "mean": mean_agreement(list(agreements.values()))}
    heads = ["photo", "rank correlation", "subject IoU", "focus distance"]
    return [heads, *([name, *format_figures(agreement)] for name, agreement in rows.items())]


def table_lines(table: list[list[str]]) -> list[str]:
    """A table as lines of text in columns: names to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for name, *figures in table:
        cells = [figure.rjust(width) for figure, width in zip(figures, widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *cells]))
    return lines
