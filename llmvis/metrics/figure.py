"""A number with its 95 % interval, by resampling."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from llmvis.errors import DataError

NUM_RESAMPLES = 1000
LEAST_OF_A_SET = 4  # elements, so that each half has two
_NUM_HALVES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """An estimate, the ends of its 95 % interval, and how many units it rests on."""

    value: float
    low: float
    high: float
    n: int  # independent units: prompts, not samples of one prompt


def mean_of_clusters(values: np.ndarray, clusters: np.ndarray, seed: int) -> Figure:
    """Averages values that come in clusters, with a bootstrap over the clusters.

    Seeds of one prompt, or questions about one picture, stand or fall together, so
    whole clusters are drawn: Cameron, Gelbach and Miller, 2008, section 3.

    Args:
        values: Shape `(N,)`, any unit.
        clusters: What each value belongs to, shape `(N,)`, any sortable type.
        seed: Of the resampling.

    Returns:
        The mean of all values, with percentile ends; `n` counts clusters. Where all
        values are one and the same 0 or 1, no resample can differ, and the far end
        is 3 / n away instead (the rule of three, Hanley and Lippman-Hand, 1983).

    Raises:
        DataError: There are fewer than two clusters, or a value is not finite.
    """
    sums_C, counts_C = _add_up(values, clusters)
    num_clusters = len(sums_C)
    picks_RC = np.random.default_rng(seed).integers(
        num_clusters, size=(NUM_RESAMPLES, num_clusters)
    )
    means_R = sums_C[picks_RC].sum(axis=1) / counts_C[picks_RC].sum(axis=1)
    low, high = np.percentile(means_R, [2.5, 97.5])
    value = float(sums_C.sum() / counts_C.sum())
    if low == high and value in {0.0, 1.0}:
        reach = min(1.0, 3 / num_clusters)
        low, high = max(0.0, value - reach), min(1.0, value + reach)
    return Figure(value=value, low=float(low), high=float(high), n=num_clusters)


def _add_up(values: np.ndarray, clusters: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(values, dtype="float64")
    names_C, members_N = np.unique(np.asarray(clusters), return_inverse=True)
    if len(names_C) < 2:
        raise DataError(
            f"There are {len(names_C)} prompts to average over, and an interval needs "
            "at least 2. Raise evaluate.num_prompts, or put more captioned pictures "
            "into this split."
        )
    if not np.isfinite(values).all():
        raise DataError(
            f"{np.count_nonzero(~np.isfinite(values))} of {len(values)} values to "
            "average are not finite. Look for NaN in the pictures or in the judge."
        )
    return np.bincount(members_N, weights=values), np.bincount(members_N)


def of_halves(
    statistics: Callable[..., dict[str, float]], sizes: tuple[int, ...], seed: int
) -> dict[str, Figure]:
    """Gives statistics of whole sets intervals, from random halves of the sets.

    A bootstrap repeats elements, which KID and nearest neighbours take for perfect
    matches. Halves drawn without repetition spread about as far from the whole as
    the whole does from the truth: Politis and Romano, 1994, "Large Sample Confidence
    Regions Based on Subsamples under Minimal Assumptions".

    Args:
        statistics: From one index array for each set to named numbers.
        sizes: How many elements each set has, at least `LEAST_OF_A_SET`.
        seed: Of the halving.

    Returns:
        The statistics of the whole sets, with 1.96 standard deviations of the halves
        either side; `n` is the size of the smallest set.

    Raises:
        DataError: A set has fewer elements.
    """
    if min(sizes) < LEAST_OF_A_SET:
        raise DataError(
            f"A set of {min(sizes)} pictures is too small to compare distributions, "
            f"which needs at least {LEAST_OF_A_SET}. Raise evaluate.num_prompts, or "
            "put more captioned pictures into the splits that are asked."
        )
    rng = np.random.default_rng(seed)
    whole = statistics(*(np.arange(size) for size in sizes))
    halves = [
        statistics(*(rng.permutation(size)[: size // 2] for size in sizes))
        for _ in range(_NUM_HALVES)
    ]
    figures = {}
    for name, value in whole.items():
        middle = float(value)
        reach = 1.96 * float(np.std([half[name] for half in halves]))
        figures[name] = Figure(
            value=middle, low=middle - reach, high=middle + reach, n=min(sizes)
        )
    return figures
