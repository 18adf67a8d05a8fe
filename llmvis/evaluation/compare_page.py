"""Two models side by side, as one page that opens from disk."""

import pandas as pd

from llmvis import storage
from llmvis.evaluation.compare import Comparison
from llmvis.evaluation.formats import BAR_NAMES, as_address, template

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
    rows_a: pd.DataFrame,
    rows_b: pd.DataFrame,
    names: tuple[str, str],
) -> str:
    """Writes the page.

    Args:
        comparison: What `compare` gives for these rows.
        rows_a: Rows of A's report, with pictures.
        rows_b: Rows of B's report.
        names: What to call A and B.

    Returns:
        HTML that needs no other file and no network.
    """
    return template("compare.html.j2").render(
        comparison=comparison,
        names=names,
        measures={
            key: name for key, name in _NAMES.items() if key in comparison.overall
        },
        only_a=_side_by_side(comparison.only_a, rows_a, rows_b),
        only_b=_side_by_side(comparison.only_b, rows_a, rows_b),
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
            "a": as_address(storage.decode_png(row["image_a"]["bytes"])),
            "b": as_address(storage.decode_png(row["image_b"]["bytes"])),
            "reasons_a": _reasons(row.get("verdicts_a")),
            "reasons_b": _reasons(row.get("verdicts_b")),
        }
        for row in joined.to_dict("records")
    ]


def _reasons(verdicts) -> list[str]:
    answers = [] if verdicts is None else verdicts
    return [answer["reason"] for answer in answers if not answer["holds"]]
