"""Whether pictures and captions find each other among many.

Dimension key: N pairs, E embedding.
"""

from collections.abc import Sequence

import numpy as np

from llmvis.errors import DataError

NUM_CANDIDATES = 100


def recall_at(
    k: int, images: np.ndarray, captions: np.ndarray, texts: Sequence[str]
) -> np.ndarray:
    """Tells whether each caption finds its picture among all N. Higher is better.

    Args:
        k: How many of the nearest pictures count.
        images: Embeddings of length 1, shape `(N, E)`.
        captions: The same of the caption of each, `(N, E)`.
        texts: The captions. A picture with an equal caption is as right as its own.

    Returns:
        Shape `(N,)`, bool. Chance is about k / N.

    Raises:
        DataError: There are fewer than two pairs.
    """
    _require_pairs(texts)
    similarity_NN = captions @ images.T
    alike_NN = _alike(texts)
    best_N = np.where(alike_NN, similarity_NN, -np.inf).max(axis=1)
    # Ties count against it, or a judge that says the same of all would be perfect.
    nearer_N = ((similarity_NN >= best_N[:, None]) & ~alike_NN).sum(axis=1)
    return nearer_N < k


def r_precision(
    images: np.ndarray, captions: np.ndarray, texts: Sequence[str], seed: int
) -> np.ndarray:
    """Tells whether each picture is closer to its caption than to 99 others.

    Xu et al., 2018, "AttnGAN", https://arxiv.org/abs/1711.10485. Higher is better.

    Args:
        images: Embeddings of length 1, shape `(N, E)`.
        captions: The same of the caption of each, `(N, E)`.
        texts: The captions; the others are unlike it. Where there are fewer than 99,
            all of them.
        seed: Of which others.

    Returns:
        Shape `(N,)`, bool. Chance is 1 in 100.

    Raises:
        DataError: There are fewer than two different captions.
    """
    _require_pairs(texts)
    rng = np.random.default_rng(seed)
    numbers_N = np.unique(texts, return_inverse=True)[1]
    own_N = np.sum(images * captions, axis=1)
    right = []
    for n, number in enumerate(numbers_N):
        others = np.flatnonzero(numbers_N != number)
        chosen = rng.permutation(others)[: NUM_CANDIDATES - 1]
        right.append(own_N[n] > (captions[chosen] @ images[n]).max())
    return np.array(right)


def _alike(texts: Sequence[str]) -> np.ndarray:
    numbers_N = np.unique(texts, return_inverse=True)[1]
    return numbers_N[:, None] == numbers_N


def _require_pairs(texts: Sequence[str]) -> None:
    if len(set(texts)) < 2:
        raise DataError(
            f"Retrieval among {len(texts)} picture(s) with {len(set(texts))} different "
            "caption(s) is always right and tells nothing. Give at least two that "
            "differ."
        )
