"""The page put together: a header and three tabs, each with `lay_out` and `wire`."""

import gradio as gr

from autofocus.page.api import wire_api
from autofocus.page.border import GuardedBlocks
from autofocus.page.compare_tab import CompareTab
from autofocus.page.events import on
from autofocus.page.models import version_choices
from autofocus.page.refocus_tab import RefocusTab
from autofocus.page.review_tab import ReviewTab
from autofocus.page.text import fill
from autofocus.versions import catalog


class Layout:
    """All components of the page, wired, and the API."""

    def __init__(self) -> None:
        self.refocus, self.compare, self.review = RefocusTab(), CompareTab(), ReviewTab()
        with GuardedBlocks(
            title="Auto Focus",
            analytics_enabled=False,
            fill_width=True,
        ) as self.demo:
            gr.HTML(fill("header.html"), elem_id="top", padding=False)
            with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
                for name, tab in (
                    ("Refocus", self.refocus),
                    ("Compare versions", self.compare),
                    ("Review", self.review),
                ):
                    with gr.Tab(name, id=name.split()[0].lower()) as tab.tab:
                        tab.lay_out()
            self.wire()  # within: Gradio makes a whole app at each end of its blocks

    def wire(self) -> None:
        """Make everything work."""
        for tab in (self.refocus, self.compare, self.review):
            tab.wire()
        on(
            self.refocus.refresh.click,
            self.refresh_versions,
            [],
            [*self.selectors(), self.refocus.unusable],
        )
        wire_api()

    def selectors(self) -> list[gr.Dropdown]:
        """Everything on the page that offers versions."""
        return [self.refocus.version, self.compare.versions, *self.review.versions]

    def refresh_versions(self) -> dict:
        """Ask the Hub anew which versions there are."""
        catalog.refresh()
        usable, unusable = version_choices()
        changes = {selector: gr.update(choices=usable) for selector in self.selectors()}
        return changes | {self.refocus.unusable: fill("lines.html", lines=unusable)}
