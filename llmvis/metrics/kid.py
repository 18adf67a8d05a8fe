"""Kernel distance between two sets of features.

Dimension key: N reals, M samples, F features.
"""

import numpy as np

from llmvis.metrics.figure import Figure, of_halves


def kernel_distance(reals: np.ndarray, samples: np.ndarray, seed: int) -> Figure:
    """Measures how far samples are from real pictures, without bias. Lower is better.

    The estimator of KID, Binkowski et al., 2018, "Demystifying MMD GANs",
    https://arxiv.org/abs/1801.01401: squared maximum mean discrepancy under the
    kernel `(x.y / F + 1) ** 3`. It is KID itself only on Inception features.

    Args:
        reals: Features of real pictures, shape `(N, F)`.
        samples: Features of generated pictures, shape `(M, F)`.
        seed: Of the interval.

    Returns:
        0 in expectation where both come from one distribution; single estimates
        fall below 0 as often as above. No upper bound.

    Raises:
        DataError: A set has fewer than 4 pictures.
    """
    reals_NN, samples_MM = _kernel(reals, reals), _kernel(samples, samples)
    across_NM = _kernel(reals, samples)

    def distance(rows_N: np.ndarray, rows_M: np.ndarray) -> dict[str, float]:
        squared = (
            _mean_off_diagonal(reals_NN[np.ix_(rows_N, rows_N)])
            + _mean_off_diagonal(samples_MM[np.ix_(rows_M, rows_M)])
            - 2 * across_NM[np.ix_(rows_N, rows_M)].mean()
        )
        return {"kid": squared}

    return of_halves(distance, (len(reals), len(samples)), seed)["kid"]


def _kernel(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left @ right.T / left.shape[1] + 1) ** 3


def _mean_off_diagonal(kernel: np.ndarray) -> float:
    size = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (size * (size - 1)))
