"""Steps that fit into seconds, on a machine whose pace is known here."""

from dataclasses import replace
from pathlib import Path

import pytest

from flows import time_budget
from llmvis import config

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
NOWHERE = Path("nowhere")


@pytest.fixture
def paces(monkeypatch, tmp_path):
    """Seconds of a step, in the order in which they are asked for."""
    monkeypatch.chdir(tmp_path)
    paces = []
    monkeypatch.setattr(time_budget, "time_one_step", lambda *_: paces.pop(0))
    return paces


def find(made_from="tokens", training=NOWHERE, **changes):
    train = replace(PARAMS.train, num_steps=1000, **changes)
    return time_budget.find(train, NOWHERE, NOWHERE, made_from, training)


def steps(**changes):
    return find(**changes).num_steps


def test_without_a_limit_nothing_is_timed(paces):
    paces += [0.1]

    assert steps(max_seconds=None) == 1000
    assert paces == [0.1]


def test_as_many_steps_as_fit_and_no_more_than_wanted(paces):
    paces += [0.1, 0.1, 100.0]

    assert steps(max_seconds=20.0) == 200
    assert steps(max_seconds=2000.0) == 1000
    assert steps(max_seconds=5.0) == 1


def test_a_training_that_goes_on_keeps_its_steps_and_another_is_timed(paces, tmp_path):
    paces += [0.1, 0.2]
    find(max_seconds=20.0).write(tmp_path)

    assert steps(max_seconds=20.0, training=tmp_path) == 200
    assert steps(max_seconds=20.0, training=tmp_path, made_from="others") == 100
