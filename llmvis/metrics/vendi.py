"""The effective number of different pictures in a set.

Dimension key: N pictures, F features.
"""

import numpy as np

from llmvis.metrics.figure import Figure, of_halves


def vendi_score(features: np.ndarray, seed: int) -> Figure:
    """Counts how many different pictures there are. Higher is more varied.

    Friedman and Dieng, 2022, https://arxiv.org/abs/2210.02410, with cosine similarity.
    (The authors' package `vendi-score` names a module that SciPy is removing.)

    Args:
        features: Shape `(N, F)`.
        seed: Of the interval.

    Returns:
        From 1 (all alike) to N (nothing in common). It grows with N, so compare it
        only between sets of one size.

    Raises:
        DataError: There are fewer than 4 pictures.
    """
    directions_NF = features / (np.linalg.norm(features, axis=1, keepdims=True) + 1e-12)

    def score(rows: np.ndarray) -> dict[str, float]:
        return {"vendi": _effective_number(directions_NF[rows])}

    return of_halves(score, (len(features),), seed)["vendi"]


def _effective_number(directions_NF: np.ndarray) -> float:
    # The F x F product has the same nonzero eigenvalues as the N x N one.
    similarity_FF = directions_NF.T @ directions_NF / len(directions_NF)
    shares_F = np.linalg.eigvalsh(similarity_FF)
    shares_F = shares_F[shares_F > 0]
    return float(np.exp(-np.sum(shares_F * np.log(shares_F))))
