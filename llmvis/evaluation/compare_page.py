"""Two models side by side, as one page that opens from disk."""

import pandas as pd

from llmvis.evaluation.compare import Comparison
from llmvis.evaluation.formats import BAR_NAMES, as_address, template
from llmvis.metrics.figure import Figure
from llmvis.png import decode_png

_MOST = 12  # pictures of each side
_NAMES = {
    "all_correct": "everything right",
    "soft_tifa_am": "Soft-TIFA AM",
    "soft_tifa_gm": "Soft-TIFA GM",
    "recall_at_1": "R@1",
    "recall_at_5": "R@5",
    "r_precision": "R-precision",
    **BAR_NAMES,
}


def render_comparison(
    comparison: Comparison,
    rows: tuple[pd.DataFrame, pd.DataFrame],
    *,
    names: tuple[str, str],
    real: dict,
) -> str:
    """Writes the page.

    Args:
        comparison: What `compare` gives for these rows.
        rows: Rows of A's and of B's report, with pictures.
        names: What to call A and B.
        real: What the judge makes of real pictures: split -> language -> measure ->
            figure, as metrics.json has it under that name.

    Returns:
        HTML that needs no other file and no network.
    """
    whole = "all_correct" if "all_correct" in comparison.overall else "r_precision"
    return template("compare.html.j2").render(
        comparison=comparison,
        names=names,
        measures={
            key: name for key, name in _NAMES.items() if key in comparison.overall
        },
        whole=whole,
        real={
            (split, lang): Figure(**figures[whole])
            for split, by_lang in real.items()
            for lang, figures in by_lang.items()
            if whole in figures
        },
        only_a=_side_by_side(comparison.only_a, *rows),
        only_b=_side_by_side(comparison.only_b, *rows),
    )


def _side_by_side(
    chosen: pd.DataFrame, rows_a: pd.DataFrame, rows_b: pd.DataFrame
) -> list[dict]:
    key = ["split", "lang", "prompt", "seed"]
    distinct = chosen.drop_duplicates("prompt")
    # Splits and languages take turns, or the first would fill the page.
    turn = distinct.groupby(["split", "lang"]).cumcount().sort_values(kind="stable")
    shown = distinct.loc[turn.index].head(_MOST)
    joined = shown.merge(rows_a, on=key).merge(rows_b, on=key, suffixes=("_a", "_b"))
    return [
        {
            "prompt": row["prompt"],
            "lang": row["lang"],
            "split": row["split"],
            "a": as_address(decode_png(row["image_a"]["bytes"])),
            "b": as_address(decode_png(row["image_b"]["bytes"])),
            "reasons_a": _reasons(row.get("verdicts_a")),
            "reasons_b": _reasons(row.get("verdicts_b")),
        }
        for row in joined.to_dict("records")
    ]


def _reasons(verdicts) -> list[str]:
    answers = [] if verdicts is None else verdicts
    return [answer["reason"] for answer in answers if not answer["holds"]]
