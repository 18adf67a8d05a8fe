"""How much of a prompt is in the picture, from soft answers to its questions.

Kamath et al., 2025, "GenEval 2", https://arxiv.org/abs/2512.16853.
"""

from collections.abc import Sequence

import numpy as np

_SMALLEST = 1e-6  # one impossible answer must not hide how the others went


def arithmetic_mean(confidences: Sequence[float]) -> float:
    """Averages the questions of one prompt (Soft-TIFA AM), in [0, 1]. Higher is better.

    Args:
        confidences: Probability that each answer is yes, in [0, 1], at least one.
    """
    return float(np.mean(confidences))


def geometric_mean(confidences: Sequence[float]) -> float:
    """Asks whether the whole prompt holds (Soft-TIFA GM), in [0, 1]. Higher is better.

    One clear no pulls it towards 0, whatever the other answers are.

    Args:
        confidences: Probability that each answer is yes, in [0, 1], at least one.
    """
    return float(np.exp(np.mean(np.log(np.maximum(confidences, _SMALLEST)))))
