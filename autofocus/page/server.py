"""The page: drop a photo, see how near everything is, and move the focus."""

import os
import sys
from importlib.util import find_spec

import gradio as gr

from autofocus.errors import VersionError
from autofocus.page.api import wire_api
from autofocus.page.blind_page import Judging
from autofocus.page.layout import Layout
from autofocus.page.models import network_of
from autofocus.page.review_tab import BLIND_PAGE
from autofocus.page.scripts import page_script
from autofocus.page.text import STATIC

LARGEST_UPLOAD = "200mb"
# What has to hold before the page's own style is there, so that nothing moves: no bar of pages by
# Gradio, and room for what may come after its neighbours: Gradio mounts parts in any order.
EARLY = """<style>.nav-holder { display: none !important; }
.gradio-container { --top: calc(2.1rem + var(--layout-gap)); }
@media (max-width: 700px) { .gradio-container { --top: calc(5.2rem + var(--layout-gap)); } }
#top { height: calc(var(--top) - var(--layout-gap)); }
#top:has(~ #tabs) { margin-bottom: calc(-1 * var(--top)); }
#tabs { margin-top: var(--top); }
#upload, .handed-over, .frame { display: none !important; }
.gradio-container { --open: 74px; --says: 1.5em; --first: calc(54vh + 66px); }
@media (max-width: 700px) {
.gradio-container { --open: 152px; --first: calc(0.75 * (100vw - 64px) + 48px); } }
#start { gap: 12px !important; }
#open { min-height: var(--open); }
#status { min-height: var(--says); margin-top: calc(var(--open) + var(--layout-gap)); }
#first { min-height: var(--first); }
#start { margin-top: calc(var(--open) + var(--says) + 2 * var(--layout-gap)); }
#open ~ #status { margin-top: 0; }
#open ~ #start { margin-top: calc(var(--says) + var(--layout-gap)); }
#status ~ #start { margin-top: 0; }
#more-examples { margin-top: calc(var(--first) + 12px); }
#first ~ #more-examples { margin-top: 0; }</style>"""


def build_page() -> Layout:
    """The whole page, ready to be launched; no network is loaded yet."""
    page = Layout()
    with page.demo:
        page.wire()
        wire_api()
    # Judged on a page of its own, which knows no version's name.
    with page.demo.route("Review", BLIND_PAGE, show_in_navbar=False):
        Judging().wire()
    return page


def launch_options() -> dict:
    """How the page is served: nothing is loaded from, or told to, anybody else."""
    sans = [gr.themes.Font(name) for name in ("system-ui", "sans-serif")]
    mono = [gr.themes.Font(name) for name in ("ui-monospace", "monospace")]
    return {
        "theme": gr.themes.Base(
            font=sans, font_mono=mono, primary_hue="amber", neutral_hue="neutral"
        ),
        "css_paths": [STATIC / f"{name}.css" for name in ("page", "versions")],
        "head": EARLY,
        "js": page_script(),
        "max_file_size": LARGEST_UPLOAD,
        "allowed_paths": [],
        "enable_monitoring": False,
        "mcp_server": find_spec("mcp") is not None,  # installed with gradio[mcp]
        "ssr_mode": False,
        "footer_links": [],
    }


def main() -> None:
    """Serve the page, with the default version loaded already."""
    page = build_page()
    if page.refocus.version.value:
        try:
            network_of(page.refocus.version.value)
        except VersionError as error:  # visitors are told so too, and may choose another
            print(f"Auto Focus: {error}", file=sys.stderr)
    page.demo.launch(inbrowser=bool(os.environ.get("DISPLAY")), **launch_options())
