"""Several models side by side: their figures, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from llmvis import storage
from llmvis.errors import DataError, MismatchError
from llmvis.evaluation.compare import compare
from llmvis.evaluation.formats import BAR_NAMES
from llmvis.evaluation.report import METRICS, plain, read_rows
from llmvis.metrics.figure import Figure

CURVES = "curves.csv"
COSTS = ("training_seconds", "parameters")  # what a better figure may cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model of an experiment, and where its report is kept."""

    name: str
    values: dict[str, object]  # section.key -> what it has other than the rest
    num_steps: int  # of its training
    folder: Path  # with metrics.json, prompts.parquet, facts.json and curves.csv
    failure: str  # why there is no report; empty where there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a row came to."""

    row: Row
    main: Figure | None  # the figure by which rows are ordered; None: it has none
    scores: dict[str, dict[str, Figure]]  # split -> language -> the same measure
    questions: dict[str, Figure]  # by type of question, of the main split and language
    less_than_best: Figure | None  # main figure less that of the best row, paired
    parameters: int
    training_seconds: float
    seconds_per_picture: float
    on_front: frozenset[str]  # those of `COSTS` for which none is better and cheaper


def results(rows: Sequence[Row], main_score: str, seed: int) -> list[Result]:
    """Reads the reports of the rows that have one.

    Args:
        rows: Of one experiment.
        main_score: `alignment.SPLIT.LANGUAGE.MEASURE` of metrics.json.
        seed: Of the intervals of what is compared.

    Raises:
        MissingStage: A row without a failure has no report.
    """
    done = [row for row in rows if not row.failure]
    _, split, lang, measure = main_score.split(".")
    metrics = [storage.read_json(row.folder / METRICS, "evaluate") for row in done]
    scores = [_scores(one["alignment"], measure) for one in metrics]
    mains = [one.get(split, {}).get(lang) for one in scores]
    gaps = _less_than_best(done, mains, main_score, seed)
    costs = {
        "training_seconds": [training_seconds(row.folder / CURVES) for row in done],
        "parameters": [one["cost"]["parameters"] for one in metrics],
    }
    fronts = {cost: pareto_front(mains, values) for cost, values in costs.items()}
    return [
        Result(
            row=row,
            main=mains[i],
            scores=scores[i],
            questions=_questions(metrics[i]["alignment"], split, lang),
            less_than_best=gaps[i],
            parameters=costs["parameters"][i],
            training_seconds=costs["training_seconds"][i],
            seconds_per_picture=metrics[i]["cost"]["seconds_per_picture"],
            on_front=frozenset(cost for cost in COSTS if i in fronts[cost]),
        )
        for i, row in enumerate(done)
    ]


def pareto_front(mains: Sequence[Figure | None], costs: Sequence[float]) -> list[int]:
    """Finds the rows that no other beats at the same cost or less.

    Args:
        mains: The figure of each row, higher is better.
        costs: What each row costs, in any one unit.

    Returns:
        Their positions, the cheapest first.
    """
    known = [
        (i, figure.value, cost)
        for i, (figure, cost) in enumerate(zip(mains, costs, strict=True))
        if figure is not None
    ]
    front = [
        (cost, i)
        for i, value, cost in known
        if not any(
            v >= value and c <= cost and (v > value or c < cost) for _, v, c in known
        )
    ]
    return [i for _, i in sorted(front)]


def training_seconds(curves: Path) -> float:
    """Adds up the seconds of a training, also of one that was taken up again.

    Args:
        curves: CSV with a column `seconds`, which starts anew at each resumption. One
            that was too short to have a point has none, and counts 0.
    """
    table = pd.read_csv(curves)
    if "seconds" not in table:
        return 0.0
    ends = table["seconds"].dropna().to_numpy()
    passed = np.diff(ends, prepend=0.0)
    return float(np.where(passed < 0, ends, passed).sum())


def as_table(found: Sequence[Result]) -> pd.DataFrame:
    """Lists a row for each model, the figures with the ends of their intervals."""
    return pd.DataFrame([_flat(result) for result in found])


def as_content(found: Sequence[Result], rows: Sequence[Row], main_score: str) -> dict:
    """Gives what results.json holds: failed rows with their sentence, too."""
    by_name = {result.row.name: _content(result) for result in found}
    return {
        "main_score": main_score,
        "rows": [
            {
                "name": row.name,
                "values": row.values,
                **by_name.get(row.name, {"failure": row.failure}),
            }
            for row in rows
        ],
    }


def _content(result: Result) -> dict:
    figures = {
        "scores": result.scores,
        "questions": result.questions,
        "num_steps": result.row.num_steps,
        "training_seconds": result.training_seconds,
        "seconds_per_picture": result.seconds_per_picture,
        "parameters": result.parameters,
    }
    if result.less_than_best is not None:
        figures["less_than_best"] = result.less_than_best
    return {**plain(figures), "on_front": sorted(result.on_front)}


def _flat(result: Result) -> dict:
    flat: dict = {"row": result.row.name, **result.row.values}
    for split, by_lang in result.scores.items():
        for lang, figure in by_lang.items():
            for key, value in asdict(figure).items():
                flat[f"{split}.{lang}.{key}"] = value
    return {
        **flat,
        "parameters": result.parameters,
        "num_steps": result.row.num_steps,
        "training_seconds": result.training_seconds,
        "seconds_per_picture": result.seconds_per_picture,
    }


def _scores(alignment: dict, measure: str) -> dict[str, dict[str, Figure]]:
    found: dict[str, dict[str, Figure]] = {}
    for split, by_lang in alignment.items():
        for lang, figures in by_lang.items():
            if measure in figures:
                found.setdefault(split, {})[lang] = Figure(**figures[measure])
    return found


def _questions(alignment: dict, split: str, lang: str) -> dict[str, Figure]:
    figures = alignment.get(split, {}).get(lang, {})
    return {key: Figure(**figures[key]) for key in BAR_NAMES if key in figures}


def _less_than_best(
    rows: Sequence[Row], mains: Sequence[Figure | None], main_score: str, seed: int
) -> list[Figure | None]:
    """Compares each row with the best on the prompts and seeds that both have."""
    known = {i: one.value for i, one in enumerate(mains) if one is not None}
    if not known:
        return [None] * len(rows)
    best = max(known, key=lambda i: known[i])
    first = read_rows(rows[best].folder)
    _, split, lang, measure = main_score.split(".")
    gaps: list[Figure | None] = []
    for i, row in enumerate(rows):
        gap = None
        if i in known and i != best:
            try:
                compared = compare(first, read_rows(row.folder), seed)
                gap = compared.by_split.get(split, {}).get(lang, {}).get(measure)
            except (DataError, MismatchError):
                gap = None  # other data: their figures stand side by side only
        gaps.append(gap)
    return gaps
