"""Several models side by side: their figures, for people and for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from llmvis import storage
from llmvis.errors import DataError, MismatchError
from llmvis.evaluation.alignment import Scores
from llmvis.evaluation.compare import compare
from llmvis.evaluation.formats import BAR_NAMES
from llmvis.evaluation.report import METRICS, plain
from llmvis.evaluation.training_seeds import by_seed, judged, pooled, widened
from llmvis.metrics.figure import Figure

CURVES = "curves.csv"
COSTS = ("training_seconds", "parameters")  # what a better figure may cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One training of an experiment, and where its report is kept."""

    name: str
    model: str  # the same for all rows that differ in their seed alone
    seed: int  # of its training
    values: dict[str, object]  # section.key -> what it has other than the rest
    further: dict[str, object]  # the same, of what it has besides for these values
    num_steps: int  # of its training
    folder: Path  # with metrics.json, prompts.parquet, facts.json and curves.csv
    failure: str  # why there is no report; empty where there is one


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the rows of one model came to, the mean of them."""

    rows: tuple[Row, ...]  # its seeds
    main: Figure | None  # the figure by which models are ordered; None: it has none
    by_seed: tuple[float, ...]  # the main figure of each row
    scores: dict[str, dict[str, Figure]]  # split -> language -> the same measure
    questions: dict[str, Figure]  # by type of question, of the main split and language
    less_than_best: Figure | None  # main figure less that of the best model, paired
    parameters: int
    training_seconds: float
    seconds_per_picture: float
    on_front: frozenset[str]  # those of `COSTS` for which none is better and cheaper

    @property
    def row(self) -> Row:
        """The first seed: what stands for the others where only one can be shown."""
        return self.rows[0]

    @property
    def name(self) -> str:
        """That of the model."""
        return self.row.model

    @property
    def worst(self) -> tuple[int, float]:
        """The seed whose main figure is the lowest, and that figure."""
        return self._seed_at(int(np.argmin(self.by_seed)))

    @property
    def best(self) -> tuple[int, float]:
        """The seed whose main figure is the highest, and that figure."""
        return self._seed_at(int(np.argmax(self.by_seed)))

    def _seed_at(self, place: int) -> tuple[int, float]:
        return self.rows[place].seed, self.by_seed[place]


def results(rows: Sequence[Row], main_score: str, seed: int) -> list[Result]:
    """Reads the reports of the rows that have one, seeds of one model together.

    Intervals cover the prompts and, of several seeds, the seeds: see
    `training_seeds.widened`.

    Args:
        rows: Of one experiment.
        main_score: `alignment.SPLIT.LANGUAGE.MEASURE` of metrics.json.
        seed: Of the intervals of what is compared.

    Raises:
        MissingStage: A row without a failure has no report.
    """
    by_model: dict[str, list[Row]] = {}
    for row in rows:
        if not row.failure:
            by_model.setdefault(row.model, []).append(row)
    models = list(by_model.values())
    metrics = [
        [storage.read_json(row.folder / METRICS, "evaluate") for row in model]
        for model in models
    ]
    _, split, lang, measure = main_score.split(".")
    folders = [[row.folder for row in model] for model in models]
    alignments = [pooled(*pair, seed) for pair in zip(folders, metrics, strict=True)]
    mains = [one.get(split, {}).get(lang, {}).get(measure) for one in alignments]
    seeds = [by_seed(each, split, lang, measure) for each in metrics]
    gaps = _less_than_best(folders, mains, seeds, main_score, seed)
    costs = {
        "training_seconds": [_mean_seconds(each) for each in folders],
        "parameters": [each[0]["cost"]["parameters"] for each in metrics],
    }
    fronts = {cost: pareto_front(mains, values) for cost, values in costs.items()}
    return [
        Result(
            rows=tuple(model),
            main=mains[i],
            by_seed=seeds[i],
            scores=_scores(alignments[i], measure),
            questions=_questions(alignments[i], split, lang),
            less_than_best=gaps[i],
            parameters=costs["parameters"][i],
            training_seconds=costs["training_seconds"][i],
            seconds_per_picture=_seconds_per_picture(metrics[i]),
            on_front=frozenset(cost for cost in COSTS if i in fronts[cost]),
        )
        for i, model in enumerate(models)
    ]


def _mean_seconds(folders: Sequence[Path]) -> float:
    return float(np.mean([training_seconds(folder / CURVES) for folder in folders]))


def _seconds_per_picture(metrics: Sequence[dict]) -> float:
    return float(np.mean([one["cost"]["seconds_per_picture"] for one in metrics]))


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
    by_model = {result.name: _content(result) for result in found}
    listed: dict[str, dict] = {}
    for row in rows:
        if row.failure:
            about = {"values": row.values, "failure": row.failure}
            listed[f"failed {row.name}"] = {"name": row.name, **about}
        else:
            listed.setdefault(row.model, {"name": row.model, **by_model[row.model]})
    return {"main_score": main_score, "rows": list(listed.values())}


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
    if len(result.by_seed) > 1:
        seeds = [row.seed for row in result.rows]
        figures["seeds"] = dict(zip(seeds, result.by_seed, strict=True))
    return {
        "values": _values(result),
        "further": result.row.further,
        **plain(figures),
        "on_front": sorted(result.on_front),
    }


def _values(result: Result) -> dict[str, object]:
    if len(result.rows) == 1:
        return result.row.values
    return {key: one for key, one in result.row.values.items() if key != "train.seed"}


def _flat(result: Result) -> dict:
    flat: dict = {"row": result.name, **_values(result), **result.row.further}
    for split, by_lang in result.scores.items():
        for lang, figure in by_lang.items():
            for key, value in asdict(figure).items():
                flat[f"{split}.{lang}.{key}"] = value
    if len(result.by_seed) > 1:
        flat["num_seeds"] = len(result.rows)
        flat["worst_seed"], flat["worst"] = result.worst
        flat["best_seed"], flat["best"] = result.best
    return {
        **flat,
        "parameters": result.parameters,
        "num_steps": result.row.num_steps,
        "training_seconds": result.training_seconds,
        "seconds_per_picture": result.seconds_per_picture,
    }


def _scores(alignment: Scores, measure: str) -> dict[str, dict[str, Figure]]:
    found: dict[str, dict[str, Figure]] = {}
    for split, by_lang in alignment.items():
        for lang, figures in by_lang.items():
            if measure in figures:
                found.setdefault(split, {})[lang] = figures[measure]
    return found


def _questions(alignment: Scores, split: str, lang: str) -> dict[str, Figure]:
    figures = alignment.get(split, {}).get(lang, {})
    return {key: figures[key] for key in BAR_NAMES if key in figures}


def _less_than_best(
    folders: Sequence[Sequence[Path]],
    mains: Sequence[Figure | None],
    seeds: Sequence[Sequence[float]],
    main_score: str,
    seed: int,
) -> list[Figure | None]:
    """Compares each model with the best on the prompts and seeds that both have."""
    known = {i: one.value for i, one in enumerate(mains) if one is not None}
    if not known:
        return [None] * len(folders)
    best = max(known, key=lambda i: known[i])
    first = judged(folders[best])
    _, split, lang, measure = main_score.split(".")
    gaps: list[Figure | None] = []
    for i, model in enumerate(folders):
        gap = None
        if i in known and i != best:
            try:
                compared = compare(first, judged(model), seed)
                gap = compared.by_split.get(split, {}).get(lang, {}).get(measure)
            except (DataError, MismatchError):
                gap = None  # other data: their figures stand side by side only
        if gap is not None:
            gap = widened(gap, seeds[best], seeds[i], least=-1, most=1)
        gaps.append(gap)
    return gaps
