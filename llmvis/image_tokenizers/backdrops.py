"""Finds the backdrops that pictures of a data set have in common.

Pictures with one backdrop agree in most of their pixels, exactly; what stands in front
differs from picture to picture, so the median of such pictures is the backdrop alone.
Who shares a backdrop is found as in RANSAC (Fischler and Bolles, 1981): each of a few
pictures proposes one, and what many agree to stays. Pictures that agree about a colour
few others have there (a cloud, a star) agree for a reason, so a second round of
proposals counts only that.

Dimension key: N pictures, M other pictures, S cells of a thumbnail, C colours,
K backdrops.
"""

import numpy as np
import tensorflow as tf
from scipy.cluster.hierarchy import leaves_list, linkage

from llmvis.errors import ConfigError

_SIDE = 16  # cells of a thumbnail on a side
_NEAR = 0.03  # colours closer than this agree; further apart all differ alike
_SAME = 0.008  # share of cells in which two backdrops may differ and still be one
_MOST_PICTURES = 12_000  # looked at
_PROPOSALS = 640  # in each round
_VOTERS = 15  # pictures behind a proposal; fewer make no backdrop
_FEW = 0.3  # of the usual number of pictures: a backdrop with fewer is a coincidence
_BLOCK = 256  # pictures compared at once


def find_backdrops(pixels: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Finds what is behind the things of many pictures.

    Args:
        pixels: Shape `(N, Y, X, 3)`, uint8.
        most: How many backdrops are kept, those of most pictures first.
        seed: Picks the pictures that propose.

    Returns:
        At least one backdrop, shape `(K, Y, X, 3)`, float32 in [0, 1]; those that
        look alike are neighbours.
    """
    rng = np.random.default_rng(seed)
    taken = np.sort(rng.permutation(len(pixels))[:_MOST_PICTURES])
    pictures = np.asarray(pixels[taken])
    cells_NSC = thumbnails(pictures)
    backdrops_KSC = _settle(cells_NSC, _propose(cells_NSC, rng), rounds=3)
    more_KSC = _propose_rare(cells_NSC, backdrops_KSC, rng)
    backdrops_KSC = _settle(
        cells_NSC, np.concatenate([backdrops_KSC, more_KSC]), rounds=3, few=_FEW
    )[:most]
    nearest_N = nearest_backdrops(cells_NSC, _in_order(backdrops_KSC))
    return np.stack(
        [
            np.median(pictures[nearest_N == k], axis=0).astype("float32") / 255
            for k in np.unique(nearest_N)
        ]
    )


def _in_order(backdrops):
    """Puts backdrops that look alike side by side: a number then says what it is."""
    if len(backdrops) < 2:
        return backdrops
    flat = backdrops.reshape(len(backdrops), -1)
    tree = linkage(flat, "average", metric="cityblock", optimal_ordering=True)
    return backdrops[leaves_list(tree)]


def thumbnails(pictures: np.ndarray) -> np.ndarray:
    """Mean colours of the cells of pictures `(N, Y, X, 3)`: `(N, S, 3)` float32.

    Pictures may be uint8, or float in [0, 1].

    Raises:
        ConfigError: Their cells would not be whole pixels.
    """
    size = pictures.shape[1]
    if size % _SIDE:
        raise ConfigError(
            f"Pictures of {size} pixels cannot be compared in {_SIDE} x {_SIDE} cells. "
            f"Set ingest.image_size to a multiple of {_SIDE}, for example "
            f"{-(-size // _SIDE) * _SIDE}."
        )
    scale = 255 if pictures.dtype == np.uint8 else 1
    shape = (len(pictures), _SIDE, pictures.shape[1] // _SIDE, _SIDE, -1, 3)
    means = pictures.reshape(shape).mean(axis=(2, 4), dtype="float32") / scale
    return means.reshape(len(pictures), _SIDE**2, 3)


def nearest_backdrops(cells: np.ndarray, backdrops: np.ndarray) -> np.ndarray:
    """The backdrop of each picture, both as thumbnails: `(N,)` int."""
    return _distances(cells, backdrops).argmin(axis=1)


def _propose(cells, rng):
    proposers = cells[rng.permutation(len(cells))[:_PROPOSALS]]
    return _medians(cells, _smallest(_distances(cells, proposers).T))


def _propose_rare(cells, backdrops, rng):
    """Proposals of pictures that agree where they differ from their backdrop."""
    nearest_N = nearest_backdrops(cells, backdrops)
    far_NS = np.abs(cells - backdrops[nearest_N]).max(axis=2) > _NEAR
    proposals = [backdrops[:0]]
    for k in range(len(backdrops)):
        members = np.flatnonzero(nearest_N == k)
        if len(members) < 4 * _VOTERS:
            continue
        share = -(-_PROPOSALS * len(members) // max(len(cells), _PROPOSALS))
        proposers = rng.choice(members, share, replace=False)
        agreeing_NM = _in_blocks(
            _rare_agreement,
            members,
            proposers,
            lambda rows: (cells[rows], far_NS[rows]),
        )
        proposals.append(_medians(cells[members], _smallest(-agreeing_NM.T)))
    return np.concatenate(proposals)


def _settle(cells, backdrops, rounds, few=0.0):
    """Medians of the pictures nearest to each, those alike made one; largest first."""
    for _ in range(rounds):
        counts = np.bincount(
            nearest_backdrops(cells, backdrops), minlength=len(backdrops)
        )
        least = max(_VOTERS, few * np.median(counts[counts > 0]))
        distances_KK = _distances(backdrops, backdrops)
        kept: list[int] = []
        for k in np.argsort(-counts, kind="stable"):
            enough = counts[k] >= least or not kept
            if enough and (distances_KK[k, kept] > _SAME).all():
                kept.append(k)
        backdrops = backdrops[kept]
        nearest_N = nearest_backdrops(cells, backdrops)
        backdrops = np.stack(
            [
                np.median(cells[nearest_N == k], axis=0)
                if (nearest_N == k).any()
                else backdrops[k]
                for k in range(len(backdrops))
            ]
        )
    return backdrops


def _smallest(values):
    """Columns of the `_VOTERS` smallest of each row."""
    return np.argsort(values, axis=1, kind="stable")[:, :_VOTERS]


def _medians(cells, voters):
    return np.stack([np.median(cells[row], axis=0) for row in voters])


def _distances(cells, others):
    return _in_blocks(_distance, cells, others, lambda rows: (rows,))


def _in_blocks(function, rows, columns, read):
    """A table of `function`, made in blocks of one shape so that one graph serves."""
    padded_rows, padded_columns = (
        np.resize(part, (-(-len(part) // _BLOCK) * _BLOCK, *part.shape[1:]))
        for part in (rows, columns)
    )
    table = np.empty((len(padded_rows), len(padded_columns)), "float32")
    for i in range(0, len(padded_rows), _BLOCK):
        for j in range(0, len(padded_columns), _BLOCK):
            table[i : i + _BLOCK, j : j + _BLOCK] = function(
                *read(padded_rows[i : i + _BLOCK]),
                *read(padded_columns[j : j + _BLOCK]),
            )
    return table[: len(rows), : len(columns)]


@tf.function(jit_compile=True)
def _distance(cells, others):
    """Mean difference of `(N, S, 3)` and `(M, S, 3)`, capped: `(N, M)` in [0, 1]."""
    differences_NMSC = tf.abs(cells[:, None] - others[None])
    return tf.reduce_mean(tf.minimum(differences_NMSC, _NEAR), axis=(2, 3)) / _NEAR


@tf.function(jit_compile=True)
def _rare_agreement(cells, far, others, others_far):
    """In how many cells both are far from their backdrop and agree: `(N, M)`."""
    agree_NMS = tf.reduce_max(tf.abs(cells[:, None] - others[None]), axis=3) < _NEAR
    both_NMS = far[:, None] & others_far[None]
    return tf.reduce_sum(tf.cast(agree_NMS & both_NMS, tf.float32), axis=2)
