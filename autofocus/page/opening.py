"""From a dropped photo to everything that the page shows of it."""

import html
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import gradio as gr
import numpy as np

from autofocus.errors import DepthMapError, PhotoError, VersionError
from autofocus.page.events import on
from autofocus.page.examples import example_files
from autofocus.page.focusing import Focusing
from autofocus.page.layout import Layout, lens_of, listed
from autofocus.page.live import live_data
from autofocus.page.models import analyse, version_choices
from autofocus.page.session import Scene, discard, make_scene, with_depth
from autofocus.page.text import FINDING, GONE, HINT, NO_VERSION, READING, TAKING, note
from autofocus.page.visit import Visit
from autofocus.photo import preview, read_photo, to_bytes
from autofocus.predict import pick_device
from autofocus.versions import catalog
from autofocus.versions.catalog import find_version
from autofocus.viewer import waiting_data


class Opening:
    """Opens a dropped photo, an example, or the same photo by another version.

    Handlers return what changes, by component.
    """

    def __init__(self, page: Layout, focusing: Focusing) -> None:
        self.page, self.focusing = page, focusing

    def wire(self) -> None:
        """A dropped photo, an example, or another version; a second one cancels the first."""
        shown = [
            self.page.scene,
            self.page.stage,
            self.page.status,
            self.page.frame,
            self.page.viewer,
            self.page.refocused,
        ]
        shown += [
            self.page.photo,
            self.page.depth,
            self.page.subject,
            self.page.histogram,
            self.page.focus,
            self.page.reason,
        ]
        shown += [self.page.facts]
        inputs = [
            self.page.visit,
            self.page.scene,
            self.page.version,
            *self.page.settings,
            self.page.palette,
        ]
        for trigger, begin, begin_inputs in (
            (self.page.upload.upload, self.begin_upload, [self.page.visit, self.page.upload]),
            (self.page.examples.select, self.begin_example, [self.page.visit]),
            (self.page.version.input, self.begin_again, [self.page.visit, self.page.scene]),
        ):
            begun = on(trigger, begin, begin_inputs, [self.page.upload, self.page.status])
            on(
                begun.success,
                self.open,
                inputs,
                shown,
                concurrency_id="network",
                concurrency_limit=1,
                show_progress="minimal",
                show_progress_on=self.page.status,
                trigger_mode="multiple",
            )
        on(self.page.refresh.click, self.refresh, [], [*self.selectors(), self.page.unusable])
        on(self.page.new.click, self.leave, [], [self.page.stage, self.page.status])
        on(
            self.page.own_depth.upload,
            self.replace_depth,
            [
                self.page.own_depth,
                self.page.visit,
                self.page.scene,
                *self.page.settings,
                self.page.palette,
            ],
            [*shown, self.page.own_depth],
        )

    def begin_upload(self, visit: Visit, file: str | None) -> dict:
        """Take the dropped file, and leave the drop zone free for the next."""
        visit.ask(file)
        return {self.page.upload: None, self.page.status: note(READING)}

    def begin_example(self, event: gr.SelectData, visit: Visit) -> dict:
        """Take an example."""
        visit.ask(str(example_files()[event.index]))
        return {self.page.status: note(READING)}

    def begin_again(self, visit: Visit, scene: Scene | None) -> dict:
        """Take the photo that is open."""
        visit.ask(str(scene.source) if scene else None)
        return {self.page.status: note(READING if scene else GONE)}

    def open(self, visit: Visit, old: Scene | None, version: str | None, *rest) -> Iterator[dict]:
        """Read a photo, predict it and show everything; each step is announced."""
        *settings, palette = rest
        number = visit.photos
        for step in self.steps(visit, version):
            if visit.photos != number:
                return
            if isinstance(step, Scene):
                discard(old)
                yield from self.shown(visit, step, palette, settings)
            else:
                yield step

    def steps(self, visit: Visit, version: str | None) -> Iterator[dict | Scene]:
        """What changes on the page, step by step, and then the scene; errors in one sentence."""
        source = visit.source
        if source is None:
            return
        try:
            pixels = read_photo(source).pixels
            with TemporaryDirectory(prefix="autofocus-") as folder:
                yield self.shown_at_once(visit, pixels, Path(folder))
            if version is None:
                raise VersionError(NO_VERSION)
            started = time.perf_counter()
            found = analyse(version, pixels)
            seconds = time.perf_counter() - started
            yield {self.page.facts: facts(version, pixels, seconds)}
            yield make_scene(Path(source), pixels, found)
        except (PhotoError, VersionError) as error:
            yield {
                self.page.status: note(str(error), "error"),
                self.page.refocused: gr.update(elem_classes=[]),
            }

    def shown_at_once(self, visit: Visit, pixels: np.ndarray, folder: Path) -> dict:
        """The photo itself, dimmed, while its depth is being found; a file of it in `folder`."""
        small = preview(pixels)
        height, width = small.shape[:2]
        changes = {
            self.page.stage: gr.update(visible=True),
            self.page.status: note(FINDING),
            self.page.viewer: waiting_data(small, folder, pixels.shape[:2]),
            self.page.frame: f"<style>#pictures {{ --aspect: {width / height:.4f}; }}</style>",
        }
        if visit.live:
            return changes
        busy = gr.update(value=to_bytes(small), elem_classes=["busy"])
        return changes | {self.page.refocused: busy}

    def shown(self, visit: Visit, scene: Scene, palette: str, settings: list) -> Iterator[dict]:
        """A scene, focused by its default: by the live lens, or as pictures, refocused last."""
        lens = replace(lens_of(*settings), focus=scene.focus.depth)
        yield {
            self.page.scene: scene,
            self.page.status: note(TAKING),
            **self.focusing.focused(scene, scene.focus),
        }
        if visit.live:
            yield {self.page.viewer: live_data(scene, lens), self.page.status: note(HINT)}
            return
        yield self.focusing.beside(scene, palette)
        for change in self.focusing.develop(visit, scene, lens):
            yield change | {self.page.status: note(HINT)}

    def replace_depth(self, file: str, visit: Visit, scene: Scene | None, *rest) -> Iterator[dict]:
        """A depth map of the visitor's in place of the network's."""
        *settings, palette = rest
        if scene is None:
            yield self.focusing.gone()
            return
        try:
            scene = with_depth(scene, Path(file))
        except (PhotoError, DepthMapError) as error:
            yield {self.page.status: note(str(error), "error"), self.page.own_depth: None}
            return
        yield {self.page.own_depth: None}
        yield from self.shown(visit, scene, palette, settings)

    def refresh(self) -> dict:
        """Ask the Hub anew which versions there are."""
        catalog.refresh()
        usable, unusable = version_choices()
        changes = {selector: gr.update(choices=usable) for selector in self.selectors()}
        return changes | {self.page.unusable: listed(unusable)}

    def selectors(self) -> list[gr.Dropdown]:
        """Everything on the page that offers versions."""
        return [self.page.version, self.page.comparing.versions, *self.page.reviewing.versions]

    def leave(self) -> dict:
        """Back to the start."""
        return {
            self.page.stage: gr.update(visible=False),
            self.page.status: note(""),
        }


def facts(version: str, pixels: np.ndarray, seconds: float) -> str:
    """What made the maps, in small type."""
    height, width = pixels.shape[:2]
    sha256 = find_version(version).sha256[:7]
    where = pick_device().type.upper()
    return html.escape(f"{version} · {sha256} · {seconds:.2f} s on {where} · {width}×{height}")
