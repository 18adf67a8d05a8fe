"""Whether a judge can be believed: what it finds right in real and in spoiled pictures.

The rows are those of `sensitivity.sensitivity_table`; this is apart from it so that
pages need no TensorFlow.
"""

from llmvis.evaluation.alignment import Scores
from llmvis.metrics.figure import Figure

_TRUSTED = 0.9  # share of real pictures that a judge must find right


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


def trust_note(real: Scores) -> list[str]:
    """Warns where the judge misreads real pictures, so that no figure can be used."""
    known = [
        figures["all_correct"].value
        for by_lang in real.values()
        for figures in by_lang.values()
        if "all_correct" in figures
    ]
    if not known or min(known) >= _TRUSTED:
        return []
    return [
        f"The judge finds only {min(known):.0%} of real pictures wholly right in one "
        "of the splits, so no figure here can be trusted. Train it longer: raise "
        "judge.num_steps."
    ]
