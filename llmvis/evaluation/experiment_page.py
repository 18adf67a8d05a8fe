"""An experiment as one page that opens from disk, and as tables for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import pandas as pd

from llmvis import storage
from llmvis.evaluation.experiment import (
    COSTS,
    CURVES,
    Result,
    Row,
    as_content,
    as_table,
    results,
)
from llmvis.evaluation.formats import BAR_NAMES, as_address, template
from llmvis.evaluation.plots import Chart, Scatter, charts, scatter
from llmvis.evaluation.report import read_facts, read_rows
from llmvis.evaluation.search import Search, shown
from llmvis.files import replacing
from llmvis.metrics.figure import Figure
from llmvis.png import decode_png

_SAMPLE = ["split", "lang", "prompt", "seed"]  # names one picture in every report
_WALL = 16  # prompts, shared out among the splits and languages
_COST_NAMES = {"training_seconds": "seconds of training", "parameters": "parameters"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """What every model draws for the same prompts and seeds."""

    names: list[str]  # of the models
    lines: list[dict]  # split, lang, prompt, seed, and `cells` with picture and right


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """Figures against one cost."""

    cost: str  # what people call it
    plot: Scatter
    front: list[str]  # the rows that no other beats at the same cost or less


def write(
    rows: Sequence[Row],
    folder: Path,
    name: str,
    main_score: str,
    seconds: float | None,
    search: Search | None = None,
) -> None:
    """Writes results.json, results.csv and index.html.

    Args:
        rows: Of the experiment; at least one has a report.
        folder: Where.
        name: Of the experiment.
        main_score: `alignment.SPLIT.LANGUAGE.MEASURE` of metrics.json.
        seconds: Of training that each was given; None where steps were counted.
        search: What chose the rows; None where the file names them.

    Raises:
        MissingStage: A row without a failure has no report.
    """
    found = results(rows, main_score, seed=0)
    content, table = as_content(found, rows, main_score), as_table(found)
    if search is not None:
        content["search"] = {
            "score": search.score,
            "best": search.best,
            "scores": dict(search.scores),
        }
        table.insert(1, search.score, table["row"].map(dict(search.scores)))
    storage.write_json(folder / "results.json", content)
    with replacing(folder / "results.csv") as beside:
        table.to_csv(beside, index=False)
    with replacing(folder / "index.html") as beside:
        page = render(found, rows, name, main_score, seconds, search)
        beside.write_text(page, "utf-8")


def render(
    found: Sequence[Result],
    rows: Sequence[Row],
    name: str,
    main_score: str,
    seconds: float | None,
    search: Search | None,
) -> str:
    """Writes the page, best rows first; arguments as of `write`.

    Returns:
        HTML that needs no other file and no network.
    """
    ordered = sorted(found, key=_rank)
    _, split, lang, measure = main_score.split(".")
    return template("experiment.html.j2").render(
        name=name,
        seconds=seconds,
        split=split,
        lang=lang,
        scene_truth=measure != "r_precision",
        found=ordered,
        pooled=any(len(result.rows) > 1 for result in found),
        columns=_columns(ordered),
        search=None if search is None else shown(search, rows),
        failed=[row for row in rows if row.failure],
        notes=_notes(ordered),
        plots=[_against(ordered, cost) for cost in COSTS if _has_figures(ordered)],
        bars=_bars(ordered),
        charts=_charts(ordered),
        wall=_wall(ordered),
    )


def _rank(result: Result) -> float:
    return 2.0 if result.main is None else -result.main.value


def _has_figures(found: Sequence[Result]) -> bool:
    return any(result.main is not None for result in found)


def _columns(found: Sequence[Result]) -> list[tuple[str, str]]:
    """Lists the splits and languages that any row has, in the order of the first."""
    return list(
        dict.fromkeys(
            (split, lang)
            for result in found
            for split, by_lang in result.scores.items()
            for lang in by_lang
        )
    )


def _notes(found: Sequence[Result]) -> list[str]:
    facts = [read_facts(row.folder) for result in found for row in result.rows]
    return [
        f"The rows have different {what}, so their figures do not compare."
        for key, what in (("judge files", "judges"), ("examples", "data"))
        if len({one.get(key) for one in facts}) > 1
    ]


def _against(found: Sequence[Result], cost: str) -> Against:
    known = [(r, r.main) for r in found if r.main is not None]
    figures = [main for _, main in known]
    costs = [float(getattr(result, cost)) for result, _ in known]
    on_front = [i for i, (result, _) in enumerate(known) if cost in result.on_front]
    front = sorted(on_front, key=lambda i: costs[i])
    return Against(
        cost=_COST_NAMES[cost],
        plot=scatter(figures, costs, front),
        front=[known[i][0].name for i in front],
    )


def _bars(found: Sequence[Result]) -> list[tuple[str, list[tuple[str, Figure]]]]:
    """Lists each type of question with the share of every row that has it."""
    panels = [
        (title, [(r.name, r.questions[key]) for r in found if key in r.questions])
        for key, title in BAR_NAMES.items()
    ]
    return [(title, shares) for title, shares in panels if shares]


def _charts(found: Sequence[Result]) -> list[tuple[str, Chart]]:
    """Gives each model its own charts: losses of two families do not compare."""
    return [
        (result.name, chart)
        for result in found
        for chart in charts(result.row.folder / CURVES)
    ]


def _wall(found: Sequence[Result]) -> Wall:
    tables = [read_rows(result.row.folder) for result in found]
    samples = (table[_SAMPLE].drop_duplicates() for table in tables)
    shared = reduce(lambda some, others: some.merge(others, on=_SAMPLE), samples)
    if shared.empty:
        return Wall(names=[], lines=[])
    chosen = _first_of_each(shared)
    by_sample = [table.set_index(_SAMPLE) for table in tables]
    lines = []
    for sample in chosen.itertuples(index=False, name=None):
        cells = [_cell(table.loc[[sample]].iloc[0]) for table in by_sample]
        lines.append({**dict(zip(_SAMPLE, sample, strict=True)), "cells": cells})
    return Wall(names=[result.name for result in found], lines=lines)


def _first_of_each(samples: pd.DataFrame) -> pd.DataFrame:
    """Takes the first prompts of each split and language: nobody chose them."""
    distinct = samples.drop_duplicates(["split", "lang", "prompt"])
    groups = distinct.groupby(["split", "lang"], sort=False)
    return groups.head(max(1, _WALL // groups.ngroups))


def _cell(row: pd.Series) -> dict:
    right = row["all_correct" if "all_correct" in row else "r_precision"]
    picture = decode_png(row["image"]["bytes"])
    return {"picture": as_address(picture), "right": bool(right)}
