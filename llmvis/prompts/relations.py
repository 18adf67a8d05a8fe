"""When two boxes stand in a relation: one truth for whoever draws and whoever judges.

Coordinates are in [0, 1] from the left and from the top of the picture. A thing that
is there several times stands in a relation as the union of its boxes.
"""

from collections.abc import Sequence

from llmvis.errors import ConfigError
from llmvis.prompts.lexicon import RELATIONS
from llmvis.records import Box

TOUCH = 3 / 64  # largest gap of two things that touch
# Largest overlap of the two. What stands on something reaches a pixel into it, so that
# four pixels either way are as good.
OVERLAP = 5 / 64
HIDDEN = 1 / 2  # the same at the most, of the smaller extent
NEAR = 16 / 64  # largest gap of two things that are next to each other
ALIGNED = 1 / 4  # smallest overlap across the direction, of the smaller extent

CONVERSE = {name: words.converse for name, words in RELATIONS.items()}


def union(boxes: Sequence[Box]) -> Box:
    """Gives the smallest box round all `boxes` (at least one)."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def holds(relation: str, subject: Box, object: Box) -> bool:
    """Tells whether `subject` stands in `relation` to `object`.

    - `above`: the subject ends where the object begins or higher (an overlap up to
      `OVERLAP` is still touching, if it is not more than `HIDDEN`), and the two share
      at least `ALIGNED` of their width and more of it than of their height, each as a
      fraction of the smaller extent. `below` is its converse.
    - `on`: above, with a gap of at most `TOUCH`. `under` is its converse.
    - `left_of`: the same as `above` with the axes swapped. `right_of` is its converse.
    - `next_to`: left or right of it, with a gap of at most `NEAR`.

    So `on` implies `above`, and at most one of above, below, left_of and right_of
    holds.

    Args:
        relation: A key of `lexicon.RELATIONS`.
        subject: Left, top, right, bottom, in [0, 1], of positive width and height.
        object: The same.

    Raises:
        ConfigError: There is no such relation.
    """
    if relation not in RELATIONS:
        raise ConfigError(
            f"There is no relation {relation!r}. Use one of {', '.join(RELATIONS)}."
        )
    if relation in {"under", "below", "right_of"}:
        return holds(CONVERSE[relation], object, subject)
    if relation == "next_to":
        gap = max(_gap(subject, object, 0), _gap(object, subject, 0))
        return gap <= NEAR and (
            _precedes(subject, object, 0) or _precedes(object, subject, 0)
        )
    if relation == "left_of":
        return _precedes(subject, object, 0)
    touching = relation == "above" or _gap(subject, object, 1) <= TOUCH
    return touching and _precedes(subject, object, 1)


def _precedes(first: Box, second: Box, axis: int) -> bool:
    """Tells whether `first` ends before `second` along `axis` (0 is x, 1 is y)."""
    along, across = (_shared(first, second, a) for a in (axis, 1 - axis))
    separated = _gap(first, second, axis) >= -OVERLAP and along <= HIDDEN
    return separated and across >= ALIGNED and across > along


def _gap(first: Box, second: Box, axis: int) -> float:
    return second[axis] - first[axis + 2]


def _shared(first: Box, second: Box, axis: int) -> float:
    """Measures the overlap along `axis` as a fraction of the smaller extent."""
    overlap = min(first[axis + 2], second[axis + 2]) - max(first[axis], second[axis])
    smaller = min(first[axis + 2] - first[axis], second[axis + 2] - second[axis])
    return overlap / smaller
