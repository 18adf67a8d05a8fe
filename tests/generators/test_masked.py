"""Many positions at a time: what is hidden is not seen, and every position is drawn."""

import numpy as np
import pytest

from llmvis.generators.masked import _kept_after


@pytest.fixture
def network(build):
    return build("masked", "transformer")


def test_a_hidden_position_is_not_seen_and_others_are(network):
    inputs = {
        "token_ids": np.array([[1, 4, 5, 2, 0, 0]], "int32"),
        "codes": np.zeros((1, 4, 4, 12), "int32"),
    }
    plain = network(inputs)
    hidden = np.asarray(plain["hidden"])[0]
    assert 0 < hidden.sum() < 16

    for is_hidden in (True, False):
        place = np.flatnonzero(hidden == is_hidden)[0]
        changed = inputs["codes"].copy()
        changed[0, place // 4, place % 4, 11] = 4  # the last digit tells no other
        other = network({**inputs, "codes": changed})
        moved = np.abs(np.asarray(other["logits"]) - np.asarray(plain["logits"]))
        assert (moved.max() > 1e-4) == (not is_hidden)


def test_other_positions_are_hidden_at_every_step_of_training(network):
    inputs = {
        "token_ids": np.array([[1, 4, 5, 2, 0, 0]] * 8, "int32"),
        "codes": np.zeros((8, 4, 4, 12), "int32"),
    }
    first, second = (
        np.asarray(network(inputs, training=True)["hidden"]) for _ in range(2)
    )
    assert not np.array_equal(first, second)
    assert len(set(first.sum(axis=1).tolist())) > 3  # of each picture another share


@pytest.mark.parametrize(("length", "num_steps"), [(18, 12), (64, 8), (5, 9), (1, 1)])
def test_each_step_keeps_more_and_the_last_all(length, num_steps):
    kept, steps = _kept_after(length, num_steps)
    kept = np.asarray(kept)

    assert len(kept) == steps == min(length, num_steps)
    assert kept[0] >= 1
    assert np.all(np.diff(kept) >= 1)
    assert kept[-1] == length
