"""Confidences that mean what they say, and intervals for shares.

Dimension key: N answers, K classes.
"""

import math

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, log_softmax, softmax

from llmvis.errors import DataError

_NUM_BINS = 10


def fit_temperature(logits, classes) -> float:
    """Finds what to divide logits by, so that chances match how often they are right.

    Guo et al., 2017, "On Calibration of Modern Neural Networks",
    https://arxiv.org/abs/1706.04599.

    Args:
        logits: Of examples that were not trained on, shape `(N, K)`.
        classes: The right ones, shape `(N,)`, integers in [0, K).

    Returns:
        A temperature in [0.5, 20]. Where every answer is right no temperature is too
        low, so the limit keeps chances below one. 1 where there are no examples.
    """
    if not len(classes):
        return 1.0
    right = (np.arange(len(classes)), classes)

    def loss(log_temperature):
        return -np.mean(log_softmax(logits / math.exp(log_temperature), -1)[right])

    bounds = (math.log(0.5), math.log(20))
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def fit_logistic(logits, truths) -> tuple[float, float]:
    """Finds the scale and shift that turn logits into chances.

    Platt, 1999, "Probabilistic Outputs for Support Vector Machines", with his targets
    that are never quite 0 or 1.

    Args:
        logits: Shape `(N,)`.
        truths: Whether each is so, shape `(N,)`, bool.

    Returns:
        Scale and shift: the chance is the logistic function of scale * logit + shift.
    """
    num_true = int(np.sum(truths))
    high, low = (num_true + 1) / (num_true + 2), 1 / (len(truths) - num_true + 2)
    targets_N = np.where(truths, high, low)

    def loss(parameters):
        scaled_N = parameters[0] * logits + parameters[1]
        return np.mean(np.logaddexp(0, scaled_N) - targets_N * scaled_N)

    scale, shift = minimize(loss, x0=(1.0, 0.0), method="BFGS").x
    return float(scale), float(shift)


def chances(logits, temperature: float) -> np.ndarray:
    """Softmax of logits `(..., K)` at a temperature."""
    return softmax(np.asarray(logits, np.float64) / temperature, axis=-1)


def chance(logits, scale: float, shift: float) -> np.ndarray:
    """Logistic function of scaled and shifted logits, any shape."""
    return expit(scale * np.asarray(logits, np.float64) + shift)


def calibration_error(confidences, truths) -> float:
    """Expected calibration error in ten bins. Lower is better, 0 is best.

    Naeini et al., 2015, "Obtaining Well Calibrated Probabilities Using Bayesian
    Binning".

    Args:
        confidences: Shape `(N,)`, in [0, 1].
        truths: What came true, shape `(N,)`, bool.
    """
    confidences_N = np.asarray(confidences, np.float64)
    bins_N = np.minimum((confidences_N * _NUM_BINS).astype(int), _NUM_BINS - 1)
    gaps = np.bincount(bins_N, confidences_N - np.asarray(truths), _NUM_BINS)
    return float(np.abs(gaps).sum() / len(confidences_N))


def share(truths) -> dict:
    """A share with its 95 % interval (Wilson, 1927).

    A bootstrap of an error that never occurred would claim to be certain; this interval
    stays open.

    Args:
        truths: Shape `(N,)`, bool.

    Returns:
        `value`, `low`, `high`, in [0, 1], and `n`.

    Raises:
        DataError: There is nothing to take a share of.
    """
    n = len(truths)
    if n == 0:
        raise DataError("There are no answers to take a share of: leave it out.")
    z, value = 1.959964, float(np.mean(truths))
    middle = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * math.sqrt(value * (1 - value) / n + (z / n / 2) ** 2)
    low, high = max(0.0, middle - reach), min(1.0, middle + reach)
    return {"value": value, "low": low, "high": high, "n": n}
