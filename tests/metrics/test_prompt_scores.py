import pytest

from llmvis.metrics.soft_tifa import arithmetic_mean, geometric_mean


def test_one_no_sinks_the_geometric_mean_alone():
    answers = [1.0, 1.0, 1.0, 0.0]

    assert arithmetic_mean(answers) == 0.75
    assert geometric_mean(answers) < 0.05


def test_equal_answers_have_equal_means():
    assert arithmetic_mean([0.8, 0.8]) == pytest.approx(geometric_mean([0.8, 0.8]))
