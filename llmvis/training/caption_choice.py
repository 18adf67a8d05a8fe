"""Which of its captions a picture comes with.

A rare word ("on the grass" among ten times as many "in a meadow") is in so few
captions that a short training hardly sees it. Captions with rarer words come more
often: as words are drawn for word vectors (Mikolov et al., 2013,
https://arxiv.org/abs/1310.4546), by the root of how rare they are.
"""

import numpy as np

_POWER = 0.5  # 0: all captions of a picture alike; 1: all words would come about alike
_AT_ONCE = 100_000  # captions that are counted together


class CaptionChoice:
    """Draws a caption of each picture.

    Args:
        token_ids: Of all captions, shape `(M, L)`.
        starts: Of picture n the captions `starts[n]` to `starts[n + 1]`; `(N + 1,)`.
    """

    def __init__(self, token_ids: np.ndarray, starts: np.ndarray):
        self._starts = np.asarray(starts)
        counts = np.zeros(0, int)
        for ids in _parts(token_ids):
            found = np.bincount(ids.ravel(), minlength=len(counts))
            found[: len(counts)] += counts
            counts = found
        fewest = [counts[ids].min(axis=1) for ids in _parts(token_ids)]
        weights = np.concatenate(fewest).astype(float) ** -_POWER
        self._ends = np.concatenate([[0.0], np.cumsum(weights)])

    def draw(self, examples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Numbers of the captions of some pictures, both shape `(B,)`."""
        first, last = self._starts[examples], self._starts[examples + 1] - 1
        low, high = self._ends[first], self._ends[last + 1]
        drawn = low + rng.random(len(examples)) * (high - low)
        found = np.searchsorted(self._ends, drawn, side="right") - 1
        return np.clip(found, first, last)


def _parts(token_ids):
    for start in range(0, len(token_ids), _AT_ONCE):
        yield np.asarray(token_ids[start : start + _AT_ONCE])
