"""Files that the page hands out; each is made when it is asked for."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr

from autofocus.focus_pull import FRAME_RATE, PULL_SECONDS
from autofocus.page.correction import read_painted, write_png
from autofocus.page.session import (
    FORMATS,
    Scene,
    write_depth_map,
    write_refocused,
    write_saliency_map,
    write_settings,
    write_video,
)
from autofocus.page.text import GONE, HINT, MAKING, note, text
from autofocus.page.visit import Visit
from autofocus.render import Lens

if TYPE_CHECKING:
    from autofocus.page.refocus_tab import RefocusTab

FRAMES = round(FRAME_RATE * PULL_SECONDS)
Make = Callable[..., Path | list[Path]]  # from a scene, options and the lens


class Downloads:
    """The refocused photo at full size, its maps, its settings."""

    def __init__(self, page: "RefocusTab") -> None:
        self.page = page

    def wire(self) -> None:
        """Files are made when they are asked for, and then handed over."""
        page = self.page
        # Where a focus pull starts is known to the page's script alone.
        start = gr.Number(0, visible=False)
        asked = page.save_video.click(
            None, None, [start], js="() => window.autofocus.page.pullStart()"
        )
        for trigger, make, more in (
            (page.save.click, make_photo, [page.format, page.correction]),
            (asked.then, make_video, [start, page.correction]),
            (page.save_depth.click, make_depth, []),
            (page.save_subject.click, make_subject, []),
            (page.save_settings.click, make_settings, [page.version, page.correction]),
        ):
            self.wire_one(trigger, make, more)

    def wire_one(self, trigger: Callable, make: Make, more: list) -> None:
        """One download: the file that it makes goes to the visitor and nowhere else."""
        file = handed_over()
        made = self.page.lens.on(
            trigger,
            self.maker(make, file),
            [self.page.visit, self.page.scene, *more],
            [file, self.page.status],
            concurrency_id="export",
            concurrency_limit=1,
            show_progress="minimal",
            show_progress_on=self.page.status,
        )
        save(made, file)

    def maker(self, make: Make, file: gr.File) -> Callable[..., Iterator[dict]]:
        """A handler that has a file made, and says so meanwhile."""
        status = self.page.status

        def handle(visit: Visit, scene: Scene | None, *options) -> Iterator[dict]:
            if scene is None:
                yield {file: None, status: note(GONE, "error")}
                return
            photo = visit.photos
            yield {file: None, status: note(MAKING)}
            made = make(scene, *options)
            if visit.photos == photo:  # the visitor has opened no other photo meanwhile
                made = [str(path) for path in made] if isinstance(made, list) else str(made)
                yield {file: made, status: note(HINT)}

        return handle


def handed_over() -> gr.File:
    """Where a file is on its way to the visitor; never seen (`page.css`), so never stale."""
    return gr.File(
        elem_classes="handed-over", file_count="multiple", interactive=False, container=False
    )


def save(made: gr.events.Dependency, file: gr.File) -> None:
    """Hand over the file that an event has made."""
    made.success(fn=None, inputs=[file], js=text("save.js"))


def make_photo(scene: Scene, name: str, painted: bytes | None, lens: Lens) -> Path:
    """The refocused photo at full size."""
    return write_refocused(scene, lens, FORMATS[name], correction=read_painted(painted))


def make_video(scene: Scene, start: float, painted: bytes | None, lens: Lens) -> Path:
    """The focus pulled from where it was before to where it is, as a video."""
    frames = iter(gr.Progress().tqdm(range(FRAMES), desc="Video"))
    start, correction = min(max(start, 0), 1), read_painted(painted)
    return write_video(scene, lens, start, lambda: next(frames, None), correction=correction)


def make_depth(scene: Scene, _lens: Lens) -> Path:
    """The depth map at full size."""
    return write_depth_map(scene)


def make_subject(scene: Scene, _lens: Lens) -> Path:
    """The saliency map at full size."""
    return write_saliency_map(scene)


def make_settings(
    scene: Scene, version: str, painted: bytes | None, lens: Lens
) -> Path | list[Path]:
    """The settings' file, and beside it what is painted, if anything is."""
    if not painted:
        return write_settings(scene, lens, version)
    correction = write_png(scene, painted)
    return [write_settings(scene, lens, version, correction), correction]
