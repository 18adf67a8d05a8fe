"""What a model draws in place of what it was asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from llmvis.records import Scene, Thing

NOTHING = "nothing"

Counts = Counter[tuple[str, str]]  # (asked, found) -> how often


def confusions(asked: Iterable[Scene], found: Iterable[Scene]) -> tuple[Counts, Counts]:
    """Counts what was found for each thing and each colour that was asked.

    Things are paired so that as many as possible agree in kind, then in colour:
    Kuhn, 1955, "The Hungarian Method for the Assignment Problem".

    Args:
        asked: What each prompt asks for.
        found: What the judge reads in each picture, in the same order.

    Returns:
        Counts of (asked, found) kinds, and of colours where the kind is right.
    """
    kinds: Counts = Counter()
    colors: Counts = Counter()
    for wanted, seen in zip(asked, found, strict=True):
        for thing, match in _pairs(wanted.things, seen.things):
            kinds[thing.kind, match.kind if match else NOTHING] += 1
            if match and match.kind == thing.kind and thing.color:
                colors[thing.color, match.color or NOTHING] += 1
    return kinds, colors


def _pairs(
    wanted: Sequence[Thing], seen: Sequence[Thing]
) -> list[tuple[Thing, Thing | None]]:
    cost = np.array(
        [
            [2 * (one.kind != two.kind) + (one.color != two.color) for two in seen]
            for one in wanted
        ]
    ).reshape(len(wanted), len(seen))
    matched = dict(zip(*linear_sum_assignment(cost), strict=True))
    return [
        (thing, seen[matched[i]] if i in matched else None)
        for i, thing in enumerate(wanted)
    ]


def as_matrix(counts: Counts, names: Sequence[str]) -> tuple[np.ndarray, list[str]]:
    """Turns counts into shares of each asked name.

    Args:
        counts: What `confusions` gives.
        names: Asked names in the order of the rows; never asked ones are left out.

    Returns:
        Shares, shape `(rows, columns)`, each row adding up to 1, and the names of the
        rows; the columns are the rows and then `NOTHING`.
    """
    rows = [name for name in names if any(asked == name for asked, _ in counts)]
    columns = [*rows, NOTHING]
    matrix = np.array([[counts[row, column] for column in columns] for row in rows])
    # What was found without ever being asked for counts as nothing that was asked.
    strays = [
        sum(n for (asked, found), n in counts.items() if asked == row) - matrix[i].sum()
        for i, row in enumerate(rows)
    ]
    matrix[:, -1] += np.array(strays, dtype=matrix.dtype)
    return matrix / matrix.sum(axis=1, keepdims=True), rows
