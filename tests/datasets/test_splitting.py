"""Where groups of examples go, by the names of their pictures and captions alone."""

import numpy as np
import pandas as pd
import pytest

from llmvis.datasets.splitting import SPLITS, UNKNOWN, assign, read_earlier
from llmvis.errors import DataError

TRAIN, VALIDATION, TEST = range(len(SPLITS))
rng = np.random.default_rng(0)
FAR_APART = rng.integers(0, 256, (300, 64), np.uint8)
NAMES = rng.integers(0, 2**64, (2, 300), np.uint64)


def split(looks, earlier=(), given=()):
    def all_of(known):
        return np.array([*known, *[UNKNOWN] * (len(looks) - len(known))])

    pictures, captions = NAMES[:, : len(looks)]
    return assign(
        pictures,
        np.array(looks),
        captions=captions,
        given=all_of(given),
        earlier=all_of(earlier),
    )


@pytest.mark.parametrize("side", [VALIDATION, TEST])
def test_what_looks_like_an_earlier_example_goes_to_its_split(side):
    looks = FAR_APART[[0, 1, 2, 0, 1]]

    done = split(looks, earlier=[side, TRAIN, TRAIN])

    assert done.split.tolist()[3:] == [side, TRAIN]
    assert done.group[0] == done.group[3] != done.group[1] == done.group[4]


def test_what_joins_two_earlier_examples_moves_neither():
    left, right = FAR_APART[0].copy(), FAR_APART[0].copy()
    left[0] ^= 0b0000_1111
    right[0] ^= 0b1111_0000  # eight bits from the left one, four from what is between
    looks = [left, right, *FAR_APART[1:9], FAR_APART[0]]
    earlier = [TRAIN, TEST, VALIDATION, *[TRAIN] * 7]

    done = split(looks, earlier)

    assert done.split.tolist() == [*earlier, TEST]
    assert done.alike.tolist() == [True, *[False] * 10]
    assert done.group[0] != done.group[1] == done.group[-1]


def test_a_split_that_the_source_states_comes_before_an_earlier_one():
    done = split(
        FAR_APART[:4],
        earlier=[TRAIN, TEST, TEST, TEST],
        given=[TEST, TRAIN, VALIDATION, TRAIN],
    )

    assert done.split.tolist() == [TEST, TRAIN, VALIDATION, TRAIN]


@pytest.mark.parametrize("count", range(3, 300, 9))
def test_every_split_has_something_whatever_chance_says(count):
    assert set(split(FAR_APART[:count]).split.tolist()) == {TRAIN, VALIDATION, TEST}


def test_earlier_examples_of_another_kind_are_refused(tmp_path):
    pd.DataFrame({"example_id": ["number 7"]}).to_parquet(tmp_path / "train.parquet")

    with pytest.raises(DataError, match=r"train\.parquet says in which split"):
        read_earlier(tmp_path, NAMES[0])
