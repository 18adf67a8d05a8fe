"""What a search of hyperparameters goes by, and how its results are drawn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from llmvis import storage
from llmvis.errors import DataError
from llmvis.evaluation.experiment import CURVES, Row
from llmvis.evaluation.plots import Scatter, spread
from llmvis.evaluation.report import METRICS

VALIDATION_LOSS = "validation_loss"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search found."""

    score: str  # by what it chose: `validation_loss` or alignment.validation...
    scores: Mapping[str, float]  # name of a row -> what it came to
    numbers: Mapping[str, int]  # name of a row -> which trial it was, from 1

    @property
    def best(self) -> str:
        """Names the best row; of equals the first."""
        choose = min if lower_is_better(self.score) else max
        return choose(self.scores, key=lambda name: self.scores[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One line of the page's table."""

    name: str
    number: int  # from 1, in the order of the trials
    values: dict[str, object]  # section.key -> what was tried
    score: float
    is_best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Scores against one thing."""

    title: str
    plot: Scatter


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows of a search."""

    score: str
    lower_is_better: bool
    trials: list[Trial]  # the best first
    panels: list[Panel]  # their dots in the order of `trials`


def lower_is_better(score: str) -> bool:
    """Says which way a score is better: a loss falls, a share of pictures rises."""
    return score == VALIDATION_LOSS


def read_score(folder: Path, score: str) -> float:
    """Reads what a trial came to, never of a split that is kept for testing.

    `validation_loss` is that of the weights which are kept, at the last step of the
    training. It costs nothing beyond the training, and it is a mean over thousands of
    tokens, so that small differences show. It compares within one family of models
    and one image tokenizer only. `alignment.validation.LANG.MEASURE` compares all:
    pictures drawn for prompts of the validation split, which no network learnt from.
    (The judge's confidence is calibrated on real pictures of that split, the same for
    all trials.)

    Args:
        folder: Of the row, with `curves.csv` and `metrics.json`.
        score: One of the two.

    Raises:
        DataError: The row has no such figure, or it is not a number.
        MissingStage: It has no report.
    """
    if score == VALIDATION_LOSS:
        return _last_loss(folder / CURVES)
    metrics = storage.read_json(folder / METRICS, "evaluate")
    _, split, lang, measure = score.split(".")
    figures = metrics["alignment"].get(split, {})
    if measure not in figures.get(lang, {}):
        there = [
            f"alignment.{split}.{one}.{name}"
            for one, by_name in figures.items()
            for name in by_name
        ]
        raise DataError(
            f"search.score is {score}, and the report has none. "
            f"There are: {', '.join(there) or 'no figures of the validation split'}."
        )
    return float(figures[lang][measure]["value"])


def shown(search: Search, rows: Sequence[Row]) -> Shown:
    """Lays out a search for the page.

    Args:
        search: What it found; at least one trial.
        rows: Those of the experiment.
    """
    trials = [
        Trial(
            name=row.name,
            number=search.numbers[row.name],
            values=row.values,
            score=search.scores[row.name],
            is_best=row.name == search.best,
        )
        for row in rows
        if row.name in search.scores
    ]
    is_lower = lower_is_better(search.score)
    trials.sort(key=lambda trial: trial.score if is_lower else -trial.score)
    keys = dict.fromkeys(key for trial in trials for key in trial.values)
    axes = {"trial": [trial.number for trial in trials]} | {
        key: [trial.values[key] for trial in trials] for key in keys
    }
    scores = [trial.score for trial in trials]
    best = [trial.is_best for trial in trials].index(True)
    return Shown(
        score=search.score,
        lower_is_better=is_lower,
        trials=trials,
        panels=[
            Panel(title=title, plot=spread(values, scores, best))
            for title, values in axes.items()
        ],
    )


def _last_loss(curves: Path) -> float:
    table = pd.read_csv(curves)
    losses = table.get(VALIDATION_LOSS, pd.Series(dtype="float64")).dropna()
    if losses.empty or not math.isfinite(losses.iloc[-1]):
        raise DataError(
            f"{curves} has no finite {VALIDATION_LOSS} at its end. Go by a figure of "
            "the pictures: search.score: alignment.validation.en.all_correct."
        )
    return float(losses.iloc[-1])
