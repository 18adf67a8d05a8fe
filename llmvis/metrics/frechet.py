"""Frechet distance between two sets of features.

Dimension key: N reals, M samples, F features.
"""

import numpy as np
from scipy.linalg import sqrtm


def frechet_distance(reals: np.ndarray, samples: np.ndarray) -> float:
    """Compares two sets as if each were a Gaussian. Lower is better.

    Heusel et al., 2017, https://arxiv.org/abs/1706.08500. It is FID on Inception
    features alone. Biased upwards for few pictures, so compare equal numbers.

    Args:
        reals: Features of real pictures, shape `(N, F)`.
        samples: Features of generated pictures, shape `(M, F)`.

    Returns:
        0 where means and covariances agree; no upper bound.
    """
    gap_F = reals.mean(axis=0) - samples.mean(axis=0)
    real_FF, sample_FF = np.cov(reals, rowvar=False), np.cov(samples, rowvar=False)
    # Rounding gives the root a small imaginary part.
    root_FF = np.real(sqrtm(real_FF @ sample_FF))
    return float(gap_F @ gap_F + np.trace(real_FF + sample_FF - 2 * root_FF))
