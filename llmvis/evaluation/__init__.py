"""Judges and metrics over what a model draws, and the report they make."""

from llmvis.evaluation.compare import Comparison, compare
from llmvis.evaluation.compare_page import render_comparison
from llmvis.evaluation.evaluate import Findings, draw_and_judge, evaluate
from llmvis.evaluation.report import (
    check_comparable,
    plain,
    read_facts,
    read_metrics,
    read_rows,
    sample_table,
    write,
)

__all__ = [
    "Comparison",
    "Findings",
    "check_comparable",
    "compare",
    "draw_and_judge",
    "evaluate",
    "plain",
    "read_facts",
    "read_metrics",
    "read_rows",
    "render_comparison",
    "sample_table",
    "write",
]
