"""From a dropped photo to everything that the page shows of it."""

import html
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import gradio as gr

from autofocus.errors import AutoFocusError, PhotoError, VersionError
from autofocus.page import depth_maps, payloads
from autofocus.page.controls import default_lens
from autofocus.page.events import on, sentence_of
from autofocus.page.examples import example_files
from autofocus.page.focusing import Focusing
from autofocus.page.histogram import histogram
from autofocus.page.limits import read_upload
from autofocus.page.live import add_layers, live_data
from autofocus.page.models import analyse
from autofocus.page.photo_strip import thumbnails_of
from autofocus.page.reason import reason
from autofocus.page.session import Scene, discard, make_scene
from autofocus.page.text import FINDING, GONE, HINT, NO_VERSION, READING, RENDERING, TRY, fill, note
from autofocus.page.visit import Visit
from autofocus.photo import Photo, preview, to_bytes
from autofocus.predict import ENOUGH, pick_device, predict_copy
from autofocus.render import Lens
from autofocus.versions.catalog import find_version
from autofocus.viewer import ViewerData, waiting_data

if TYPE_CHECKING:
    from autofocus.page.refocus_tab import RefocusTab

NO_EXAMPLE = "There is no such example."


class Opening:
    """Opens a dropped photo, an example, or the same photo by another version or depth map.

    Handlers return what changes, by component.
    """

    def __init__(self, page: "RefocusTab", focusing: Focusing) -> None:
        self.page, self.focusing = page, focusing

    def wire(self) -> None:
        """All ways to open a photo; a second one cancels the first."""
        page = self.page
        begins = [page.upload, page.status, page.photos, page.others]
        for trigger, begin, inputs in (
            (page.upload.upload, self.begin_upload, [page.visit, page.upload]),
            (page.examples.choose, self.begin_example, [page.visit]),
            (page.strip.select, self.begin_other, [page.visit, page.photos]),
            (page.version.input, self.begin_again, [page.visit, page.scene]),
        ):
            choice = {"payload": payloads.Choice} if begin == self.begin_example else {}
            # It only notes what is asked for, at once: the work waits its turn in `open`.
            begun = on(trigger, begin, inputs, begins, queue=False, **choice)
            opened = page.lens.on(
                begun.success,
                self.open,
                [page.visit, page.scene, page.version, page.palette],
                self.shown_parts(),
                concurrency_id="network",
                concurrency_limit=1,
                show_progress="minimal",
                show_progress_on=page.status,
                trigger_mode="multiple",
            )
            if begin == self.begin_upload:
                strip = [page.strip, page.others, page.photos, page.status]
                on(opened.success, self.fill_strip, [page.photos], strip)
        on(page.new.click, self.leave, [], [page.stage, page.status])
        self.wire_depth()

    def wire_depth(self) -> None:
        """Another depth map for the photo that is open."""
        page = self.page
        inputs = [page.visit, page.scene, page.palette, page.custom_map, page.invert]
        uploaded = on(
            page.custom_depth.upload,
            self.begin_custom,
            [page.custom_depth],
            [page.custom_map, page.custom_depth, page.invert],
        )
        for trigger, handler in (
            (uploaded.success, self.read_custom),
            (page.invert.input, self.read_custom),
        ):
            page.lens.on(trigger, handler, inputs, self.shown_parts())
        page.lens.on(
            page.depth_source.input,
            self.switch_depth,
            [page.visit, page.scene, page.palette, page.depth_source],
            self.shown_parts(),
        )

    def shown_parts(self) -> list[gr.blocks.Block]:
        """All that a photo is shown with."""
        page = self.page
        parts = [page.scene, page.stage, page.status, page.frame, page.viewer, page.facts]
        parts += [page.live, page.correction]
        parts += [page.refocused, page.photo, page.depth, page.subject]
        parts += [page.histogram, page.reason, *page.lens.by_field.values()]
        return [*parts, page.depth_source, page.depth_note, page.invert]

    def begin_upload(self, visit: Visit, files: list[str] | None) -> dict:
        """Take the dropped files, and leave the drop zone free for the next."""
        files = files or []
        visit.ask(*files)
        return {
            self.page.upload: None,
            self.page.photos: files,
            self.page.others: gr.update(visible=len(files) > 1),
            self.page.status: note(READING),
        }

    def begin_example(self, event: gr.EventData, visit: Visit) -> dict:
        """Take an example."""
        files, index = example_files(), event.index
        if type(index) is not int or not 0 <= index < len(files):
            visit.ask()
            return {self.page.status: note(NO_EXAMPLE, "error")}
        visit.ask(str(files[index]))
        return {self.page.status: note(READING), self.page.others: gr.update(visible=False)}

    def begin_other(self, event: gr.SelectData, visit: Visit, photos: list[str]) -> dict:
        """Take another one of the files that were dropped together."""
        visit.ask(*photos[event.index : event.index + 1])
        return {self.page.status: note(READING)}

    def begin_again(self, visit: Visit, scene: Scene | None) -> dict:
        """Take the photo that is open."""
        visit.ask(*([str(scene.source)] if scene else []))
        return {self.page.status: note(READING if scene else GONE)}

    def fill_strip(self, photos: list[str]) -> dict:
        """The thumbnails of files that were dropped together; what is not a photo is named."""
        if len(photos) < 2:
            return {self.page.photos: photos}
        thumbnails, readable, problems = thumbnails_of([Path(file) for file in photos])
        changes = {
            self.page.strip: gr.update(value=thumbnails, selected_index=None),
            self.page.photos: [str(file) for file in readable],
            self.page.others: gr.update(visible=len(readable) > 1),
        }
        return changes | ({self.page.status: note(" ".join(problems), "error")} if problems else {})

    def open(
        self, visit: Visit, old: Scene | None, version: str | None, palette: str, lens: Lens
    ) -> Iterator[dict]:
        """Read a photo, predict it and show everything; each step is announced."""
        number = visit.photos
        for step in self.steps(visit, version):
            if visit.photos != number:
                return
            if isinstance(step, Scene):
                discard(old)
                yield from self.show(visit, step, palette, lens)
            else:
                yield step

    def steps(self, visit: Visit, version: str | None) -> Iterator[dict | Scene]:
        """What changes on the page, step by step, and then the scene; errors in one sentence."""
        source = first_photo(visit.sources)
        if source is None:
            return
        try:
            photo = read_upload(source, ENOUGH)
            with TemporaryDirectory(prefix="autofocus-") as folder:
                yield self.show_at_once(visit, photo, Path(folder))
            if version is None:
                raise VersionError(NO_VERSION)
            started = time.perf_counter()
            prediction = predict_copy(partial(analyse, version), photo)
            seconds = time.perf_counter() - started
            yield {self.page.facts: facts(version, photo.size, seconds)}
            scene = make_scene(Path(source), photo, prediction)
            if photo.depth is not None:
                depth_maps.keep_depth(scene, depth_maps.PHONE, photo.depth)
            yield scene
        except AutoFocusError as error:
            yield {
                self.page.status: note(sentence_of(error), "error"),
                self.page.refocused: gr.update(elem_classes=[]),
            }

    def show_at_once(self, visit: Visit, photo: Photo, folder: Path) -> dict:
        """The photo itself, dimmed, while its depth is being found; a file of it in `folder`."""
        small = preview(photo.pixels)
        aspect = small.shape[1] / small.shape[0]
        changes = {
            self.page.stage: gr.update(visible=True),
            self.page.status: note(FINDING),
            self.page.viewer: waiting_data(small, folder, photo.size),
            self.page.frame: fill("aspect.html", selector="#images", aspect=aspect),
        }
        if visit.live:
            return changes
        busy = gr.update(value=to_bytes(small), elem_classes=["busy"])
        return changes | {self.page.refocused: busy}

    def show(self, visit: Visit, scene: Scene, palette: str, lens: Lens) -> Iterator[dict]:
        """A scene on its default focus: by the live lens, or as images, refocused last."""
        lens = default_lens(scene.focus, lens)
        changes = {
            self.page.scene: scene,
            self.page.correction: None,
            self.page.histogram: histogram(scene.depth, scene.focus.lens),
            self.page.reason: reason(scene.focus),
            **self.page.lens.show(lens),
            **self.describe_depth(scene),
        }
        if visit.live:
            data = live_data(scene, lens, layered=False)
            yield changes | self.give_viewer(data) | {self.page.status: note(HINT)}
            yield self.give_viewer(add_layers(scene, data))
            return
        yield (
            changes
            | self.focusing.other_views(scene, palette)
            | {self.page.status: note(RENDERING)}
        )
        for change in self.focusing.rest(visit, scene, None, lens):
            yield change | {self.page.status: note(HINT)}

    def give_viewer(self, data: ViewerData) -> dict:
        """What the viewer shows from now on."""
        return {self.page.viewer: data, self.page.live: data}

    def describe_depth(self, scene: Scene, says: str = "") -> dict:
        """Which depth is used, and which others there are."""
        choices = depth_maps.choices(scene)
        if not says and any(source == depth_maps.PHONE for _, source in choices):
            says = depth_maps.PHONE_HAS_DEPTH
        return {
            self.page.depth_source: gr.update(
                choices=choices, value=scene.depth_source, visible=len(choices) > 1
            ),
            self.page.depth_note: fill("lines.html", lines=[says]),
            self.page.invert: gr.update(visible=scene.depth_source == depth_maps.CUSTOM),
        }

    def begin_custom(self, file: str | None) -> dict:
        """Take the visitor's custom depth map, and leave the button free for the next."""
        return {
            self.page.custom_map: file,
            self.page.custom_depth: None,
            self.page.invert: gr.update(value=False),
        }

    def read_custom(
        self,
        visit: Visit,
        scene: Scene | None,
        palette: str,
        file: str | None,
        invert: bool,
        lens: Lens,
    ) -> Iterator[dict]:
        """Read the visitor's custom depth map and use it."""
        if scene is None or file is None:
            yield self.focusing.say_gone()
            return
        try:
            says = [depth_maps.keep_custom(scene, file, invert=invert)]
        except AutoFocusError as error:
            yield {self.page.status: note(sentence_of(error), "error")}
            return
        if depth_maps.opposes_network(scene, depth_maps.CUSTOM):
            says.append(depth_maps.RUNS_AGAINST)
        yield from self.use_depth(visit, scene, palette, lens, depth_maps.CUSTOM)
        yield {self.page.depth_note: fill("lines.html", lines=says)}

    def switch_depth(
        self, visit: Visit, scene: Scene | None, palette: str, source: str, lens: Lens
    ) -> Iterator[dict]:
        """Use another of the photo's depth maps."""
        if scene is None:
            yield self.focusing.say_gone()
        elif source in (name for _, name in depth_maps.choices(scene)):
            yield from self.use_depth(visit, scene, palette, lens, source)

    def use_depth(
        self, visit: Visit, scene: Scene, palette: str, lens: Lens, source: str
    ) -> Iterator[dict]:
        """Show the photo by another depth map."""
        yield from self.show(visit, depth_maps.use_depth(scene, source), palette, lens)

    def leave(self) -> dict:
        """Back to the start."""
        return {self.page.stage: gr.update(visible=False), self.page.status: note(TRY)}


def first_photo(files: Sequence[str]) -> str | None:
    """The first file that can be read; the first of all if none can, whose error is then told."""
    if len(files) < 2:
        return next(iter(files), None)
    return next(filter(readable, files), files[0])


def readable(file: str) -> bool:
    """Whether a file is a photo."""
    try:
        read_upload(file, enough=1)
    except PhotoError:
        return False
    return True


def facts(version: str, size: tuple[int, int], seconds: float) -> str:
    """What made the maps, in small type."""
    height, width = size
    sha256 = find_version(version).sha256[:7]
    where = pick_device().type.upper()
    return html.escape(f"{version} · {sha256} · {seconds:.2f} s on {where} · {width}×{height}")
