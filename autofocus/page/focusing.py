"""The lens on the page: rendered by the browser, or by the server where that is impossible."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import gradio as gr

from autofocus.errors import RequestError
from autofocus.focus import Focus, focus_at
from autofocus.page import payloads
from autofocus.page.controls import F_STOPS
from autofocus.page.correction import png_of, read_painted
from autofocus.page.events import on
from autofocus.page.limits import read_upload
from autofocus.page.reason import reason
from autofocus.page.session import DRAGGED, Scene, refocused
from autofocus.page.text import GONE, note
from autofocus.page.visit import Visit
from autofocus.photo import PREVIEW, to_bytes
from autofocus.render import Lens
from autofocus.view import colour_depth, overlay_saliency
from autofocus.viewer import TileData, ViewerData, tile_data

if TYPE_CHECKING:
    from autofocus.page.refocus_tab import RefocusTab

# Where the script of the page is told of a control that is not the lens's.
WIDEST = Lens(focus=0.0, f_stop=min(F_STOPS))  # a tile for it holds for every other lens
TELL = "(value) => window.autofocus.page.{name}(value)"


class Focusing:
    """Renders the photo when the lens changes.

    Handlers return what changes, by component; what is asked for last is what stays.
    """

    def __init__(self, page: "RefocusTab") -> None:
        self.page = page

    def wire(self) -> None:
        """The browser follows the controls by itself; where it cannot, the server is asked."""
        page = self.page
        page.lens.wire()
        page.palette.input(None, [page.palette], None, js=TELL.format(name="setPalette"))
        page.peaking.input(None, [page.peaking], None, js=TELL.format(name="setPeaking"))
        page.subject_on.input(None, [page.subject_on], None, js=TELL.format(name="setSubjectOn"))
        page.brush.click(None, js="() => window.autofocus.page.brush()")
        page.auto.click(None, js="() => window.autofocus.page.auto()")
        page.pull.click(None, js="() => window.autofocus.page.pull()")
        self.wire_server()

    def wire_server(self) -> None:
        """What is asked for where the browser cannot render."""
        page, limits = self.page, {"concurrency_id": "lens", "concurrency_limit": 2}
        asked = [page.visit, page.scene, page.correction]
        rendered = [page.refocused, page.status]
        page.lens.on(page.frame.drag, self.drag, asked, rendered, **limits)
        page.lens.on(page.frame.rest, self.rest, asked, rendered, **limits)
        focused = [page.lens["focus"], page.lens["focus_range"], page.reason, page.status]
        picked = on(
            page.frame.click, self.pick, [page.scene], focused, payload=payloads.Pick, queue=False
        )
        page.lens.on(picked.success, self.rest, asked, rendered, **limits)
        maps = [page.depth, page.subject]
        on(page.frame.recolour, self.recolour, [page.scene, page.palette], maps)
        page.lens.on(
            page.viewer.unsupported,
            self.take_over,
            [*asked, page.palette],
            [*rendered, *maps, page.photo],
            **limits,
        )
        painted = [page.correction, page.status]
        on(
            page.viewer.corrected,
            self.keep_correction,
            [page.live],
            painted,
            payload=payloads.Painted,
        )
        on(
            page.viewer.tile,
            self.show_tile,
            [page.scene, page.live],
            [page.viewer],
            payload=payloads.Tile,
            **limits,
        )
        on(page.viewer.supported, self.hand_back, [page.visit], [])

    def take_over(
        self, visit: Visit, scene: Scene | None, painted: bytes | None, palette: str, lens: Lens
    ) -> Iterator[dict]:
        """The browser cannot render (any longer)."""
        visit.live = False
        if scene is None:
            return
        yield self.other_views(scene, palette)
        yield from self.rest(visit, scene, painted, lens)

    def show_tile(self, event: gr.EventData, scene: Scene | None, live: ViewerData | None) -> dict:
        """The part of the photo that the visitor has zoomed into, at its full resolution."""
        if scene is None or live is None or event.run != live.run:
            return {self.page.viewer: gr.skip()}
        return {self.page.viewer: live.model_copy(update={"tile": tile_of(scene, event.box)})}

    def keep_correction(self, event: gr.EventData, live: ViewerData | None) -> dict:
        """What was painted goes into the downloads."""
        if live is None or event.run != live.run:
            return {self.page.correction: None}
        try:
            return {self.page.correction: png_of(event.png)}
        except RequestError as error:
            return {self.page.status: note(str(error), "error")}

    def hand_back(self, visit: Visit) -> None:
        """The browser renders again."""
        visit.live = True

    def other_views(self, scene: Scene, palette: str) -> dict:
        """The views of a photo beside the refocused one."""
        return self.recolour(scene, palette) | {self.page.photo: to_bytes(scene.photo)}

    def recolour(self, scene: Scene | None, palette: str) -> dict:
        """Depth in colours, and the subject in red over it."""
        if scene is None:
            return {self.page.depth: gr.skip()}
        colours = colour_depth(scene.depth, palette)
        subject = overlay_saliency(colours, scene.saliency)
        return {self.page.depth: to_bytes(colours), self.page.subject: to_bytes(subject)}

    def drag(self, visit: Visit, scene: Scene | None, painted: bytes | None, lens: Lens) -> dict:
        """Follow the pointer in a smaller image; the one that is asked for at rest comes later."""
        if scene is None:
            return self.say_gone()
        if visit.rested == lens:
            return {self.page.refocused: gr.skip()}
        number = visit.take(None)
        pixels = refocused(scene, lens, DRAGGED, read_painted(painted))
        if visit.renderings != number:
            return {self.page.refocused: gr.skip()}
        return {self.page.refocused: to_bytes(pixels)}

    def rest(
        self, visit: Visit, scene: Scene | None, painted: bytes | None, lens: Lens
    ) -> Iterator[dict]:
        """The pointer rests: render quickly, then in detail, unless more is asked for meanwhile."""
        if scene is None:
            yield self.say_gone()
            return
        number, correction = visit.take(lens), read_painted(painted)
        sizes = (DRAGGED, PREVIEW) if max(scene.depth.shape) > DRAGGED else (PREVIEW,)
        for long_side in sizes:
            pixels = refocused(scene, lens, long_side, correction)
            if visit.renderings != number:
                return
            classes = classes_of(lens) if long_side == PREVIEW else []
            yield {self.page.refocused: gr.update(value=to_bytes(pixels), elem_classes=classes)}

    def say_gone(self) -> dict:
        """What there is to say when the photo is not kept any longer."""
        return {self.page.status: note(GONE, "error")}

    def pick(self, event: gr.EventData, scene: Scene | None) -> dict:
        """Focus on what was clicked."""
        if scene is None:
            return self.say_gone()
        focus = focus_under(scene, event.x, event.y)
        return {
            self.page.lens["focus"]: focus.depth,
            self.page.lens["focus_range"]: focus.range,
            self.page.reason: reason(focus, scene.focus),
        }


def tile_of(scene: Scene, box: list[float]) -> TileData:
    """A part of a photo (left, top, right, bottom, fractions of its sides) for the viewer."""
    pixels = read_upload(scene.source).pixels
    maps = scene.full_depth(), scene.full_saliency()
    return tile_data(pixels, *maps, tuple(box), scene.folder, WIDEST)


def classes_of(lens: Lens) -> list[str]:
    """Marks an image in full detail with what it was rendered for, so that a script can tell."""
    return ["rested", f"focus-{round(1000 * lens.focus)}", f"f-{lens.f_stop:g}".replace(".", "-")]


def focus_under(scene: Scene, x: float, y: float) -> Focus:
    """The focus at (x, y), fractions of the image's sides; the reason names the photo's pixel."""
    height, width = scene.depth.shape
    focus = focus_at(scene.depth, int(x * width), int(y * height))
    return replace(focus, reason=f"picked at {int(x * scene.size[1])}, {int(y * scene.size[0])}")
