"""Findings to files under data/report, and back."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

from llmvis import storage
from llmvis.errors import MismatchError, MissingStage
from llmvis.evaluation import page
from llmvis.evaluation.alignment import QUESTIONS, reasons
from llmvis.evaluation.evaluate import Findings
from llmvis.evaluation.grid import sample_grid
from llmvis.png import decode_png, encode_png

ROWS, METRICS, PAGE = "prompts.parquet", "metrics.json", "index.html"
GRID, ACCURACY, FACTS = "samples.png", "accuracy.csv", "facts.json"
_LISTED = 16  # samples of each split and language in `sample_table`


def write(
    findings: Findings, folder: Path, training: Path, facts: dict[str, str]
) -> None:
    """Writes a whole report into an empty folder.

    Args:
        findings: What `evaluate` gives.
        folder: Where; use it inside `storage.staged`.
        training: Folder with `curves.csv` and `previews/` of the training, or none.
        facts: What the report is about and made from, name -> text.
    """
    storage.write_json(folder / METRICS, plain(findings.metrics))
    storage.write_json(folder / FACTS, facts)
    rows = findings.rows.assign(image=_encoded(findings))
    if "verdicts" in rows:
        rows = rows.assign(reasons=rows["verdicts"].map(reasons))
    rows.to_parquet(folder / ROWS, index=False)
    sample_grid(findings.rows, findings.images).save(folder / GRID)
    accuracy_table(findings.metrics["alignment"]).to_csv(folder / ACCURACY, index=False)
    (folder / PAGE).write_text(page.render(findings, training, facts), "utf-8")


def _encoded(findings: Findings) -> pd.Series:
    """Encodes pictures in the Hugging Face layout, as `data/examples` does."""
    files = [
        {"bytes": encode_png(image), "path": f"{number:05}.png"}
        for number, image in enumerate(findings.images)
    ]
    return pd.Series(files, index=findings.rows.index, dtype="object")


def plain(content):
    """Turns figures into dictionaries of rounded numbers, however deep they lie."""
    if is_dataclass(content) and not isinstance(content, type):
        content = asdict(content)
    if isinstance(content, dict):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, int):
        return content
    # Six digits are more than any interval warrants, and keep diffs readable.
    return float(f"{float(content):.6g}")


def accuracy_table(alignment: dict) -> pd.DataFrame:
    """Lists shares of right answers, one in each line, for `dvc plots`."""
    return pd.DataFrame(
        {
            "figure": f"{split} {lang} {key}",
            "value": figure.value,
            "low": figure.low,
            "high": figure.high,
            "n": figure.n,
        }
        for split, by_lang in alignment.items()
        for lang, figures in by_lang.items()
        for key, figure in figures.items()
        if key in {"all_correct", "r_precision", *QUESTIONS}
    )


def read_rows(folder: Path) -> pd.DataFrame:
    """Reads the judged samples of a report, pictures encoded in column `image`.

    Raises:
        MissingStage: There is no report in `folder`.
    """
    if not (folder / ROWS).exists():
        raise MissingStage(folder / ROWS, "evaluate")
    return pd.read_parquet(folder / ROWS)


def sample_table(folder: Path) -> pd.DataFrame:
    """Lists the first samples of a report for people to look through.

    Returns:
        A row for each.

    Raises:
        MissingStage: There is no report in `folder`.
    """
    rows = read_rows(folder).drop_duplicates(["split", "lang", "prompt"])
    first = rows.groupby(["split", "lang"], sort=False).head(_LISTED)
    right = first["all_correct" if "all_correct" in first else "r_precision"]
    pictures = [decode_png(image["bytes"]) for image in first["image"]]
    told: list = (
        first["verdicts"].tolist() if "verdicts" in first else [()] * len(first)
    )
    return pd.DataFrame(
        {
            "picture": [Image.fromarray(picture) for picture in pictures],
            "prompt": first["prompt"],
            "right": right.astype(bool),
            "why not": ["; ".join(reasons(verdicts)) for verdicts in told],
            "split": first["split"],
            "lang": first["lang"],
            "seed": first["seed"],
        }
    )


def read_facts(folder: Path) -> dict[str, str]:
    """Reads what a report is about and made from, name -> text.

    Raises:
        MissingStage: There is no report in `folder`.
    """
    return storage.read_json(folder / FACTS, "evaluate")


def read_metrics(folder: Path) -> dict:
    """Reads every figure of a report, as `Findings.metrics` nests them.

    Raises:
        MissingStage: There is no report in `folder`.
    """
    return storage.read_json(folder / METRICS, "evaluate")


def check_comparable(facts_a: Mapping[str, str], facts_b: Mapping[str, str]) -> None:
    """Refuses reports whose figures differ for other reasons than the models.

    Args:
        facts_a: Of one report, as `read_facts` gives them.
        facts_b: Of the other.

    Raises:
        MismatchError: Another judge read them, or they are of other examples.
    """
    for key, what in (("judge files", "judge"), ("examples", "examples")):
        first, second = facts_a.get(key), facts_b.get(key)
        if first != second:
            raise MismatchError(
                f"One report is by {what} {first} and the other by {what} {second}, so "
                "their figures do not compare. Run `llmvis evaluate` for both models "
                "with the same data/judge and data/examples."
            )
