"""Whether a judge finds less right in what has something wrong than in real pictures.

The rows are those of `sensitivity.sensitivity_table`; this is apart from it so that
pages need no TensorFlow.
"""

from llmvis.metrics.figure import Figure


def by_change(rows: list[dict]) -> dict[str, dict[str, Figure]]:
    """Names the figures for `metrics.json`, change by change."""
    return {
        row["change"].replace(" ", "_") if row["notices"] else "real_pictures": {
            key: figure for key, figure in row.items() if isinstance(figure, Figure)
        }
        for row in rows
    }


def unnoticed(rows: list[dict]) -> list[str]:
    """Names the changes after which not surely less is right than in real pictures."""
    lowest = min((r["all_correct"].low for r in rows if not r["notices"]), default=1.0)
    return [
        row["change"]
        for row in rows
        if row["notices"] and row["all_correct"].high >= lowest
    ]


def order_note(rows: list[dict]) -> list[str]:
    """Warns of mistakes to which the judge is blind."""
    changes = unnoticed(rows)
    if not changes:
        return []
    return [
        "The judge does not surely find less right than in real pictures after these "
        f"changes: {', '.join(changes)}. No figure here sees such mistakes in what the "
        "model draws. Raise judge.num_steps, or evaluate.num_prompts to be surer."
    ]
