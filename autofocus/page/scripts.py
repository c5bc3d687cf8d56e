"""The page's own script: one list of files, and the facts that they are handed from Python."""

import json

from autofocus.focus_pull import PULL_SECONDS
from autofocus.page import controls
from autofocus.page.first_screen import BACK, FRONT
from autofocus.page.text import HINT, SET_BY_HAND, text

# In this order; they share one scope, and `window.autofocus` is the only name outside of it.
FILES = (
    "viewers.js",
    "status.js",
    "open_photo.js",
    "camera.js",
    "lens_controls.js",
    "histogram.js",
    "pull_focus.js",
    "shortcuts.js",
    "first_screen.js",
    "leaving.js",
    "names.js",
)


def page_script() -> str:
    """What runs once in every visitor's browser, as a JavaScript function."""
    facts = {
        "controls": controls.for_scripts(),
        "pullSeconds": PULL_SECONDS,
        "first": {"back": BACK, "front": FRONT},
        "says": {"hint": HINT, "byHand": SET_BY_HAND},
    }
    parts = [f"const PAGE = {json.dumps(facts)};", *(text(name) for name in FILES)]
    return "() => {\n" + "\n".join(parts) + "\n}"
