"""Files that the page hands out; each is made when it is asked for."""

from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr

from autofocus.focus_pull import PULL, RATE
from autofocus.page.events import on
from autofocus.page.layout import STATIC, Layout, lens_of
from autofocus.page.session import (
    FORMATS,
    Scene,
    write_depth_map,
    write_film,
    write_refocused,
    write_saliency_map,
    write_settings,
)
from autofocus.page.text import GONE, HINT, MAKING, note

FRAMES = round(RATE * PULL)
PULLED = "(...inputs) => [...inputs.slice(0, -1), window.autofocusPage.pulledFrom()]"
SAVE = (STATIC / "save.js").read_text(encoding="utf-8")


class Downloads:
    """The refocused photo at full size, its maps, its settings."""

    def __init__(self, page: Layout) -> None:
        self.page = page

    def wire(self) -> None:
        """Files are made when they are asked for, and then handed over."""
        inputs = [self.page.scene, *self.page.settings]
        for button, make, more in (
            (self.page.save_film, self.make_film, [self.page.start]),
            (self.page.save, self.make_photo, [self.page.format]),
            (self.page.save_depth, lambda scene, *_: write_depth_map(scene), []),
            (self.page.save_subject, lambda scene, *_: write_saliency_map(scene), []),
            (self.page.save_settings, self.make_settings, [self.page.version]),
        ):
            made = on(
                button.click,
                self.hand_over(make),
                inputs + more,
                [self.page.file, self.page.status],
                js=PULLED if button is self.page.save_film else None,
                concurrency_id="export",
                concurrency_limit=1,
                show_progress="minimal",
                show_progress_on=self.page.status,
            )
            made.success(fn=None, inputs=[self.page.file], js=SAVE)

    def hand_over(self, make: Callable[..., Path]) -> Callable[..., Iterator[dict]]:
        """A handler that has a file made, and says so meanwhile."""

        def handle(scene: Scene | None, *settings) -> Iterator[dict]:
            if scene is None:
                yield {self.page.file: None, self.page.status: note(GONE, "error")}
                return
            yield {self.page.file: None, self.page.status: note(MAKING)}
            yield {self.page.file: str(make(scene, *settings)), self.page.status: note(HINT)}

        return handle

    def make_photo(self, scene: Scene, *settings) -> Path:
        """The refocused photo at full size."""
        *lens, name = settings
        return write_refocused(scene, lens_of(*lens), FORMATS[name])

    def make_film(self, scene: Scene, *settings) -> Path:
        """The focus pulled from where it was before to where it is."""
        *lens, start = settings
        progress = gr.Progress()
        frames = iter(progress.tqdm(range(FRAMES), desc="Film"))
        return write_film(scene, lens_of(*lens), min(max(start, 0), 1), lambda: next(frames, None))

    def make_settings(self, scene: Scene, *settings) -> Path:
        """The settings' file."""
        *lens, version = settings
        return write_settings(scene, lens_of(*lens), version)
