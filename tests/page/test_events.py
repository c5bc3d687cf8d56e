"""Events: what may be said in them, and what is said when they fail."""

import errno
import math

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofocus.errors import PhotoError, RequestError
from autofocus.page.events import FAULT, NO_ROOM, STOPPED, never_empty, on, said, sentence_of
from autofocus.page.payloads import Choice, Nothing, Pick, check_payload, check_value
from autofocus.page.visits import LeftError
from autofocus.render import RenderCancelled

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(anything)
@settings(max_examples=100, deadline=None)
def test_a_click_is_two_fractions_or_a_sentence(told):
    try:
        pick = check_payload(Pick, told)
    except RequestError as error:
        assert str(error).endswith(".")
    else:
        assert 0 <= pick["x"] <= 1 and 0 <= pick["y"] <= 1


@given(st.dictionaries(st.sampled_from(["x", "y", "index", "value"]), anything))
@settings(max_examples=100, deadline=None)
def test_no_model_lets_through_what_it_does_not_say(told):
    for model in (Pick, Choice, Nothing):
        try:
            found = check_payload(model, told)
        except RequestError:
            continue
        assert set(found) <= set(model.model_fields)
        for name, value in found.items():
            assert isinstance(value, int | float | bool) or name == "value" and value is None


@pytest.mark.parametrize("index", [0, 99])
def test_a_choice_is_a_number_of_the_row(index):
    assert check_payload(Choice, {"index": index, "value": "x" * 10_000})["value"] is None


CONTROLS = [
    (gr.Slider(0, 1, 0.5, label="Focus"), lambda value: 0 <= value <= 1),
    (gr.Number(2, minimum=1, maximum=64, label="f_stop"), lambda value: 1 <= value <= 64),
    (gr.Number(None, minimum=0, maximum=1, label="range"), lambda v: v is None or 0 <= v <= 1),
    (gr.Dropdown([0, 5, 6], value=0, label="blades"), lambda value: value in (0, 5, 6)),
    (gr.Dropdown(["a", "b"], value=None, label="version"), lambda v: v in ("a", "b", None)),
    (
        gr.Dropdown(["a", "b"], value=["a"], multiselect=True, max_choices=2, label="versions"),
        lambda value: set(value) <= {"a", "b"} and len(value) <= 2,
    ),
    (gr.Checkbox(False, label="invert"), lambda value: isinstance(value, bool)),
    (gr.Textbox("auto", label="focus", max_length=20), lambda value: len(value) <= 20),
    (gr.File(label="photo"), lambda value: value is None or value["path"]),
]


@pytest.mark.parametrize(("control", "fits"), CONTROLS, ids=lambda part: getattr(part, "label", ""))
@given(told=anything)
@settings(max_examples=50, deadline=None)
def test_a_control_sends_what_fits_it_or_a_sentence_is_said(control, fits, told):
    try:
        value = check_value(control, told)
    except RequestError as error:
        assert str(error).endswith(".") and control.label in str(error)
    else:
        assert fits(value)
        assert not isinstance(value, float) or math.isfinite(value)


def test_a_whole_number_with_a_point_is_the_choice_itself():
    blades = check_value(CONTROLS[3][0], 5.0)
    assert blades == 5 and isinstance(blades, int)


def test_an_error_is_said_in_the_line_of_status():
    with gr.Blocks():
        status = gr.HTML(elem_id="compare-status")
    (text,) = said(PhotoError("It is <none>."), status).values()
    assert "It is &lt;none&gt;." in text and 'role="alert"' in text
    with pytest.raises(PhotoError):
        said(PhotoError("It is none."), None)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RequestError("So."), "So."),
        (OSError(errno.ENOSPC, "/a/path"), NO_ROOM),
        (OSError(errno.EACCES, "/a/path"), FAULT),
        (RenderCancelled(), STOPPED),
        (LeftError(), STOPPED),
        (KeyError("/a/path"), FAULT),
    ],
)
def test_what_may_be_told_of_an_error(error, sentence):
    assert sentence_of(error) == sentence


def test_a_fault_of_ours_is_not_made_a_sentence_in_silence():
    with pytest.raises(OSError, match="denied"):
        said(OSError(errno.EACCES, "denied"), gr.HTML(elem_id="status", render=False))


def test_a_handler_that_fails_in_between_keeps_what_it_has_shown():
    status = gr.HTML(elem_id="status", render=False)

    def steps():
        yield {"a": 1}
        raise OSError(errno.ENOSPC, "full")

    first, last = never_empty(steps, status)()
    assert first == {"a": 1} and NO_ROOM in last[status]


def test_every_event_with_data_has_a_model(page):
    for event in page.demo.fns.values():
        hints = list(getattr(event.fn, "__annotations__", {}).values())
        if gr.EventData in hints:
            assert event.fn.payload is not None, event.name


def test_what_is_wired_is_private():
    with gr.Blocks() as page:
        button, status = gr.Button(), gr.HTML(elem_id="status")
        on(button.click, lambda: {status: ""}, [], [status])
    assert [event.api_visibility for event in page.fns.values()] == ["private"]
