"""Damaged inputs of every kind; `make soak` reads ten thousand of them."""

from tests.soak.damage import read_damaged


def test_damaged_inputs_get_an_answer_or_a_sentence():
    assert read_damaged(400, seed=1) == []
