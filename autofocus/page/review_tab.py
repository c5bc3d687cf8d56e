"""The tab where blind reviews are made and their results are read.

Judging happens on a page of its own (`blind_page`), whose source and traffic hold no version's
name; here there are names, and no images to be judged.
"""

import secrets
from pathlib import Path

import gradio as gr

from autofocus.compare.votes import Reviews
from autofocus.errors import PhotoError, ReviewError, VersionError
from autofocus.files.atomic import write_text
from autofocus.page.downloads import handed_over, save
from autofocus.page.events import on
from autofocus.page.examples import example_files
from autofocus.page.models import version_choices
from autofocus.page.review_photos import photo_to_judge
from autofocus.page.text import fill, note
from autofocus.page.visits import new_folder
from autofocus.versions.catalog import find_version

BLIND_PAGE = "blind"
INTRODUCTION = """<p class="hint">Two versions, judged by people who do not see which is which. Make
a review, send its link to the reviewers, and read here what they prefer: only this browser shows
it. Without photos of your own, the examples are judged.</p>"""
MADE = "The review is ready. Its link is the first one below."
RESULTS = 20  # reviews that are listed
# Where the browser keeps the maker's token, so that results are there after a restart of either. It
# is encrypted by a word that is no secret: who can read the browser's storage has the browser.
STORE = {"storage_key": "autofocus-reviews", "secret": "autofocus"}


class ReviewTab:
    """`lay_out` makes the components, `wire` makes them work."""

    tab: gr.Tab  # in which it is laid out

    def lay_out(self) -> None:
        """A review to make, and the results of all."""
        choices = version_choices()[0]
        gr.HTML(INTRODUCTION, padding=False)
        with gr.Row(elem_classes="choice"):
            self.upload = gr.File(
                label="Photos to judge",
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
        self.file = handed_over()
        self.maker = gr.BrowserState("", **STORE)

    def wire(self) -> None:
        """Make a review; read the results again; export the votes."""
        shown = [self.results, self.status]
        on(self.tab.select, self.show, [self.maker], shown)
        on(self.refresh.click, self.show, [self.maker], shown)
        on(
            self.make.click,
            self.create,
            [self.maker, self.upload, *self.versions],
            [*shown, self.upload, self.maker],
            trigger_mode="once",
            show_progress="minimal",
            show_progress_on=self.status,
        )
        save(on(self.export.click, self.write, [self.maker], [self.file, self.status]), self.file)

    def show(self, maker: str) -> dict:
        """This browser's reviews and their results as they are now."""
        try:
            reviews = Reviews()
            return {
                self.results: fill(
                    "review_results.html",
                    reviews=reviews.made_by(maker)[:RESULTS] if maker else [],
                    tallies=reviews.tallies(maker) if maker else [],
                    page=BLIND_PAGE,
                ),
                self.status: note(""),
            }
        except ReviewError as error:
            return {self.status: note(str(error), "error")}

    def create(self, maker: str, files: list[str] | None, *names: str | None) -> dict:
        """Make a review of two versions; a file that is not a photo is named and left out."""
        maker = maker or secrets.token_urlsafe(16)
        photos, problems = [], []
        for file in map(Path, files or example_files()):
            try:
                photos.append(photo_to_judge(file))
            except PhotoError as error:
                problems.append(f"{file.name}: {error}")
        try:
            versions = [find_version(name) for name in names]
            pair = [(version.name, version.sha256) for version in versions]
            Reviews().create(pair, photos, maker)
        except (ReviewError, VersionError) as error:
            return {self.status: note(" ".join([*problems, str(error)]), "error")}
        said = note(" ".join([*problems, MADE]), "error" if problems else "plain")
        return self.show(maker) | {self.status: said, self.upload: None, self.maker: maker}

    def write(self, maker: str) -> dict:
        """All votes in this browser's reviews as a file."""
        try:
            votes = Reviews().export(maker)
        except ReviewError as error:
            return {self.file: None, self.status: note(str(error), "error")}
        file = new_folder() / "votes.csv"
        write_text(file, votes)
        return {self.file: str(file), self.status: note("")}
