"""Which of the things found in a picture stands for which of those asked for."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from llmvis.prompts import relations
from llmvis.records import Scene, Thing


def match(asked: Scene, found: Sequence[Thing]) -> list[int | None]:
    """Assigns things so that as many questions as possible are answered with yes.

    Each found thing stands for at most one asked thing (the assignment problem, Kuhn,
    1955). A relation counts for a pair if any other thing could be its second half:
    that tells two alike things apart by where they stand. A thing of another kind
    stands in for one that is missing, the more alike the better, so that the reason can
    say what is there instead.

    Args:
        asked: What the prompt asks for.
        found: What is in the picture, boxes and all.

    Returns:
        For each asked thing a position in `found`, or None where all are taken.
    """
    if not found:
        return [None] * len(asked.things)
    gains = np.array(
        [
            [_gain(asked, i, thing, found) for thing in found]
            for i in range(len(asked.things))
        ]
    ).reshape(len(asked.things), len(found))
    rows, columns = linear_sum_assignment(gains, maximize=True)
    chosen = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return [chosen.get(i) for i in range(len(asked.things))]


def _gain(asked: Scene, i: int, thing: Thing, found: Sequence[Thing]) -> float:
    wanted = asked.things[i]
    alike = (
        (wanted.color == thing.color)
        + (wanted.size == thing.size)
        + (wanted.count == thing.count)
    )
    if wanted.kind != thing.kind:
        return 0.01 * alike
    stands = sum(
        any(_stands(asked, told, i, thing, other) for other in found if other != thing)
        for told in asked.relations
        if i in (told.subject, told.object)
    )
    # Both ends of a relation count it, so each counts half.
    return 1 + alike + 0.5 * stands


def _stands(asked: Scene, told, i: int, thing: Thing, other: Thing) -> bool:
    """Tells whether the relation holds if `thing` and `other` are its two ends."""
    far = told.object if told.subject == i else told.subject
    subject, object = (thing, other) if told.subject == i else (other, thing)
    return other.kind == asked.things[far].kind and relations.holds(
        told.relation, relations.union(subject.boxes), relations.union(object.boxes)
    )
