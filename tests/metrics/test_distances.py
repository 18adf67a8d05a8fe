import numpy as np
import pytest

from llmvis.errors import DataError
from llmvis.metrics.coverage import coverage
from llmvis.metrics.frechet import frechet_distance
from llmvis.metrics.kid import kernel_distance
from llmvis.metrics.vendi import vendi_score

RNG = np.random.default_rng(0)
REALS = RNG.normal(size=(200, 8))


def test_two_draws_of_one_distribution_are_no_distance_apart():
    figure = kernel_distance(REALS[:100], REALS[100:], seed=0)

    assert figure.low < 0 < figure.high


def test_the_kernel_distance_grows_with_the_shift():
    near = kernel_distance(REALS, RNG.normal(size=(200, 8)) + 0.5, seed=0)
    far = kernel_distance(REALS, RNG.normal(size=(200, 8)) + 2.0, seed=0)

    assert near.low > 0
    assert near.high < far.low


def test_the_kernel_distance_of_two_and_two_pictures_by_hand():
    # (x.y / 1 + 1) ** 3: off the diagonals 1 and 8, across 1, 1, 1 and 1.
    reals, samples = np.array([[0.0], [0.0]]), np.array([[1.0], [1.0]])
    figure = kernel_distance(np.tile(reals, (2, 1)), np.tile(samples, (2, 1)), seed=0)

    assert figure.value == pytest.approx(1 + 8 - 2 * 1)


def test_samples_on_one_spot_are_precise_but_cover_nothing():
    scores = coverage(REALS, np.zeros((200, 8)) + 1e-3 * RNG.normal(size=(200, 8)), 0)

    assert scores["precision"].value > 0.9
    assert scores["recall"].value < 0.1
    assert scores["coverage"].value < 0.2


def test_far_samples_have_no_precision():
    scores = coverage(REALS, REALS + 100.0, seed=0)

    assert scores["precision"].value == scores["density"].value == 0.0


def test_coverage_of_seven_and_seven_pictures_by_hand():
    # The fifth neighbours of the reals are 5, 4, 3, 3, 3, 4 and 5 away, those of the
    # samples 2.5, 2, 1.5, 1.5, 2, 2.5 and 22. A distance counts where it is less.
    reals = np.arange(7.0)[:, None]
    samples = np.array([7.5, 8.0, 8.5, 9.0, 9.5, 10.0, 30.0])[:, None]
    found = coverage(reals, samples, seed=0)

    assert found["precision"].value == pytest.approx(6 / 7)  # all but 30
    assert found["recall"].value == pytest.approx(1 / 7)  # 6, near 7.5
    # The real 5 reaches 7.5, 8 and 8.5, the real 6 all but 30.
    assert found["density"].value == pytest.approx((3 + 6) / (5 * 7))
    assert found["coverage"].value == pytest.approx(2 / 7)  # 5 and 6


def test_vendi_of_two_directions_at_sixty_degrees_by_hand():
    directions = [[1.0, 0.0], [0.5, 0.75**0.5]]
    score = vendi_score(np.repeat(directions, 2, axis=0), seed=0)

    # Shares of 3/4 and 1/4: the exponential of their entropy is 4 / 3 ** (3/4).
    assert score.value == pytest.approx(4 / 3**0.75)


def test_vendi_counts_the_different_pictures():
    different = np.repeat(np.eye(5), 20, axis=0)

    assert vendi_score(different, seed=0).value == pytest.approx(5.0)
    assert vendi_score(np.ones((20, 3)), seed=0).value == pytest.approx(1.0)


def test_the_frechet_distance_of_shifted_sets_is_the_squared_shift():
    assert frechet_distance(REALS, REALS + 3.0) == pytest.approx(8 * 9.0, rel=1e-4)


def test_two_pictures_are_too_few_to_compare():
    with pytest.raises(DataError, match=r"evaluate\.num_prompts"):
        kernel_distance(REALS[:2], REALS, seed=0)
