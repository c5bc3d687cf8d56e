"""The lens on the page: focus by slider, click or default; aperture, bokeh, highlights."""

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr

from autofocus.focus import Focus, focus_at
from autofocus.page.events import on
from autofocus.page.layout import Layout, lens_of
from autofocus.page.payloads import Pick
from autofocus.page.session import DRAGGED, Scene, histogram_svg, refocused
from autofocus.page.text import GONE, note, sentence, why
from autofocus.page.visit import Visit
from autofocus.photo import PREVIEW, to_bytes
from autofocus.render import Lens
from autofocus.view import colour_depth, overlay_saliency


class Focusing:
    """Takes the photo again when the lens changes.

    Handlers return what changes, by component; what is asked for last is what stays.
    """

    def __init__(self, page: Layout) -> None:
        self.page = page

    def wire(self) -> None:
        """The browser's own lens follows the controls; where there is none, the server is asked."""
        for trigger, component, name in (
            (self.page.focus.input, self.page.focus, "moved"),
            (self.page.focus.release, self.page.focus, "rested"),
            (self.page.stop.input, self.page.stop, "opened"),
            (self.page.blades.input, self.page.blades, "bladed"),
            (self.page.highlights.input, self.page.highlights, "lit"),
            (self.page.highlights.release, self.page.highlights, "litAtRest"),
            (self.page.palette.input, self.page.palette, "coloured"),
            (self.page.peaking.input, self.page.peaking, "peaked"),
            (self.page.auto.click, None, "auto"),
            (self.page.pull.click, None, "pull"),
        ):
            call = f"(value) => {{ window.autofocusPage.{name}(value); }}"
            trigger(None, [component] if component else [], None, js=call)
        self.wire_server()

    def wire_server(self) -> None:
        """What is asked for where the browser cannot draw the lens."""
        inputs = [self.page.visit, self.page.scene, *self.page.settings]
        developed = [self.page.refocused, self.page.histogram, self.page.status]
        shown = [*developed, self.page.focus, self.page.reason]
        limits = {"concurrency_id": "lens", "concurrency_limit": 2}
        on(self.page.frame.drag, self.drag, inputs, shown, **limits)
        on(self.page.frame.rest, self.rest, inputs, developed, **limits)
        for trigger, handler in (
            (self.page.frame.auto, self.back_to_default),
            (self.page.frame.click, self.pick),
        ):
            model = Pick if handler == self.pick else None
            focused = on(trigger, handler, [self.page.scene], shown, payload=model, queue=False)
            on(focused.success, self.rest, inputs, developed, **limits)
        maps = [self.page.depth, self.page.subject]
        recolouring = [self.page.scene, self.page.palette]
        on(self.page.frame.recolour, self.recolour, recolouring, maps)
        takeover = [self.page.visit, self.page.scene, self.page.palette, *self.page.settings]
        pictures = [*shown, *maps, self.page.photo]
        on(self.page.viewer.unsupported, self.take_over, takeover, pictures, **limits)
        on(self.page.viewer.supported, self.hand_back, [self.page.visit], [])

    def take_over(
        self, visit: Visit, scene: Scene | None, palette: str, *settings
    ) -> Iterator[dict]:
        """The browser cannot draw the lens (any longer)."""
        visit.live = False
        if scene is None:
            return
        yield self.beside(scene, palette)
        yield from self.rest(visit, scene, *settings)

    def hand_back(self, visit: Visit) -> None:
        """The browser draws the lens again."""
        visit.live = True

    def beside(self, scene: Scene, palette: str) -> dict:
        """The other pictures of a photo, beside the refocused one."""
        return self.recolour(scene, palette) | {self.page.photo: to_bytes(scene.photo)}

    def recolour(self, scene: Scene | None, palette: str) -> dict:
        """Depth in colours, and the subject in red upon it."""
        if scene is None:
            return {self.page.depth: gr.skip()}
        colours = colour_depth(scene.depth, palette)
        subject = overlay_saliency(colours, scene.saliency)
        return {self.page.depth: to_bytes(colours), self.page.subject: to_bytes(subject)}

    def drag(self, visit: Visit, scene: Scene | None, *settings) -> dict:
        """The focus follows the hand in a smaller picture, which no later one may be lost to."""
        lens = lens_of(*settings)
        if scene is None:
            return self.gone()
        if visit.rested == lens:
            return {self.page.reason: gr.skip()}
        number = visit.take(None)
        picture = refocused(scene, lens, DRAGGED)
        if visit.pictures != number:
            return {self.page.reason: gr.skip()}
        return {
            self.page.refocused: to_bytes(picture),
            self.page.histogram: histogram_svg(scene, lens.focus),
            self.page.reason: why("Set by hand."),
        }

    def rest(self, visit: Visit, scene: Scene | None, *settings) -> Iterator[dict]:
        """The hand has come to rest."""
        if scene is None:
            yield self.gone()
            return
        lens = lens_of(*settings)
        yield {self.page.histogram: histogram_svg(scene, lens.focus)}
        yield from self.develop(visit, scene, lens)

    def develop(self, visit: Visit, scene: Scene, lens: Lens) -> Iterator[dict]:
        """The picture, quickly and then in detail, unless another is asked for meanwhile."""
        number = visit.take(lens)
        sizes = (DRAGGED, PREVIEW) if max(scene.depth.shape) > DRAGGED else (PREVIEW,)
        for long_side in sizes:
            picture = refocused(scene, lens, long_side)
            if visit.pictures != number:
                return
            yield {self.page.refocused: gr.update(value=to_bytes(picture), elem_classes=[])}

    def gone(self) -> dict:
        """What there is to say when the photo is not kept any longer."""
        return {self.page.status: note(GONE, "error")}

    def back_to_default(self, scene: Scene | None) -> dict:
        """The focus that the photo came with."""
        return self.gone() if scene is None else self.focused(scene, scene.focus)

    def pick(self, event: gr.EventData, scene: Scene | None) -> dict:
        """Focus on what was clicked."""
        if scene is None:
            return self.gone()
        return self.focused(scene, focus_under(scene, event.x, event.y))

    def focused(self, scene: Scene, focus: Focus) -> dict:
        """What a focus with a reason changes beside the picture."""
        return {
            self.page.histogram: histogram_svg(scene, focus.depth),
            self.page.focus: focus.depth,
            self.page.reason: why(sentence(focus.reason)),
        }


def focus_under(scene: Scene, x: float, y: float) -> Focus:
    """The focus at shares (x, y) of the picture; the reason names the photo's own pixel."""
    height, width = scene.depth.shape
    focus = focus_at(scene.depth, int(x * width), int(y * height))
    return replace(focus, reason=f"picked at {int(x * scene.size[1])}, {int(y * scene.size[0])}")
