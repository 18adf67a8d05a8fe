"""The report as one page that opens from disk, pictures first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from llmvis import storage
from llmvis.evaluation.alignment import reasons
from llmvis.evaluation.compare import language_gaps
from llmvis.evaluation.confusion import NOTHING, Counts, as_matrix
from llmvis.evaluation.evaluate import Findings
from llmvis.evaluation.formats import (
    BAR_NAMES,
    LANGUAGES,
    as_address,
    percent,
    split_title,
    template,
)
from llmvis.evaluation.judge_order import unnoticed
from llmvis.evaluation.plots import charts
from llmvis.metrics.figure import Figure
from llmvis.png import decode_png
from llmvis.prompts.lexicon import COLORS, KINDS

_GALLERY = 24  # pictures, shared out among the splits and languages
_WORST = 8

PART_NAMES = {
    "psnr": "PSNR, decibels",
    "ssim": "SSIM, up to 1",
    "codebook_size": "Codes there are",
    "codebook_usage": "Share of codes in use",
    "codebook_perplexity": "Codes' perplexity",
}
_YARDSTICKS = ("real", "tokenizer_ceiling", "shuffled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One drawn picture with what the judge says of it."""

    split: str
    lang: str
    prompt: str
    seed: int
    picture: str  # a data: address
    real: str  # the picture the prompt was written for
    right: bool
    verdicts: list[dict]  # as in alignment.judged_rows; none from the general judge
    similarity: float

    @property
    def reasons(self) -> list[str]:
        return reasons(self.verdicts)


def render(findings: Findings, training: Path, facts: dict[str, str]) -> str:
    """Writes the page.

    Args:
        findings: What `evaluate` gives.
        training: Folder with `curves.csv`, `previews/` and `alarms.json` of the
            training; what is not there is left out.
        facts: What the report is about and made from, name -> text.

    Returns:
        HTML that needs no other file and no network.
    """
    rows = findings.rows
    headline = _headline(findings)
    return template("report.html.j2").render(
        metrics=findings.metrics,
        facts=facts,
        notes=[*findings.notes, *_alarms(training)],
        headline=headline,
        scene_truth=findings.confusions is not None,
        gallery=[_card(findings, i) for i in _first_of_each(rows)],
        language_gaps=language_gaps(rows, headline, ("en", "zh"), seed=0),
        bars=_bars(findings.metrics),
        confusions=_matrices(findings.confusions),
        worst=[_card(findings, i) for i in _worst(rows, headline)],
        copies=[
            (_card(findings, i), distance, as_address(neighbour))
            for i, distance, neighbour in findings.copies
        ],
        real_copies=[
            (as_address(real), distance, as_address(neighbour))
            for real, distance, neighbour in findings.real_copies
        ],
        rebuilt=[(as_address(a), as_address(b)) for a, b in findings.rebuilt],
        finishing=[
            (step, [as_address(picture) for picture in pictures])
            for step, pictures in findings.finishing
        ],
        charts=charts(training / "curves.csv"),
        previews=_previews(training / "previews"),
        judge_rows=_judge_rows(findings.metrics["judge"]),
        sensitivity=findings.sensitivity,
        unnoticed=unnoticed(findings.sensitivity),
        part_names=PART_NAMES,
    )


def _alarms(training: Path) -> list[str]:
    """What the curves warn of, as sentences."""
    path = training / "alarms.json"
    return storage.read_json(path, "train") if path.exists() else []


def _previews(folder: Path) -> list[tuple[str, str]]:
    """Shows the same prompts early, half way and late: the step and the picture."""
    files = sorted(folder.glob("step_*.png"))
    chosen = dict.fromkeys([*files[:1], *files[len(files) // 2 :][:1], *files[-1:]])
    return [
        (
            f"{int(path.stem.removeprefix('step_')):,}",
            as_address(decode_png(path.read_bytes())),
        )
        for path in chosen
    ]


def _headline(findings: Findings) -> str:
    """Names the one figure of each split that the page opens with."""
    return "r_precision" if findings.confusions is None else "all_correct"


def _card(findings: Findings, i: int) -> Card:
    row = findings.rows.iloc[i].to_dict()
    return Card(
        split=row["split"],
        lang=row["lang"],
        prompt=row["prompt"],
        seed=row["seed"],
        picture=as_address(findings.images[i]),
        real=as_address(findings.reals[i]),
        right=bool(row[_headline(findings)]),
        verdicts=row.get("verdicts", []),
        similarity=row["similarity"],
    )


def _first_of_each(rows: pd.DataFrame) -> list[int]:
    """Takes the first pictures of each split and language: nobody chose them."""
    distinct = rows.drop_duplicates(["split", "lang", "prompt"])
    groups = distinct.groupby(["split", "lang"], sort=False)
    return groups.head(max(1, _GALLERY // groups.ngroups)).index.tolist()


def _worst(rows: pd.DataFrame, headline: str) -> list[int]:
    by = "soft_tifa_am" if "soft_tifa_am" in rows else "similarity"
    failures = rows[~rows[headline].astype(bool)].sort_values(by, kind="stable")
    return failures.drop_duplicates("prompt").index[:_WORST].tolist()


def _bars(metrics: dict) -> list[dict]:
    """Lays out accuracy by type of question, one panel for each split and language."""
    panels = []
    for split, by_lang in metrics["alignment"].items():
        for lang, figures in by_lang.items():
            rows = [
                (name, figures[key], _marks(metrics, split, lang, key))
                for key, name in BAR_NAMES.items()
                if key in figures
            ]
            panels.append({"split": split, "lang": lang, "rows": rows})
    return panels


def _marks(metrics: dict, split: str, lang: str, key: str) -> list[tuple[str, Figure]]:
    return [
        (name, metrics[name][split][lang][key])
        for name in _YARDSTICKS
        if key in metrics[name].get(split, {}).get(lang, {})
    ]


def _judge_rows(error: dict) -> list[tuple[str, dict]]:
    """Lists the scene judge's figures by split, then the general one's by language."""
    found = [
        (f"scene, {split_title(split)}", figures)
        for split, figures in error.get("scene", {}).items()
    ]
    found += [
        (f"general, {split_title(split)}, {LANGUAGES.get(lang, lang)}", figures)
        for split, by_lang in error.get("general", {}).items()
        for lang, figures in by_lang.items()
    ]
    return [
        (name, {key: _as_figure(figure) for key, figure in figures.items()})
        for name, figures in found
    ]


def _as_figure(figure: dict | float) -> Figure | float:
    return Figure(**figure) if isinstance(figure, dict) else figure


def _matrices(confusions: tuple[Counts, Counts] | None) -> list[dict]:
    if confusions is None:
        return []
    found = []
    names = (("things", list(KINDS)), ("colours", list(COLORS)))
    for (title, keys), counts in zip(names, confusions, strict=True):
        if counts:
            matrix, asked = as_matrix(counts, keys)
            found.append(
                {
                    "title": title,
                    "rows": list(zip(asked, matrix.tolist(), strict=True)),
                    "columns": [*asked, NOTHING],
                    "worst": _largest_confusions(matrix, [*asked, NOTHING]),
                }
            )
    return found


def _largest_confusions(matrix: np.ndarray, columns: Sequence[str]) -> list[str]:
    wrong = matrix * (1 - np.eye(*matrix.shape))
    order = np.argsort(-wrong, axis=None)[:3]
    rows, places = np.unravel_index(order, matrix.shape)
    return [
        f"{columns[row]} drawn as {columns[place]} ({percent(wrong[row, place])})"
        for row, place in zip(rows, places, strict=True)
        if wrong[row, place] > 0
    ]
