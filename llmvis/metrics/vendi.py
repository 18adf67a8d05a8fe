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
    # The F x F and the N x N product have the same nonzero eigenvalues.
    rows, columns = directions_NF.shape
    factor = directions_NF if rows < columns else directions_NF.T
    shares = np.linalg.eigvalsh(factor @ factor.T / rows)
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))
