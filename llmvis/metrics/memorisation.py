"""Whether samples are copies of training pictures.

Dimension key: N training pictures, B queries, D values of a thumbnail.
"""

from collections.abc import Iterable

import numpy as np
from PIL import Image

USUAL_COPIES = 0.01  # share of real pictures taken for copies, which sets the bar
_SIDE = 32  # details below two pixels of 64 do not make another picture


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Shrinks pictures for comparison: `(B, H, W, 3)` uint8 to `(B, D)` in [0, 1]."""
    small = [
        np.asarray(Image.fromarray(image).resize((_SIDE, _SIDE), Image.Resampling.BOX))
        for image in images
    ]
    return np.stack(small).reshape(len(images), -1).astype("float32") / 255


def nearest(
    queries: np.ndarray, blocks: Iterable[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the training picture most like each query, block by block.

    Args:
        queries: Thumbnails, shape `(B, D)`.
        blocks: Thumbnails of the training pictures in order, each `(n, D)`.

    Returns:
        Root-mean-square difference of thumbnails, shape `(B,)`, in [0, 1], and the
        position of the nearest training picture, shape `(B,)`.
    """
    closest_B = np.full(len(queries), np.inf, dtype="float32")
    place_B = np.zeros(len(queries), dtype="int64")
    norms_B1 = np.sum(queries**2, axis=1, keepdims=True)
    start = 0
    for block_ND in blocks:
        squares_BN = norms_B1 + np.sum(block_ND**2, axis=1) - 2 * queries @ block_ND.T
        best_B = np.argmin(squares_BN, axis=1)
        squares_B = squares_BN[np.arange(len(queries)), best_B]
        nearer_B = squares_B < closest_B
        closest_B = np.where(nearer_B, squares_B, closest_B)
        place_B = np.where(nearer_B, start + best_B, place_B)
        start += len(block_ND)
    # Rounding leaves equal pictures a hair below zero.
    return np.sqrt(np.maximum(closest_B, 0) / queries.shape[1]), place_B


def is_copy(samples: np.ndarray, reals: np.ndarray) -> np.ndarray:
    """Marks samples nearer to training than unseen real pictures come.

    In the manner of Meehan et al., 2020, "A Non-Parametric Test to Detect
    Data-Copying in Generative Models", https://arxiv.org/abs/2004.05675.

    Args:
        samples: Distance of each sample to its nearest training picture, `(B,)`.
        reals: The same of real pictures that training never saw.

    Returns:
        True where a sample is nearer than all but the nearest 1 % of the real
        pictures; a generator that copies nothing has about 1 % of those.
    """
    return samples < np.quantile(reals, USUAL_COPIES)
