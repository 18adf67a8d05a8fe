"""Findings to files under data/report, and back."""

from dataclasses import asdict, is_dataclass
from pathlib import Path

import pandas as pd

from llmvis import storage
from llmvis.errors import MissingStage
from llmvis.evaluation import page
from llmvis.evaluation.alignment import QUESTIONS
from llmvis.evaluation.evaluate import Findings
from llmvis.evaluation.grid import sample_grid

ROWS, METRICS, PAGE = "prompts.parquet", "metrics.json", "index.html"
GRID, ACCURACY, FACTS = "samples.png", "accuracy.csv", "facts.json"


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
    rows.to_parquet(folder / ROWS, index=False)
    sample_grid(findings.rows, findings.images).save(folder / GRID)
    accuracy_table(findings.metrics["alignment"]).to_csv(folder / ACCURACY, index=False)
    (folder / PAGE).write_text(page.render(findings, training, facts), "utf-8")


def _encoded(findings: Findings) -> pd.Series:
    """Encodes pictures in the Hugging Face layout, as `data/examples` does."""
    files = [
        {"bytes": storage.encode_png(image), "path": f"{number:05}.png"}
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


def read_facts(folder: Path) -> dict[str, str]:
    """Reads what a report is about and made from, name -> text.

    Raises:
        MissingStage: There is no report in `folder`.
    """
    return storage.read_json(folder / FACTS, "evaluate")
