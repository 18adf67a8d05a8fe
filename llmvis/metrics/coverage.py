"""Precision, recall, density and coverage between two sets of features.

Kynkaanniemi et al., 2019, https://arxiv.org/abs/1904.06991 (precision, recall) and
Naeem et al., 2020, https://arxiv.org/abs/2002.09797 (density, coverage). The numbers
are those of the authors' package `prdc`, which prints, and starts eight threads.

Dimension key: N reals, M samples, F features.
"""

from dataclasses import replace

import numpy as np
from scipy.spatial.distance import cdist

from llmvis.metrics.figure import Figure, of_halves

NEAREST = 5  # what the second paper uses throughout


def coverage(reals: np.ndarray, samples: np.ndarray, seed: int) -> dict[str, Figure]:
    """Tells whether samples are plausible, and whether they are varied.

    Args:
        reals: Features of real pictures, shape `(N, F)`, more than `NEAREST`.
        samples: Features of generated pictures, shape `(M, F)`.
        seed: Of the intervals.

    Returns:
        `precision` (share of samples among the reals), `recall` (share of reals among
        the samples), `density` (as precision, but counts each real picture; may pass
        1) and `coverage` (share of reals with a sample near). Higher is better.

    Raises:
        DataError: A set is too small to halve.
    """
    reals_NN, samples_MM = cdist(reals, reals), cdist(samples, samples)
    across_NM = cdist(reals, samples)

    def scores(rows_N: np.ndarray, rows_M: np.ndarray) -> dict[str, float]:
        return _scores(
            reals_NN[np.ix_(rows_N, rows_N)],
            samples_MM[np.ix_(rows_M, rows_M)],
            across_NM[np.ix_(rows_N, rows_M)],
        )

    found = of_halves(scores, (len(reals), len(samples)), seed)
    return {
        name: figure if name == "density" else _share(figure)
        for name, figure in found.items()
    }


def _share(figure: Figure) -> Figure:
    return replace(figure, low=max(0.0, figure.low), high=min(1.0, figure.high))


def _scores(reals_NN, samples_MM, across_NM) -> dict[str, float]:
    reach_N1 = _distance_to_neighbour(reals_NN)[:, None]
    reach_1M = _distance_to_neighbour(samples_MM)[None, :]
    near_a_real_NM = across_NM < reach_N1
    return {
        "precision": near_a_real_NM.any(axis=0).mean(),
        "recall": (across_NM < reach_1M).any(axis=1).mean(),
        "density": near_a_real_NM.sum(axis=0).mean() / NEAREST,
        "coverage": (across_NM.min(axis=1) < reach_N1[:, 0]).mean(),
    }


def _distance_to_neighbour(distances: np.ndarray) -> np.ndarray:
    # Position 0 is the picture itself, at distance 0.
    rank = min(NEAREST, len(distances) - 1)
    return np.partition(distances, rank, axis=1)[:, rank]
