import numpy as np
import pytest

from llmvis.metrics.retrieval import r_precision, recall_at
from llmvis.metrics.soft_tifa import arithmetic_mean, geometric_mean


def test_one_no_sinks_the_geometric_mean_alone():
    answers = [1.0, 1.0, 1.0, 0.0]

    assert arithmetic_mean(answers) == 0.75
    assert geometric_mean(answers) < 0.05


def test_equal_answers_have_equal_means():
    assert arithmetic_mean([0.8, 0.8]) == pytest.approx(geometric_mean([0.8, 0.8]))


def test_every_picture_finds_a_caption_that_only_it_has():
    assert recall_at(np.eye(6), np.eye(6), k=1).tolist() == [1.0] * 6
    assert r_precision(np.eye(6), np.eye(6), seed=0).tolist() == [1.0] * 6


def test_a_caption_in_second_place_is_found_within_five_but_not_within_one():
    texts = np.eye(6)[[1, 0, 2, 3, 4, 5]]
    blurred = np.eye(6) * 0.9 + np.roll(np.eye(6), 1, axis=1) * 0.1

    assert recall_at(blurred, texts, k=1).tolist() == [0, 0, 1, 1, 1, 1]
    assert recall_at(blurred, texts, k=5)[0] == 1.0


def test_pictures_without_a_link_to_their_captions_win_one_time_in_a_hundred():
    rng = np.random.default_rng(0)
    images, texts = rng.normal(size=(2, 2000, 32))

    assert r_precision(images, texts, seed=0).mean() == pytest.approx(0.01, abs=0.01)
