"""What a browser or a program may say, by type and range, before any of it is used.

The data of an event is a model here. What a component sends must fit that component. Everything
else is refused with one sentence.
"""

import math
from typing import Annotated, Any

import gradio as gr
from gradio.blocks import BlockFunction
from gradio.state_holder import SessionState
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from autofocus.errors import RequestError

MOST_TEXT = 2000  # characters of what is typed
MOST_KEPT = 64  # characters that a browser keeps for us
MOST_PAINTED = 8_000_000  # characters of a correction
MOST_FILES = 100  # of one choice
FILES = (gr.File, gr.UploadButton, gr.DownloadButton, gr.Image, gr.Video, gr.Gallery)

Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]


class Payload(BaseModel):
    """The data of an event; what it does not name is dropped."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class Pick(Payload):
    """A click on the image."""

    x: Fraction  # of the width, from the left
    y: Fraction  # of the height, from the top


class Tile(Payload):
    """The part of a photo that a visitor has zoomed into."""

    run: Annotated[str, Field(max_length=64)]
    box: tuple[Fraction, Fraction, Fraction, Fraction]  # left, top, right, bottom


class Painted(Payload):
    """What was painted on a photo, as a data URL; None if nothing is left of it."""

    run: Annotated[str, Field(max_length=64)]
    png: Annotated[str, Field(max_length=MOST_PAINTED)] | None = None


class Choice(Payload):
    """One of a row of images."""

    index: Annotated[int, Field(ge=0, lt=MOST_FILES, strict=True)]
    value: Any = None  # what is in it: Gradio wants it there, and we drop it
    selected: bool = True


class Nothing(Payload):
    """An event without data."""


def check_payload(model: type[Payload], data: Any) -> dict:
    """The data of an event, in the model's types; RequestError says what does not fit."""
    try:
        checked = model.model_validate(data if data is not None else {})
    except ValidationError as error:
        raise RequestError(sentence_of(error)) from None
    values = checked.model_dump()
    return values | {"value": None} if "value" in values else values


def sentence_of(error: ValidationError) -> str:
    """The first thing that does not fit."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = ".".join(map(str, first["loc"])) or "What was sent"
    message = first["msg"].replace("Input should", "should").removesuffix(".")
    if message.startswith("should"):
        return f"“{name}” {message}."
    return f"“{name}” does not fit: {message[:1].lower()}{message[1:]}."


def check_inputs(event: BlockFunction, values: list, session: SessionState | None) -> list:
    """What the event's components send, each checked by its own rule.

    Raises:
        RequestError: in words of the component's label.

    """
    if len(values) != len(event.inputs):
        raise RequestError(f"{len(event.inputs)} values belong to this, not {len(values)}.")
    return [
        check_value(current(component, session), value)
        for component, value in zip(event.inputs, values, strict=True)
    ]


def current(component: gr.blocks.Block, session: SessionState | None) -> gr.blocks.Block:
    """The component as this visitor has it: its choices may have changed."""
    if session is None or component.stateful or component._id not in session:
        return component
    return session[component._id]


def check_value(component: gr.blocks.Block, value: Any) -> Any:
    """A value that fits the component; RequestError if it does not."""
    if component.stateful:
        return None  # the server has it
    for kinds, check in CHECKS:
        if isinstance(component, kinds):
            return check(component, value)
    return check_small(component, value)


def check_number(component: gr.Slider | gr.Number, value: Any) -> float | None:
    """A finite number in the component's range; None where it began as None."""
    if value is None and component.value is None:
        return None
    least, most = component.minimum, component.maximum
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or (least is not None and value < least) or (most is not None and value > most):
        ends = [f"{end:g}" for end in (least, most) if end is not None]
        between = f" from {ends[0]} to {ends[1]}" if len(ends) == 2 else ""
        raise RequestError(f"“{component.label}” must be a number{between}.")
    return value


def check_choice(component: gr.Dropdown | gr.Radio, value: Any) -> Any:
    """One of the choices, or several where that is allowed; None where it began as None."""
    choices = [choice for _, choice in component.choices]
    if getattr(component, "multiselect", False):
        if not isinstance(value, list) or len(value) > (component.max_choices or MOST_FILES):
            most = f"at most {component.max_choices} " if component.max_choices else ""
            raise RequestError(f"“{component.label}” must be {most}of its choices.")
        return [one_of(component, choices, each) for each in value]
    if value is None and (component.value is None or not choices):
        return None
    return one_of(component, choices, value)


def one_of(component: gr.Dropdown | gr.Radio, choices: list, value: Any) -> Any:
    """The choice that equals the value: 5 for 5.0."""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        for choice in choices:
            if choice == value:
                return choice
    names = ", ".join(map(str, choices[:10])) or "nothing: there is no choice"
    raise RequestError(f"“{component.label}” must be one of these: {names}.")


def check_text(component: gr.Textbox | gr.HTML, value: Any) -> str:
    """Text that is not too long; none is the empty one."""
    most = getattr(component, "max_length", None) or MOST_TEXT
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise RequestError(f"“{component.label}” must be text of at most {most} characters.")
    return value


def check_switch(component: gr.Checkbox, value: Any) -> bool:
    """On or off."""
    if not isinstance(value, bool):
        raise RequestError(f"“{component.label}” must be on or off.")
    return value


def check_files(component: gr.blocks.Block, value: Any) -> Any:
    """A file that was uploaded, several, or none; where it lies was checked at the door."""
    several = value if isinstance(value, list) else [value]
    one = value is None or is_file(value)
    some = isinstance(value, list) and len(value) <= MOST_FILES and all(map(is_file, several))
    if not (one or (some and getattr(component, "file_count", "multiple") != "single")):
        raise RequestError(f"“{component.label}” must be a file that was uploaded here before.")
    return value


def is_file(value: Any) -> bool:
    """Whether this is what Gradio calls a file."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("path"), str)
        and value.get("meta") == {"_type": "gradio.FileData"}
    )


def check_kept(component: gr.BrowserState, value: Any) -> str:
    """A word that the browser has kept for us; none is the empty one."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MOST_KEPT:
        raise RequestError("This browser sends something else than it was given. Clear its data.")
    return value


def check_small(component: gr.blocks.Block, value: Any) -> Any:
    """Nothing, or something flat."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str) and len(value) <= MOST_TEXT:
        return value
    raise RequestError("This control sends no such value.")


CHECKS = (
    (FILES, check_files),
    ((gr.Slider, gr.Number), check_number),
    ((gr.Dropdown, gr.Radio), check_choice),
    ((gr.Checkbox,), check_switch),
    ((gr.Textbox,), check_text),
    ((gr.BrowserState,), check_kept),
)
