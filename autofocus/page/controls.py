"""The lens's controls, declared once: to add one, add a row to `CONTROLS`.

A row names the field of `render.Lens`, its component and where it stands. Everything else (layout,
events, scripts, downloads) reads this table, and the values travel as one `Lens`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from inspect import isgeneratorfunction

import gradio as gr
from gradio.components import Component

from autofocus.errors import RequestError
from autofocus.focus import CAUTIOUS_F_STOP, Focus
from autofocus.lens.lens import BLADES, Lens
from autofocus.page.events import on

F_STOPS = (16, 14, 13, 11, 10, 9, 8, 7.1, 6.3, 5.6, 5, 4.5, 4, 3.5, 3.2, 2.8, 2.5, 2.2, 2, 1.8)
F_STOPS += (1.6, 1.4)  # in third stops, as lenses are engraved
SHAPES = [(f"{number} blades" if number else "Round", number) for number in BLADES]
DEFAULT = Lens()


@dataclass(frozen=True)
class Control:
    """One field of the lens and the component that sets it."""

    field: str
    label: str
    group: str  # where `refocus_tab` lays it out: "focus", "lens", "bokeh", "more"
    low: float = 0
    high: float = 1
    step: float = 0.05
    stops: tuple[float, ...] = ()  # a slider that counts these
    choices: tuple[tuple[str, int], ...] = ()  # a list instead of a slider
    bare: bool = False  # without Gradio's label and number: the page has its own

    @property
    def id(self) -> str:
        """The component's name on the page."""
        return self.field.replace("_", "-")

    def make(self) -> Component:
        """The component, on the lens's default."""
        value = self.to_component(getattr(DEFAULT, self.field))
        named = {"label": self.label, "elem_id": self.id, "min_width": 130}
        if self.choices:
            return gr.Dropdown(list(self.choices), value=value, **named)
        low, high, step = (0, len(self.stops) - 1, 1) if self.stops else self.limits
        bare = {"container": False, "elem_classes": "bare"} if self.bare else {}
        return gr.Slider(low, high, value, step=step, buttons=[], **named, **bare)

    @property
    def limits(self) -> tuple[float, float, float]:
        """Lowest, highest and step."""
        return self.low, self.high, self.step

    def to_component(self, value: float) -> float:
        """The component's value for a value of the lens."""
        if not self.stops:
            return value
        return min(range(len(self.stops)), key=lambda k: abs(self.stops[k] - value))

    def to_lens(self, value: float) -> float:
        """The lens's value for the component's.

        Raises:
            RequestError: the component cannot have this value.

        """
        if self.choices:
            return int(value)
        value = float(value)
        if self.stops:
            if not 0 <= value < len(self.stops):
                raise RequestError(f"{self.label} has no stop {value:g}.")
            return self.stops[int(value)]
        if not self.low <= value <= self.high:
            raise RequestError(f"{self.label} goes from {self.low:g} to {self.high:g}.")
        return value


CONTROLS = (
    Control("focus", "Focus", "focus", step=0.001, bare=True),
    Control("focus_range", "Focus range", "focus", step=0.001, bare=True),
    Control("f_stop", "Aperture", "lens", stops=F_STOPS, bare=True),
    Control("blades", "Bokeh", "bokeh", choices=tuple(SHAPES)),
    Control("highlights", "Highlights", "bokeh"),
    Control("cats_eye", "Cat’s eye", "more"),
    Control("spherical", "Soap bubble to creamy", "more", low=-1),
)


class LensControls:
    """The components of one page that set the lens, by field."""

    def __init__(self) -> None:
        self.by_field: dict[str, Component] = {}

    def lay_out(self, group: str) -> None:
        """Make the components of a group, where this is called."""
        for control in CONTROLS:
            if control.group == group:
                self.by_field[control.field] = control.make()

    def __getitem__(self, field: str) -> Component:
        return self.by_field[field]

    def wire(self) -> None:
        """Each control tells the page's script when it is moved, let go, and set by the server."""
        for control in CONTROLS:
            component = self.by_field[control.field]
            for event in ("input", "release", "change"):
                if trigger := getattr(component, event, None):
                    call = f"(value) => window.autofocus.page.{event}('{control.field}', value)"
                    trigger(None, [component], None, js=call)

    def on(
        self, trigger: Callable, handler: Callable, inputs: list, outputs: list, **options: object
    ) -> gr.events.Dependency:
        """Wire a handler whose last argument is the `Lens` that the controls describe."""
        fields = list(self.by_field)
        components = list(self.by_field.values())

        def call(*values):  # noqa: ANN202
            mine, lens = values[: -len(fields)], values[-len(fields) :]
            return handler(*mine, lens_of(**dict(zip(fields, lens, strict=True))))

        def generate(*values):  # noqa: ANN202
            yield from call(*values)

        taking = generate if isgeneratorfunction(handler) else call
        return on(trigger, taking, [*inputs, *components], outputs, **options)

    def show(self, lens: Lens) -> dict:
        """What changes on the page so that the controls describe this lens."""
        values = component_values(lens)
        return {component: values[field] for field, component in self.by_field.items()}


def lens_of(**by_field: float) -> Lens:
    """The lens of the components' values; RequestError if one of them is out of its range."""
    return Lens(
        **{
            control.field: control.to_lens(by_field[control.field])
            for control in CONTROLS
            if control.field in by_field
        }
    )


def component_values(lens: Lens) -> dict[str, float]:
    """The components' values, by field, that come nearest to a lens."""
    return {
        control.field: control.to_component(getattr(lens, control.field)) for control in CONTROLS
    }


def nearest_lens(lens: Lens) -> Lens:
    """The lens that the controls make of another; RequestError if it is out of their range."""
    return lens_of(**component_values(lens))


def default_lens(focus: Focus, lens: Lens) -> Lens:
    """The lens with which a photo is shown first: the visitor's own, with the photo's focus.

    The aperture is the photo's default as well, unless the visitor has chosen another.
    """
    fields = {"f_stop": DEFAULT.f_stop} | focus.lens
    if lens.f_stop not in (DEFAULT.f_stop, CAUTIOUS_F_STOP):
        fields["f_stop"] = lens.f_stop
    return replace(lens, **fields)


def for_scripts() -> dict:
    """What the scripts know of the controls."""
    return {
        control.field: {
            "id": control.id,
            "stops": control.stops,
            "listed": bool(control.choices),
            "default": getattr(DEFAULT, control.field),
        }
        for control in CONTROLS
    }
