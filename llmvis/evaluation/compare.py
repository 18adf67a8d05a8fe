"""Two models on the same prompts and seeds: who is better, where, and how surely."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from llmvis.errors import MismatchError
from llmvis.evaluation.alignment import Scores, values
from llmvis.metrics.figure import Figure, mean_of_clusters

_SAMPLE = ["split", "lang", "prompt", "seed"]  # names one picture in both reports
_ANSWER = [*_SAMPLE, "key", "item"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What model B gains over model A."""

    overall: dict[str, Figure]  # B less A for each measure, all splits together
    by_split: Scores  # the same for each split and language
    wins: dict[str, tuple[int, int]]  # measure -> (only A right, only B right)
    only_a: pd.DataFrame  # samples that A alone gets wholly right, see `wins`
    only_b: pd.DataFrame
    num_pairs: int


def compare(rows_a: pd.DataFrame, rows_b: pd.DataFrame, seed: int) -> Comparison:
    """Compares two models picture by picture.

    Each prompt is its own yardstick, so much smaller differences show than between
    two separate intervals; prompts are resampled, since seeds of one hang together.

    Args:
        rows_a: Rows of one report, as `report.read_rows` gives them.
        rows_b: Rows of the other.
        seed: Of the intervals.

    Raises:
        MismatchError: The reports share no prompt with the same seed.
        DataError: They share only one prompt.
    """
    pairs = _pair(values(rows_a), values(rows_b))
    whole = "all_correct" if "all_correct" in set(pairs["key"]) else "r_precision"
    decided = pairs[pairs["key"] == whole]
    return Comparison(
        overall={
            str(key): _gain(part, seed)
            for key, part in pairs.groupby("key")
            # A type of question that one prompt alone asks has no interval.
            if key == whole or part["example_id"].nunique() >= 2
        },
        by_split=_by_split(pairs, seed),
        wins={
            str(key): (
                int((part["value_a"] > part["value_b"]).sum()),
                int((part["value_b"] > part["value_a"]).sum()),
            )
            for key, part in pairs.groupby("key")
            if part[["value_a", "value_b"]].isin([0.0, 1.0]).all(axis=None)
        },
        only_a=decided[decided["value_a"] > decided["value_b"]][_SAMPLE],
        only_b=decided[decided["value_b"] > decided["value_a"]][_SAMPLE],
        num_pairs=len(decided),
    )


def _pair(values_a: pd.DataFrame, values_b: pd.DataFrame) -> pd.DataFrame:
    pairs = values_a.merge(
        values_b.drop(columns="example_id"), on=_ANSWER, suffixes=("_a", "_b")
    )
    if pairs.empty:
        raise MismatchError(
            "The two reports share no prompt with the same seed. Evaluate both models "
            "on one data set with the same evaluate.seed."
        )
    return pairs.assign(gain=pairs["value_b"] - pairs["value_a"])


def _gain(part: pd.DataFrame, seed: int) -> Figure:
    figure = mean_of_clusters(
        part["gain"].to_numpy(), part["example_id"].to_numpy(), seed
    )
    if not part["gain"].any():
        # Where nothing differs, either side may still be the better one.
        return replace(figure, low=-figure.high)
    return figure


def _by_split(pairs: pd.DataFrame, seed: int) -> Scores:
    found: Scores = {}
    for (split, lang, key), part in pairs.groupby(["split", "lang", "key"]):
        if part["example_id"].nunique() >= 2:
            by_lang = found.setdefault(str(split), {})
            by_lang.setdefault(str(lang), {})[str(key)] = _gain(part, seed)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGap:
    """One split's figure in two languages, on the same pictures."""

    split: str
    first: float
    second: float
    difference: Figure  # second less first


def language_gaps(
    rows: pd.DataFrame, key: str, languages: tuple[str, str], seed: int
) -> list[LanguageGap]:
    """Compares prompts in two languages that describe the same pictures.

    Args:
        rows: What `alignment.judged_rows` makes.
        key: The column to compare.
        languages: The two, for example `("en", "zh")`.
        seed: Of the intervals.

    Returns:
        One gap for each split with two or more pictures described in both.
    """
    gaps = []
    for split, part in rows.groupby("split"):
        means = part.astype({key: "float64"}).pivot_table(key, "example_id", "lang")
        if not set(languages) <= set(means.columns):
            continue
        both = means[list(languages)].dropna()
        if len(both) < 2:
            continue
        first, second = both.to_numpy().T
        gaps.append(
            LanguageGap(
                split=str(split),
                first=float(first.mean()),
                second=float(second.mean()),
                difference=mean_of_clusters(
                    second - first, np.asarray(both.index), seed
                ),
            )
        )
    return gaps
