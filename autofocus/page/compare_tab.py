"""The tab that shows what two to four versions make of the same photos."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
import numpy as np

from autofocus.compare.agreement import (
    Agreement,
    depth_difference,
    mean_agreement,
    measure_agreement,
)
from autofocus.compare.sheet import data_uri
from autofocus.errors import PhotoError, VersionError
from autofocus.focus import choose_focus
from autofocus.page.events import on
from autofocus.page.examples import example_files
from autofocus.page.limits import read_upload
from autofocus.page.models import analyse, predictor_of, version_choices
from autofocus.page.photo_strip import photo_strip, thumbnails_of
from autofocus.page.side_by_side import LONG_SIDE, aspect_style, together_bar, view_of
from autofocus.page.text import GONE, READING, fill, note, sentence
from autofocus.photo import preview
from autofocus.predict import Prediction, pick_device
from autofocus.versions.catalog import find_version
from autofocus.versions.weights import weights_file
from autofocus.view import colour_difference
from autofocus.viewer import Viewer

FEWEST, MOST = 2, 4
CHOOSE = "Choose two to four versions, and a photo."
ONLY_ONE = (
    "Comparing needs two versions, and only one is installed. Add another one's folder to the "
    "folder that AUTOFOCUS_VERSIONS names, and restart."
)
SHOWN = "Click to focus all images there; zoom and view are shared."

FIGURES = (
    ("Order of depths", "rank correlation: 1 is the same"),
    ("Subject", "of salient pixels shared (IoU)"),
    ("Default focus", "of the depth range apart"),
)


@dataclass
class Comparison:
    """What one visitor compares; whatever still works on something earlier is dropped."""

    photos: list[Path] = field(default_factory=list)
    index: int | None = None  # of the photo that is shown
    asked: int = 0  # how often something was asked for
    agreements: dict[tuple[str, str], dict[Path, Agreement]] = field(default_factory=dict)

    def add(self, names: tuple[str, str], agreement: Agreement) -> list[Agreement]:
        """Keep what two versions have for the photo that is shown → all they have for this set."""
        kept = self.agreements.setdefault(names, {})
        kept[self.photos[self.index]] = agreement
        return list(kept.values())


@dataclass(frozen=True)
class Made:
    """What a version made of a photo."""

    name: str
    prediction: Prediction
    seconds: float


class CompareTab:
    """`lay_out` makes the components, `wire` makes them work.

    Handlers return what changes, by component.
    """

    def lay_out(self) -> None:
        """Versions and photos to choose, then a column for each version."""
        self.comparison = gr.State(Comparison(example_files()))
        self.lay_out_choice()
        self.status = gr.HTML(note(self.greeting()), elem_id="compare-status", padding=False)
        self.frame = gr.HTML(elem_classes="frame", padding=False)
        with gr.Column(visible=False, elem_id="compare-stage", elem_classes="together") as stage:
            self.stage = stage
            together_bar()
            with gr.Row(elem_classes="side-by-side") as self.row:
                self.columns = [self.lay_out_column(number) for number in range(MOST)]

    def lay_out_choice(self) -> None:
        """Versions and photos."""
        choices = version_choices()[0]
        with gr.Row(elem_classes="choice"):
            self.upload = gr.File(
                label="Drop photos, or choose some",
                file_count="multiple",
                elem_id="compare-upload",
                height=150,
            )
            self.versions = gr.Dropdown(
                choices,
                value=[name for _, name in choices[:FEWEST]],
                multiselect=True,
                max_choices=MOST,
                label="Versions",
                info="Differences are from the first one.",
                elem_id="compare-versions",
            )
        self.strip = photo_strip(example_files(), "compare-strip")

    def lay_out_column(self, number: int) -> dict[str, gr.blocks.Block]:
        """What is shown of one version."""
        with gr.Column(min_width=280, visible=False) as column:
            return {
                "column": column,
                "facts": gr.HTML(elem_classes="version-facts", padding=False),
                "viewer": Viewer(name=f"compare-{number}"),
                "difference": gr.HTML(elem_classes="difference", padding=False) if number else None,
                "agreement": gr.HTML(elem_classes="agreement", padding=False),
            }

    def greeting(self) -> str:
        """What there is to say at first."""
        return CHOOSE if len(version_choices()[0]) >= FEWEST else ONLY_ONE

    def wire(self) -> None:
        """New photos, another one of them, other versions; a later one cancels an earlier."""
        parts = [part for column in self.columns for part in column.values() if part]
        shown = [self.status, self.frame, self.stage, self.row, *parts]
        taken = [self.upload, self.strip, self.status]
        for trigger, begin, inputs in (
            (self.upload.upload, self.begin_upload, [self.comparison, self.upload]),
            (self.strip.select, self.begin_photo, [self.comparison]),
            (self.versions.input, self.begin_again, [self.comparison]),
        ):
            begun = on(trigger, begin, inputs, taken)
            on(
                begun.success,
                self.show,
                [self.comparison, self.versions],
                shown,
                concurrency_id="network",
                concurrency_limit=1,
                show_progress="minimal",
                show_progress_on=self.status,
                trigger_mode="multiple",
            )

    def begin_upload(self, comparison: Comparison, files: list[str] | None) -> dict:
        """Take a set of photos; what is not a photo is named and left out."""
        thumbnails, photos, problems = thumbnails_of([Path(file) for file in files or []])
        comparison.asked += 1
        if not photos:
            comparison.index = None
            return {self.upload: None, self.status: note(" ".join(problems), "error")}
        comparison.photos, comparison.index = photos, 0
        comparison.agreements.clear()
        said = note(" ".join(problems), "error") if problems else note(READING)
        return {
            self.upload: None,
            self.strip: gr.update(value=thumbnails, selected_index=0),
            self.status: said,
        }

    def begin_photo(self, event: gr.SelectData, comparison: Comparison) -> dict:
        """Take another photo of the set."""
        comparison.asked, comparison.index = comparison.asked + 1, event.index
        return {self.status: note(READING)}

    def begin_again(self, comparison: Comparison) -> dict:
        """Take the photo that is shown, for other versions."""
        comparison.asked += 1
        return {self.status: note(CHOOSE if comparison.index is None else READING)}

    def show(self, comparison: Comparison, versions: list[str]) -> Iterator[dict]:
        """Everything that the versions make of the photo; each step is announced."""
        asked = comparison.asked
        if comparison.index is None:
            return
        try:
            with tempfile.TemporaryDirectory(prefix="autofocus-") as folder:
                for step in self.steps(comparison, versions, Path(folder)):
                    if comparison.asked != asked:
                        return
                    yield step
        except (PhotoError, VersionError) as error:
            yield {self.status: note(str(error), "error")}

    def steps(self, comparison: Comparison, versions: list[str], folder: Path) -> Iterator[dict]:
        """What changes on the page, step by step; PhotoError or VersionError in one sentence."""
        check_versions(versions)
        if comparison.index >= len(comparison.photos):
            raise PhotoError(GONE)
        photo = preview(read_upload(comparison.photos[comparison.index]).pixels, LONG_SIDE)
        made = []
        for name in versions:
            yield {self.status: note(f"Finding depth and subject by {name} …")}
            made.append(make(name, photo))
        changes = {self.status: note(SHOWN), self.frame: aspect_style(photo)}
        changes[self.stage] = gr.update(visible=True)
        changes[self.row] = gr.update(elem_classes=["side-by-side", f"of-{len(made)}"])
        for column in self.columns[len(made) :]:
            changes[column["column"]] = gr.update(visible=False)
        for column, one in zip(self.columns, made, strict=False):
            changes |= {
                column["column"]: gr.update(visible=True),
                column["facts"]: version_facts(one, photo),
                column["viewer"]: view_of(photo, one.prediction, folder),
            }
            changes |= self.difference_of(comparison, column, one, made[0])
        yield changes

    def difference_of(self, comparison: Comparison, column: dict, one: Made, first: Made) -> dict:
        """Where, and how much, a version differs from the first."""
        if column["difference"] is None:
            return {column["agreement"]: fill("difference_legend.html")}
        agreement = measure_agreement(one.prediction, first.prediction)
        kept = comparison.add((first.name, one.name), agreement)
        return {
            column["difference"]: difference_image(one, first),
            column["agreement"]: agreement_table(agreement, kept),
        }


def difference_image(one: Made, first: Made) -> str:
    """Where a version sees other depths than the first."""
    colours = colour_difference(depth_difference(one.prediction.depth, first.prediction.depth))
    return fill("difference.html", image=data_uri(colours), name=one.name, first=first.name)


def check_versions(names: list[str]) -> None:
    """VersionError unless these are two to four different versions of the list."""
    if not FEWEST <= len(set(names)) == len(names) <= MOST:
        raise VersionError(CHOOSE)
    for name in names:
        find_version(name)


def make(name: str, photo: np.ndarray) -> Made:
    """Depth and subject by a version; loading it is not part of the time."""
    predictor_of(name)
    started = time.perf_counter()
    prediction = analyse(name, photo)
    return Made(name, prediction, time.perf_counter() - started)


def version_facts(made: Made, photo: np.ndarray) -> str:
    """Name, hash, time, size, and why it focuses where it does."""
    version = find_version(made.name)
    size = weights_file(version).stat().st_size / 1e6
    where = pick_device().type.upper()
    focus = choose_focus(made.prediction.depth, made.prediction.saliency)
    height, width = photo.shape[:2]
    facts = f"{version.sha256[:7]} · {made.seconds:.2f} s on {where} at {width}×{height}"
    return fill(
        "version_facts.html",
        name=made.name,
        facts=f"{facts} · {size:.1f} MB",
        reason=sentence(focus.headline),
        figures=sentence(focus.reason),
    )


def agreement_table(agreement: Agreement, kept: list[Agreement]) -> str:
    """The three figures, each with what it means; and their means, once there are more photos."""
    columns = [in_units(agreement)]
    if len(kept) > 1:
        columns.append(in_units(mean_agreement(kept)))
    rows = [
        (name, figures, meaning)
        for (name, meaning), *figures in zip(FIGURES, *columns, strict=True)
    ]
    return fill("agreement.html", rows=rows, count=len(kept))


def in_units(agreement: Agreement) -> tuple[str, str, str]:
    """The three figures as the page shows them."""
    overlap, focus = f"{100 * agreement.overlap:.0f} %", f"{100 * agreement.focus:.1f} %"
    return f"{agreement.rank:.3f}", overlap, focus
