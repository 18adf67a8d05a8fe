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
