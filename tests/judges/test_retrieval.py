import numpy as np
import pytest

from llmvis.errors import DataError
from llmvis.judges.retrieval import r_precision, recall_at

TEXTS = [f"caption {n}" for n in range(8)]


def test_pairs_that_are_closest_are_found():
    assert recall_at(1, np.eye(8), np.eye(8), TEXTS).all()
    assert r_precision(np.eye(8), np.eye(8), TEXTS, seed=0).all()


def test_pairs_out_of_order_are_not_found():
    shuffled = np.roll(np.eye(8), 1, axis=0)
    assert not recall_at(1, shuffled, np.eye(8), TEXTS).any()
    assert not r_precision(shuffled, np.eye(8), TEXTS, seed=0).any()


def test_a_judge_that_says_the_same_of_all_finds_nothing():
    same = np.ones((8, 4)) / 2
    assert not recall_at(5, same, same, TEXTS).any()
    assert not r_precision(same, same, TEXTS, seed=0).any()


def test_a_picture_with_an_equal_caption_is_as_right_as_its_own():
    pictures = np.array([[0.0, 1.0], [1.0, 0.0], [0.7, 0.7]])
    captions = np.array([[1.0, 0.0], [1.0, 0.0], [0.7, 0.7]])
    found = recall_at(1, pictures, captions, ["a bell", "a bell", "a cat"])
    assert found.tolist() == [True, True, True]


def test_the_second_nearest_counts_among_five():
    pictures = np.eye(6)
    captions = np.eye(6) + 2 * np.roll(np.eye(6), 1, axis=1)
    assert not recall_at(1, pictures, captions, TEXTS[:6]).any()
    assert recall_at(5, pictures, captions, TEXTS[:6]).all()


def test_a_split_of_one_picture_is_refused():
    with pytest.raises(DataError, match="always right and tells nothing"):
        recall_at(1, np.ones((1, 4)), np.ones((1, 4)), ["a cat"])
