import numpy as np
import pytest

from llmvis.errors import DataError
from llmvis.judges import calibration


def test_the_temperature_that_logits_were_sharpened_by_is_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 5))
    chances = calibration.chances(logits, 1.0)
    classes = np.array([rng.choice(5, p=row) for row in chances])
    assert calibration.fit_temperature(3 * logits, classes) == pytest.approx(3, rel=0.1)


def test_answers_that_are_all_right_do_not_become_certain():
    logits = 10 * np.eye(5)[np.arange(100) % 5]
    assert calibration.fit_temperature(logits, np.arange(100) % 5) >= 0.5


def test_scale_and_shift_of_a_logistic_are_found_again():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 20_000)
    truths = rng.random(20_000) < calibration.chance(logits, 2.0, -1.0)
    assert calibration.fit_logistic(logits, truths) == pytest.approx((2, -1), abs=0.15)


def test_confidences_that_come_true_as_often_have_no_calibration_error():
    assert calibration.calibration_error([0.75] * 4, [True, True, True, False]) == 0


def test_confidence_without_any_hit_is_all_error():
    assert calibration.calibration_error([0.9] * 4, [False] * 4) == pytest.approx(0.9)


def test_a_share_without_a_failure_keeps_an_open_interval():
    figure = calibration.share([True] * 1000)
    assert figure["value"] == figure["high"] == 1
    assert figure["low"] == pytest.approx(1 - 3.83e-3, abs=1e-4)


def test_a_share_of_nothing_is_refused():
    with pytest.raises(DataError, match="no answers to take a share of"):
        calibration.share([])
