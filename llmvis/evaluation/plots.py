"""Numbers laid out for drawing: the page places them, and needs no plot library."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from llmvis.evaluation.formats import short
from llmvis.metrics.figure import Figure

_NUM_POINTS = 300  # more than a plot is wide would only make the page heavy
_FACTOR = 4.0  # between the least and the most, above which an axis is logarithmic


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chart, in percent of the chart's width and height."""

    label: str
    points: str  # "x,y x,y ...", y downwards, as SVG wants it
    last: float  # the value where the line ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Lines that share their axes."""

    title: str
    lines: list[Line]
    ticks: list[tuple[float, str]]  # height from the bottom in percent, its label
    last_step: int


def charts(curves: Path) -> list[Chart]:
    """Reads a training's curves; one chart for each quantity.

    Args:
        curves: CSV with a column `step`, numbers in the others, and empty cells where
            nothing was measured. Columns `x`, `validation_x` and
            `validation_x_other_prompt` share a chart.

    Returns:
        Charts in the order of the columns; none where there is no such file.
    """
    if not curves.exists() or not curves.stat().st_size:
        return []
    table = pd.read_csv(curves)
    numbers = table.select_dtypes("number")
    if "step" not in numbers:
        return []
    names = [str(name) for name in numbers.dropna(axis="columns", how="all")]
    names = [name for name in names if name not in {"step", "seconds"}]
    titles = dict.fromkeys(_quantity(name) for name in names)
    return [
        _chart(title, numbers, [name for name in names if _quantity(name) == title])
        for title in titles
    ]


def _quantity(column: str) -> str:
    for mark in ("validation", "val", "train"):
        column = column.removeprefix(f"{mark}_").removeprefix(f"{mark}/")
    return column.removesuffix("_other_prompt")


def _chart(title: str, table: pd.DataFrame, names: list[str]) -> Chart:
    values = table[names].to_numpy("float64")
    values = values[np.isfinite(values)]
    # The first steps of a loss tower over all that follows.
    bottom, top = float(values.min()), float(np.quantile(values, 0.98))
    span = top - bottom or 1.0
    last_step = int(table["step"].max())

    def line(name: str) -> Line:
        known = table[["step", name]].dropna()
        known = known.iloc[:: max(1, len(known) // _NUM_POINTS)]
        across = known["step"] / max(1, last_step) * 100
        down = (1 - (known[name] - bottom) / span).clip(0, 1) * 100
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, down, strict=True))
        return Line(label=name, points=points, last=float(known[name].iloc[-1]))

    ticks = [(share * 100, f"{bottom + share * span:.3g}") for share in (0.0, 0.5, 1.0)]
    return Chart(
        title=title,
        lines=[line(name) for name in names],
        ticks=ticks,
        last_step=last_step,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One point of a scatter, in percent of its width and height from below."""

    left: float
    bottom: float
    low: float  # ends of the interval, heights too
    high: float
    on_front: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """Points of a figure against what it costs."""

    dots: list[Dot]  # in the order of the points
    front: str  # "x,y x,y ...", as SVG wants it: the dots that are on the front
    ticks: list[tuple[float, str]]  # height in percent, its label
    across: list[tuple[float, str]]  # place from the left in percent, its label


def scatter(
    figures: Sequence[Figure], costs: Sequence[float], front: Sequence[int]
) -> Scatter:
    """Lays out figures against costs.

    Args:
        figures: Shares, higher is better.
        costs: Of each, above 0 or 0, in any one unit.
        front: Positions of those that no other beats at the same cost, cheapest first.
    """
    bottom = min(0.0, *(figure.low for figure in figures))
    top = max(0.05, *(figure.high for figure in figures))
    place, across = _places(costs)

    def height(share: float) -> float:
        return round((share - bottom) / (top - bottom) * 100, 1)

    dots = [
        Dot(
            left=place(cost),
            bottom=height(figure.value),
            low=height(figure.low),
            high=height(figure.high),
            on_front=i in front,
        )
        for i, (figure, cost) in enumerate(zip(figures, costs, strict=True))
    ]
    return Scatter(
        dots=dots,
        front=" ".join(f"{dots[i].left},{100 - dots[i].bottom:.1f}" for i in front),
        ticks=[
            (height(share), f"{100 * share:.0f}\N{NO-BREAK SPACE}%")
            for share in (bottom, (bottom + top) / 2, top)
        ],
        across=[(place(cost), short(cost)) for cost in across],
    )


def _places(costs: Sequence[float]) -> tuple[Callable[[float], float], list[float]]:
    """Gives the place of a cost from the left in percent, and costs to write there."""
    least, most = min(costs), max(costs)
    # Sizes of networks differ by factors, times of one budget hardly at all.
    if least > 0 and most / least > _FACTOR:
        span = math.log(most / least)
        middle = math.sqrt(least * most)
        return (
            lambda cost: round(5 + 90 * math.log(cost / least) / span, 1),
            [least, middle, most],
        )
    whole = most * 1.05 or 1.0
    return lambda cost: round(cost / whole * 100, 1), [0.0, most / 2, most]


def spread(values: Sequence[Any], scores: Sequence[float], marked: int) -> Scatter:
    """Lays out scores, of any size and sign, against what was tried.

    Args:
        values: Numbers, or words that stand beside each other in their order.
        scores: Of each.
        marked: Position of the one to fill in.
    """
    place, across = _places_of(values)
    bottom, top = min(scores), max(scores)
    span = top - bottom

    def height(score: float) -> float:
        return round(5 + 90 * (score - bottom) / span, 1) if span else 50.0

    dots = [
        Dot(left=place(value), bottom=at, low=at, high=at, on_front=i == marked)
        for i, (value, at) in enumerate(zip(values, map(height, scores), strict=True))
    ]
    marks = dict.fromkeys((bottom, (bottom + top) / 2, top))
    return Scatter(
        dots=dots,
        front="",
        ticks=[(height(score), f"{score:.4g}") for score in marks],
        across=[(place(value), label) for value, label in across],
    )


def _places_of(
    values: Sequence[Any],
) -> tuple[Callable[[Any], float], list[tuple[Any, str]]]:
    """Gives the place of a value from the left in percent, and what to write there."""
    numbers = [float(one) for one in values if _is_number(one)]
    if len(numbers) < len(values) or min(numbers) == max(numbers):
        words = sorted({str(value) for value in values})
        return (
            lambda value: round(100 * (words.index(str(value)) + 0.5) / len(words), 1),
            [(word, word) for word in words],
        )
    least, most = min(numbers), max(numbers)
    is_log = least > 0 and most / least > _FACTOR
    scale: Callable[[float], float] = math.log if is_log else float
    middle = math.sqrt(least * most) if is_log else (least + most) / 2
    span = scale(most) - scale(least)
    return (
        lambda value: round(5 + 90 * (scale(value) - scale(least)) / span, 1),
        [(number, short(number)) for number in (least, middle, most)],
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
