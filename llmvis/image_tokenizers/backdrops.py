"""Finds the backdrops that pictures of a data set have in common.

Pictures with one backdrop agree in most of their pixels, exactly; what stands in front
differs from picture to picture, so the commonest colours are those of the backdrop.
Who shares a backdrop is found as in RANSAC (Fischler and Bolles, 1981): each of a few
pictures proposes one, and what many agree to stays. Pictures that agree about a colour
few others have there (a cloud, a star) agree for a reason, so later rounds of
proposals count only that.

Dimension key: N pictures, M other pictures, S cells of a thumbnail, C colours and how
much they differ within a cell, K backdrops.
"""

import numpy as np
import tensorflow as tf
from scipy.cluster.hierarchy import leaves_list, linkage

from llmvis.compiling import compiled
from llmvis.errors import ConfigError

_SIDE = 16  # cells of a thumbnail on a side
_NEAR = 0.03  # colours closer than this agree; further apart all differ alike
_SAME = 0.008  # share of cells in which two backdrops may differ and still be one
_MOST_PICTURES = 12_000  # looked at
_PROPOSALS = 640  # in each round
_VOTERS = 15  # pictures behind a proposal; fewer make no backdrop
_FEW = 0.3  # of what a backdrop usually explains: one with less is a coincidence
_RARE = 2  # rounds of proposals of what few others have
_OFTEN = 0.02  # of the pictures with one backdrop: what is so common is no thing
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
    backdrops_KSC = _settle(cells_NSC, _propose(cells_NSC, rng), rounds=2, few=0.0)
    for _ in range(_RARE):
        more_KSC = _propose_rare(cells_NSC, backdrops_KSC, rng)
        backdrops_KSC = np.concatenate([backdrops_KSC, more_KSC])
        backdrops_KSC = _settle(cells_NSC, backdrops_KSC, rounds=3, few=_FEW)
    counts_K = np.bincount(
        nearest_backdrops(cells_NSC, backdrops_KSC), minlength=len(backdrops_KSC)
    )
    backdrops_KSC = backdrops_KSC[np.argsort(-counts_K, kind="stable")[:most]]
    nearest_N = nearest_backdrops(cells_NSC, _in_order(backdrops_KSC))
    return np.stack(
        [
            _commonest(pictures[nearest_N == k]).astype("float32") / 255
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
    """What the cells of pictures `(N, Y, X, 3)` look like: `(N, S, 4)` float32.

    That is their mean colour, and how far their greens are apart: a star that is
    smaller than a cell hardly changes the mean. Pictures may be uint8, or float in
    [0, 1].

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
    cells = pictures.reshape(shape)
    means = cells.mean(axis=(2, 4), dtype="float32")
    greens = cells[..., 1]
    spread = (greens.max(axis=(2, 4)) - greens.min(axis=(2, 4)))[..., None]
    thumbnail = np.concatenate([means, spread], axis=-1) / np.float32(scale)
    return thumbnail.reshape(len(pictures), _SIDE**2, 4)


def nearest_backdrops(cells: np.ndarray, backdrops: np.ndarray) -> np.ndarray:
    """The backdrop of each picture, both as thumbnails: `(N,)` int."""
    return _distances(cells, backdrops).argmin(axis=1)


def _propose(cells, rng):
    proposers = cells[rng.permutation(len(cells))[:_PROPOSALS]]
    voters = _smallest(_distances(cells, proposers).T)
    return np.stack([_commonest(cells[row]) for row in voters])


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
        for proposer in rng.choice(len(members), share, replace=False):
            voters = _rare_voters(cells[members], far_NS[members], proposer)
            if len(voters):
                proposals.append(_commonest(cells[members[voters]])[None])
    return np.concatenate(proposals)


def _rare_voters(cells, far, proposer):
    """Those that agree with one picture where it differs from the backdrop.

    Only what many agree about counts: of things a few have the same place and colour.

    Returns:
        Rows of pictures, `_VOTERS` or, if nothing counts, none.
    """
    agree_NS = np.abs(cells - cells[proposer]).max(axis=2) < _NEAR
    agree_NS &= far & far[proposer]
    often_S = agree_NS.sum(axis=0) >= max(_VOTERS, _OFTEN * len(cells))
    if not often_S.any():
        return np.zeros(0, int)
    return _smallest(-agree_NS[:, often_S].sum(axis=1)[None])[0]


def _settle(cells, backdrops, rounds, few):
    """What the pictures nearest to each have, without those that are not needed."""
    for _ in range(rounds):
        backdrops = backdrops[_unlike(backdrops)]
        backdrops = backdrops[_needed(_distances(cells, backdrops), few)]
        nearest_N = nearest_backdrops(cells, backdrops)
        backdrops = np.stack(
            [_commonest(cells[nearest_N == k]) for k in np.unique(nearest_N)]
        )
    return backdrops


def _unlike(backdrops):
    """The numbers of backdrops that are not almost another one."""
    distances_KK = _distances(backdrops, backdrops)
    kept: list[int] = []
    for k in range(len(backdrops)):
        if (distances_KK[k, kept] > _SAME).all():
            kept.append(k)
    return kept


def _needed(distances, few):
    """Without which backdrops many pictures would be far from any: `(K,)` bool.

    One with a thing in it is not needed, as the same without it is almost as near.
    """
    table_NK = distances.copy()
    nearest_N2 = np.argsort(table_NK, axis=1, kind="stable")[:, :2]
    left_K = np.ones(table_NK.shape[1], bool)
    while left_K.sum() > 1:
        near_N2 = np.take_along_axis(table_NK, nearest_N2, axis=1)
        gains_K = np.bincount(
            nearest_N2[:, 0], near_N2[:, 1] - near_N2[:, 0], minlength=len(left_K)
        )
        weakest = np.where(left_K, gains_K, np.inf).argmin()
        least = max(_VOTERS * _SAME, few * np.median(gains_K[left_K]))
        if gains_K[weakest] >= least:
            counts_K = np.bincount(nearest_N2[:, 0], minlength=len(left_K))
            weakest = np.where(left_K, counts_K, np.inf).argmin()
            if counts_K[weakest] >= _VOTERS:
                break
        left_K[weakest] = False
        table_NK[:, weakest] = np.inf
        rows = (nearest_N2 == weakest).any(axis=1)
        nearest_N2[rows] = np.argsort(table_NK[rows], axis=1, kind="stable")[:, :2]
    return left_K


def _commonest(values):
    """The middle of the densest of all values along the first axis.

    Where things often stand, the median of pictures with one backdrop is no backdrop.
    """
    values = np.sort(values, axis=0)
    few = len(values) // 4
    widths = values[few:] - values[: len(values) - few]
    start = widths.argmin(axis=0)[None]
    return np.take_along_axis(values, start + few // 2, axis=0)[0]


def _smallest(values):
    """Columns of the `_VOTERS` smallest of each row."""
    return np.argsort(values, axis=1, kind="stable")[:, :_VOTERS]


def _distances(cells, others):
    """Made in blocks of one shape, so that one graph serves: `(N, M)`."""
    padded_rows, padded_columns = (
        np.resize(part, (-(-len(part) // _BLOCK) * _BLOCK, *part.shape[1:]))
        for part in (cells, others)
    )
    table = np.empty((len(padded_rows), len(padded_columns)), "float32")
    for i in range(0, len(padded_rows), _BLOCK):
        for j in range(0, len(padded_columns), _BLOCK):
            table[i : i + _BLOCK, j : j + _BLOCK] = _distance(
                padded_rows[i : i + _BLOCK], padded_columns[j : j + _BLOCK]
            )
    return table[: len(cells), : len(others)]


@compiled
def _distance(cells, others):
    """Mean difference of `(N, S, C)` and `(M, S, C)`, capped: `(N, M)` in [0, 1]."""
    differences_NMS = tf.reduce_max(tf.abs(cells[:, None] - others[None]), axis=3)
    return tf.reduce_mean(tf.minimum(differences_NMS, _NEAR), axis=2) / _NEAR
