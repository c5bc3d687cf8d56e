"""Why the focus is where it is: in a photographer's words, with the figures in the tooltip."""

from autofocus.focus import Focus
from autofocus.page.text import fill, sentence


def reason(focus: Focus | None = None, default: Focus | None = None) -> str:
    """The line below the histogram.

    Args:
        focus: what is said now.
        default: what Auto goes back to (`focus` itself if there is none).

    """
    default = default or focus
    return fill(
        "reason.html",
        says=sentence(focus.headline) if focus else "",
        figures=sentence(focus.reason) if focus else "",
        default=sentence(default.headline) if default else "",
        default_figures=sentence(default.reason) if default else "",
    )
