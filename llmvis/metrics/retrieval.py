"""Whether a picture finds its own caption, from embeddings of both.

Dimension key: N pairs of picture and caption, F features.
"""

import numpy as np

NUM_CANDIDATES = 100


def recall_at(images: np.ndarray, texts: np.ndarray, k: int) -> np.ndarray:
    """Tells whether each picture's caption is among the k nearest. Higher is better.

    Args:
        images: Embeddings of unit length, shape `(N, F)`.
        texts: Embeddings of their captions, in the same order and shape.
        k: How many captions may be tried.

    Returns:
        1.0 or 0.0 for each picture, shape `(N,)`. Chance is k / N.
    """
    similarity_NN = images @ texts.T
    own_N1 = np.diagonal(similarity_NN)[:, None]
    # Equal captions are equally right, so only strictly nearer ones count against.
    return ((similarity_NN > own_N1).sum(axis=1) < k).astype("float64")


def r_precision(images: np.ndarray, texts: np.ndarray, seed: int) -> np.ndarray:
    """Tells whether a picture's caption beats 99 others. Higher is better.

    Xu et al., 2018, "AttnGAN", https://arxiv.org/abs/1711.10485, with one right
    caption among `NUM_CANDIDATES` (all there are where fewer).

    Args:
        images: Embeddings of unit length, shape `(N, F)`.
        texts: Embeddings of their captions, in the same order and shape.
        seed: Of the draw of other captions.

    Returns:
        1.0 or 0.0 for each picture, shape `(N,)`. Chance is 0.01.
    """
    num_pairs = len(images)
    similarity_NN = images @ texts.T
    shifts = np.random.default_rng(seed).permutation(num_pairs - 1) + 1
    others_NK = (np.arange(num_pairs)[:, None] + shifts[: NUM_CANDIDATES - 1]) % (
        num_pairs
    )
    rivals_NK = np.take_along_axis(similarity_NN, others_NK, axis=1)
    beaten_NK = rivals_NK <= np.diagonal(similarity_NN)[:, None]
    return beaten_NK.all(axis=1).astype("float64")
