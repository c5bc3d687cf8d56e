"""The table of the lens's controls."""

from dataclasses import fields

import pytest

from autofocus.focus import Focus
from autofocus.page.controls import CONTROLS, F_STOPS, default_lens, lens_of
from autofocus.render import Lens

BY_FIELD = {control.field: control for control in CONTROLS}


def test_every_control_sets_a_field_of_the_lens():
    names = {field.name for field in fields(Lens)}
    assert set(BY_FIELD) <= names and len(BY_FIELD) == len(CONTROLS)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.field)
def test_each_component_begins_on_the_lenss_default(control):
    component = control.make()
    assert control.to_lens(component.value) == getattr(Lens(), control.field)
    assert component.elem_id == control.id


@pytest.mark.parametrize("f_stop", F_STOPS)
def test_f_stops_are_counted_there_and_back(f_stop):
    control = BY_FIELD["f_stop"]
    assert control.to_lens(control.to_component(f_stop)) == f_stop


def test_values_travel_by_name():
    lens = lens_of(blades=6, f_stop=0, focus=0.25, cats_eye=0.5)
    assert lens == Lens(focus=0.25, f_stop=16, blades=6, cats_eye=0.5)


@pytest.mark.parametrize(
    "values",
    [{"focus": 1.5}, {"focus": float("nan")}, {"f_stop": 99}, {"f_stop": -1}, {"spherical": -2}],
)
def test_values_out_of_range_are_refused(values):
    with pytest.raises(ValueError):
        lens_of(**values)


def test_opening_a_photo_keeps_what_the_visitor_chose():
    focus = Focus(0.7, "median", 10, 0.1)
    chosen = Lens(f_stop=1.4, blades=6, highlights=0.5, spherical=-1)
    lens = default_lens(focus, chosen)
    assert (lens.focus, lens.focus_range) == (0.7, 0.1)
    assert (lens.f_stop, lens.blades, lens.highlights, lens.spherical) == (1.4, 6, 0.5, -1)
