"""Figures of one model that was trained with several seeds."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from llmvis.evaluation.alignment import Scores, scores
from llmvis.evaluation.report import read_rows
from llmvis.metrics.figure import Figure


def pooled(folders: Sequence[Path], metrics: Sequence[dict], seed: int) -> Scores:
    """Gives the figures of all seeds together, each prompt with all its pictures.

    Args:
        folders: Of the reports, one for each seed.
        metrics: What their metrics.json hold.
        seed: Of the resampling of prompts.

    Returns:
        Of one seed what its report says; of several the means, with intervals that
        cover prompts and seeds, see `widened`.

    Raises:
        MissingStage: There is no report in a folder.
    """
    if len(folders) == 1:
        return _as_figures(metrics[0]["alignment"])
    return {
        split: {
            lang: {
                key: widened(
                    figure, by_seed(metrics, split, lang, key), least=0, most=1
                )
                for key, figure in figures.items()
            }
            for lang, figures in by_lang.items()
        }
        for split, by_lang in scores(judged(folders), seed).items()
    }


def judged(folders: Sequence[Path]) -> pd.DataFrame:
    """Lists the judged samples of all seeds, without the pictures.

    Raises:
        MissingStage: There is no report in a folder.
    """
    tables = [read_rows(folder).drop(columns="image") for folder in folders]
    return pd.concat(tables, ignore_index=True)


def by_seed(
    metrics: Sequence[dict], split: str, lang: str, key: str
) -> tuple[float, ...]:
    """Gives one figure of each seed that has it.

    Args:
        metrics: What the metrics.json of the seeds hold.
        split: Of the prompts.
        lang: Their language.
        key: What is measured.
    """
    known = [one["alignment"].get(split, {}).get(lang, {}) for one in metrics]
    return tuple(figures[key]["value"] for figures in known if key in figures)


def widened(
    figure: Figure, *by_seed: Sequence[float], least: float, most: float
) -> Figure:
    """Lets an interval that covers the prompts cover the seeds of training, too.

    Each end moves away to the root of the sum of squares of two reaches: that of the
    prompts, and that of Student's t for the mean of the seeds, whose degrees of freedom
    are one less than there are seeds. Two seeds tell little, so their interval is wide.
    Prompts that a seed happens to get right count in both reaches, which makes the
    interval rather too wide than too narrow.

    Args:
        figure: The mean over all seeds, its interval from resampled prompts.
        by_seed: The mean of each seed; of a difference, those of either side. One
            seed alone says nothing of others and leaves the interval as it is.
        least: The lowest value that there can be.
        most: The highest.

    Returns:
        The same value and number of prompts, with ends further apart.
    """
    reach = math.hypot(*(_reach(means) for means in by_seed))
    low = figure.value - math.hypot(figure.value - figure.low, reach)
    high = figure.value + math.hypot(figure.high - figure.value, reach)
    return replace(figure, low=max(least, low), high=min(most, high))


def _reach(means: Sequence[float]) -> float:
    if len(means) < 2:
        return 0.0
    error = np.std(means, ddof=1) / math.sqrt(len(means))
    return float(stats.t.ppf(0.975, len(means) - 1) * error)


def _as_figures(alignment: dict) -> Scores:
    return {
        split: {
            lang: {key: Figure(**figure) for key, figure in figures.items()}
            for lang, figures in by_lang.items()
        }
        for split, by_lang in alignment.items()
    }
