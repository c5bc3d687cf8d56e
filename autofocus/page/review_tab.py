"""The tab where blind reviews are made and their results are read.

Judging itself happens on a page of its own (`judging`), whose source and traffic hold no version's
name; here there are names, and no pictures to be judged.
"""

import html
from pathlib import Path

import gradio as gr

from autofocus.compare.tally import Tally
from autofocus.compare.votes import Review, Reviews
from autofocus.errors import PhotoError, ReviewError, VersionError
from autofocus.page.events import on
from autofocus.page.examples import example_files
from autofocus.page.models import version_choices
from autofocus.page.review_photos import photo_to_judge
from autofocus.page.side_by_side import text
from autofocus.page.text import note
from autofocus.page.visits import new_folder
from autofocus.versions.catalog import find_version

BLIND_PAGE = "blind"
INTRODUCTION = """<p class="hint">Two versions, judged by people who do not see which is which. Make
a review, send its link to the reviewers, and read here what they prefer.</p>"""
MADE = "The review is made. Its link is the first one below."
RESULTS = 20  # reviews that are listed


class Reviewing:
    """Lays out the tab where it is made; `wire` makes it work."""

    def __init__(self, tab: gr.Tab) -> None:
        self.tab = tab
        choices = version_choices()[0]
        gr.HTML(INTRODUCTION, padding=False)
        with gr.Row(elem_classes="choice"):
            self.upload = gr.File(
                label="Photos to judge (without any, the examples)",
                file_count="multiple",
                elem_id="review-upload",
                height=150,
            )
            with gr.Column():
                self.versions = [
                    gr.Dropdown(
                        choices,
                        value=choices[number][1] if number < len(choices) else None,
                        label=label,
                        elem_id=f"review-version-{number}",
                    )
                    for number, label in enumerate(("One version", "The other version"))
                ]
                self.make = gr.Button("Make a review", variant="primary", elem_id="review-make")
        self.status = gr.HTML(note(""), elem_id="review-status", padding=False)
        with gr.Row(elem_classes="actions"):
            self.refresh = gr.Button("Refresh", elem_id="review-refresh", scale=0, min_width=120)
            self.export = gr.Button("Votes as CSV", elem_id="review-export", scale=0, min_width=170)
        self.results = gr.HTML(elem_id="review-results", padding=False)
        self.file = gr.DownloadButton(visible="hidden")  # what `save.js` hands over

    def wire(self) -> None:
        """Make a review; read the results again; export the votes."""
        shown = [self.results, self.status]
        on(self.tab.select, self.show, [], shown)
        on(self.refresh.click, self.show, [], shown)
        on(
            self.make.click,
            self.create,
            [self.upload, *self.versions],
            [*shown, self.upload],
            trigger_mode="once",
            show_progress="minimal",
            show_progress_on=self.status,
        )
        made = on(self.export.click, self.write, [], [self.file, self.status])
        made.success(fn=None, inputs=[self.file], js=text("save.js"))

    def show(self) -> dict:
        """Reviews and results as they are now."""
        try:
            reviews = Reviews()
            return {
                self.results: results_html(reviews.every(), reviews.tallies()),
                self.status: note(""),
            }
        except ReviewError as error:
            return {self.status: note(str(error), "error")}

    def create(self, files: list[str] | None, *names: str | None) -> dict:
        """Make a review of two versions on some photos; what is no photo is named and left out."""
        photos, problems = [], []
        for file in map(Path, files or example_files()):
            try:
                photos.append(photo_to_judge(file))
            except PhotoError as error:
                problems.append(f"{file.name}: {error}")
        try:
            versions = [find_version(name) for name in names]
            pair = [(version.name, version.sha256) for version in versions]
            Reviews().create(pair, photos)
        except (ReviewError, VersionError) as error:
            return {self.status: note(" ".join([*problems, str(error)]), "error")}
        said = note(" ".join([*problems, MADE]), "error" if problems else "plain")
        return self.show() | {self.status: said, self.upload: None}

    def write(self) -> dict:
        """All votes as a file."""
        try:
            votes = Reviews().export()
        except ReviewError as error:
            return {self.file: None, self.status: note(str(error), "error")}
        file = new_folder() / "votes.csv"
        file.write_text(votes, encoding="utf-8", newline="")
        return {self.file: str(file), self.status: note("")}


def results_html(reviews: list[Review], tallies: list[Tally]) -> str:
    """What was preferred for each pair of versions, and a link to each review."""
    if not reviews:
        return "<p>There is no review yet.</p>"
    results = "".join(map(tally_html, tallies))
    links = "".join(map(review_html, reviews[:RESULTS]))
    return f"<h2>Results</h2>{results}<h2>Reviews</h2><ul>{links}</ul>"


def tally_html(tally: Tally) -> str:
    """One pair: the sentence, the interval as a bar about one half, the counts."""
    sentence = html.escape(tally.describe())
    first, second = map(html.escape, tally.names)
    counts = f"{first} {tally.first} · {second} {tally.second} · tied {tally.ties}"
    low, high = (100 * end for end in tally.interval)
    interval = f"95 % interval of the preferred share: {low:.0f} to {high:.0f} %"
    bar = (
        f'<div class="interval" aria-hidden="true"><span style="left:{low:.1f}%;'
        f'width:{high - low:.1f}%"></span></div>'
    )
    shown = f"{bar}<p>{interval}</p>" if tally.decided else ""
    return (
        f'<section class="tally"><h3>{first} and {second}</h3><p class="verdict">{sentence}</p>'
        f"{shown}<p>{counts}</p></section>"
    )


def review_html(review: Review) -> str:
    """The link that reviewers get; it tells them nothing."""
    first, second = map(html.escape, review.names)
    day, count = review.time[:10], len(review.photos)
    photos = "photo" if count == 1 else "photos"
    return (
        f'<li><a href="{BLIND_PAGE}?review={review.id}" target="_blank">Judge {review.id}</a> '
        f"{first} and {second}, {count} {photos}, {day}</li>"
    )
