"""The numbers of a report, by path."""

import math
import numbers
from collections.abc import Mapping


def flatten(report: Mapping, prefix: str = "") -> dict[str, float]:
    """Names each number by its path, `test_seen/en/color/low`.

    What is no finite number is left out: MLflow keeps nothing else.
    """
    flat: dict[str, float] = {}
    for key, value in report.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}/")
        elif isinstance(value, numbers.Real) and math.isfinite(value):
            flat[f"{prefix}{key}"] = float(value)
    return flat


def estimates(report: Mapping) -> dict[str, float]:
    """Names each estimate that has an interval, without its ends: `test_seen/en/color`.

    Args:
        report: Nested, and an estimate is `{"value": ..., "low": ..., "high": ...}`.
    """
    flat = flatten(report)
    return {
        path.removesuffix("/value"): value
        for path, value in flat.items()
        if path.endswith("/value")
    }
