"""The page where a reviewer judges: two images, three answers, and no name of a version.

What the browser gets are images in files that are named by chance; which version is on which
side is known to the server alone, also after the vote.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr

from autofocus.compare.votes import (
    LEFT,
    LONGEST_INITIALS,
    RIGHT,
    TIE,
    Pair,
    Review,
    Reviews,
    check_initials,
    next_pair,
)
from autofocus.errors import ReviewError, VersionError
from autofocus.page.events import on
from autofocus.page.review_photos import kept_photo, predicted
from autofocus.page.side_by_side import aspect_style, together_bar, view_of
from autofocus.page.text import fill, note, text
from autofocus.viewer import Viewer

HINT = (
    "Keys: 1, 2, and 0 for no difference. Look at depth and subject too; a click moves the focus."
)
WAIT = "Finding depth and subject …"
LOOK = "Wait until both images are shown."
DONE = "That was the last pair. Thank you. The results are on the main page, under Review."
ANSWERS = (("1 is better", LEFT), ("No difference", TIE), ("2 is better", RIGHT))
NAMES = ("judge-1", "judge-2")
KEYS = text("blind_page.js")
# What both viewers show just now: a vote counts for nothing else.
SEEN = f"() => {list(NAMES)!r}.map((name) => window.autofocus?.viewers?.[name]?.shown).join(' ')"


@dataclass
class Judgement:
    """Where one reviewer is; it never leaves the server."""

    review: Review | None = None
    reviewer: str = ""
    photos: list[str] = field(default_factory=list)  # still to be judged
    # The pair that is shown, by its two images' runs; a vote takes it out and so counts once.
    shown: dict[str, Pair] = field(default_factory=dict)


class Judging:
    """Lays out the page where it is made; `wire` makes it work.

    Handlers return what changes, by component.
    """

    def __init__(self) -> None:
        self.judgement = gr.State(Judgement())
        gr.HTML(fill("review_header.html"), elem_id="top", padding=False)
        with gr.Row(elem_id="judge-start") as self.start:
            self.initials = gr.Textbox(
                label="Your initials",
                max_length=LONGEST_INITIALS,
                elem_id="judge-initials",
                scale=0,
            )
            self.begin = gr.Button("Begin", variant="primary", elem_id="judge-begin", scale=0)
        self.status = gr.HTML(note(""), elem_id="judge-status", padding=False)
        self.frame = gr.HTML(elem_classes="frame", padding=False)
        with gr.Column(visible=False, elem_id="judge-stage", elem_classes="together") as stage:
            self.stage = stage
            self.lay_out_stage()
        self.seen = gr.Textbox(label="Images that are shown", visible=False)

    def lay_out_stage(self) -> None:
        """Both images, and the answers."""
        together_bar()
        with gr.Row(elem_classes=["side-by-side", "of-2"]):
            self.viewers = []
            for number, name in enumerate(NAMES, 1):
                with gr.Column(min_width=280):
                    gr.HTML(f"<h2>{number}</h2>", padding=False)
                    self.viewers.append(Viewer(name=name))
        with gr.Row(elem_id="judge-answers"):
            self.answers = [
                gr.Button(label, elem_id=f"judge-{choice}", min_width=90)
                for label, choice in ANSWERS
            ]
        gr.HTML(f'<p class="hint">{HINT}</p>', padding=False, js_on_load=KEYS)

    def wire(self) -> None:
        """Begin, vote, and have the next pair made ready while this one is looked at."""
        started = gr.on(
            [self.begin.click, self.initials.submit],
            self.enter,
            [self.judgement, self.initials],
            [self.start, self.status],
            api_visibility="private",
            show_progress="hidden",
            queue=False,
        )
        self.then_show(started)
        for button, (_, choice) in zip(self.answers, ANSWERS, strict=True):
            voted = button.click(
                self.voter(choice),
                [self.judgement, self.seen],
                [self.status],
                js=f"(judgement) => [judgement, ({SEEN})()]",
                api_visibility="private",
                show_progress="hidden",
                queue=False,
            )
            self.then_show(voted)

    def then_show(self, event: gr.events.Dependency) -> None:
        """What follows when there is to be another pair."""
        network = {"concurrency_id": "network", "concurrency_limit": 1}
        shown = on(
            event.success,
            self.show,
            [self.judgement],
            [self.status, self.frame, self.stage, *self.viewers],
            **network,
        )
        on(shown.success, self.prepare, [self.judgement], [], **network)

    def enter(self, judgement: Judgement, initials: str, request: gr.Request) -> dict:
        """Find the review of the page's address, and what this reviewer has not judged yet."""
        try:
            reviewer = check_initials(initials)
            reviews = Reviews()
            judgement.review = reviews.find(request.query_params.get("review", ""))
            judgement.photos = reviews.open_photos(judgement.review, reviewer)
        except ReviewError as error:
            return {self.status: note(str(error), "error")}
        judgement.reviewer = reviewer
        judgement.shown.clear()
        return {self.start: gr.update(visible=False), self.status: note(WAIT)}

    def voter(self, choice: int):  # noqa: ANN201
        """A handler that keeps one answer."""

        def vote(judgement: Judgement, seen: str) -> dict:
            pair = judgement.shown.pop(seen, None)
            if pair is None:
                return {self.status: note(LOOK)}
            try:
                Reviews().vote(pair, choice, judgement.reviewer)
            except ReviewError as error:
                judgement.shown[seen] = pair
                return {self.status: note(str(error), "error")}
            judgement.photos.remove(pair.photo)
            return {self.status: note(WAIT)}

        return vote

    def show(self, judgement: Judgement) -> Iterator[dict]:
        """The next pair, or thanks; nothing where a pair is still to be judged."""
        if judgement.review is None or judgement.shown:
            return
        if not judgement.photos:
            yield {self.status: note(DONE), self.stage: gr.update(visible=False)}
            return
        try:
            with tempfile.TemporaryDirectory(prefix="autofocus-") as folder:
                yield self.shown(judgement, Path(folder))
        except (ReviewError, VersionError) as error:
            yield {self.status: note(str(error), "error")}

    def shown(self, judgement: Judgement, folder: Path) -> dict:
        """Both images of the next pair."""
        pair = next_pair(judgement.review, judgement.photos[0])
        photo = kept_photo(pair.photo)
        values = [view_of(photo, predicted(side, pair.photo), folder) for side in pair.sides]
        judgement.shown[" ".join(value.run for value in values)] = pair
        count = len(judgement.review.photos)
        return {
            self.status: note(f"Pair {count - len(judgement.photos) + 1} of {count}"),
            self.frame: aspect_style(photo),
            self.stage: gr.update(visible=True),
            **dict(zip(self.viewers, values, strict=True)),
        }

    def prepare(self, judgement: Judgement) -> None:
        """Have the network's work on the photo after this one done; its troubles come later."""
        later = judgement.photos[1:2]  # a vote may take one out meanwhile
        if judgement.review is None or not later:
            return
        try:
            for version in judgement.review.versions:
                predicted(version, *later)
        except (ReviewError, VersionError):
            return
