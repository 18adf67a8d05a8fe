import numpy as np
import pytest

from llmvis.errors import DataError
from llmvis.metrics.figure import mean_of_clusters, of_halves


def test_the_mean_is_over_all_values_and_n_counts_prompts():
    figure = mean_of_clusters([1.0, 0.0, 1.0, 1.0], ["a", "a", "b", "c"], seed=0)

    assert figure.value == 0.75
    assert figure.n == 3
    assert figure.low <= figure.value <= figure.high


def test_repeating_a_prompt_with_equal_answers_narrows_nothing():
    answers = np.arange(40) % 2
    once = mean_of_clusters(answers, np.arange(40), seed=0)
    repeated = mean_of_clusters(np.repeat(answers, 9), np.repeat(np.arange(40), 9), 0)

    assert (repeated.low, repeated.high) == (once.low, once.high)


def test_the_interval_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        figure = mean_of_clusters(rng.random(100) < 0.7, np.arange(100), seed=trial)
        hits += figure.low <= 0.7 <= figure.high

    assert 180 <= hits <= 199


def test_twenty_right_answers_of_twenty_do_not_promise_a_hundred_percent():
    figure = mean_of_clusters(np.ones(20), np.arange(20), seed=0)

    assert (figure.value, figure.high) == (1.0, 1.0)
    assert figure.low == pytest.approx(1 - 3 / 20)


def test_one_prompt_is_refused_because_it_has_no_interval():
    with pytest.raises(DataError, match="There are 1 prompts"):
        mean_of_clusters([1.0, 0.0], ["a", "a"], seed=0)


def test_a_value_that_is_no_number_is_refused_and_not_averaged_away():
    with pytest.raises(DataError, match="1 of 3 values"):
        mean_of_clusters([1.0, np.nan, 0.0], [0, 1, 2], seed=0)


def test_halves_of_normal_numbers_spread_as_the_standard_error_says():
    values = np.random.default_rng(1).normal(size=400)
    figure = of_halves(lambda rows: {"mean": values[rows].mean()}, (400,), 0)["mean"]

    assert figure.high - figure.low == pytest.approx(2 * 1.96 / 20, rel=0.35)


def test_three_pictures_are_too_few_to_halve():
    with pytest.raises(DataError, match="A set of 3 pictures"):
        of_halves(lambda rows: {"size": len(rows)}, (3,), seed=0)
