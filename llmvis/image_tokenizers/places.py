"""Where things are, said from a thing before: what "on" and "left of" mean.

A place is a width and a height, on which side of the other thing it is, how much is
between the two, and how far it is shifted along that side: where it is above or below
from middle to middle, and beside from ground to ground. "On" and "left of" are then the
same numbers wherever the two things stand and however large they are, and a language
model need not learn to add. The first thing is told from the middle of the upper edge.

The other thing is one it is near, because those are the two of which a prompt says how
they stand: a neighbour in the shortest tree that joins all things. The tree is told
from the thing that most others are joined to, which is the one that several relations
of a prompt have in common. Things that look alike are one thing there: they come one
after another, and what stands by one of them is told from all of them, since a prompt
says "on two apples" and not on which.

Dimension key: B batch, N things of a picture.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from keras import ops

from llmvis.image_tokenizers.cutouts import Box

BELOW, ABOVE, RIGHT, LEFT = range(4)
_FAR = 1 << 20  # beyond every picture, in units
_SHIFT = 2.0  # what a pixel of shift costs, where one between two things costs 1


def arrange(
    boxes: np.ndarray, numbers: np.ndarray, alike: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Orders the things of many pictures, see `in_order`.

    Args:
        boxes: Left, top, right and bottom, `(B, N, 4)`.
        numbers: How many of the things of each picture there are, `(B,)`.
        alike: Which things look alike, `(B, N, N)`, bool.

    Returns:
        The order and what is between, both `(B, N)`; things that are not there stay
        where they are.
    """
    order = np.tile(np.arange(boxes.shape[1]), (len(boxes), 1))
    between = np.zeros_like(order)
    for row, number in enumerate(numbers.tolist()):
        found = in_order(boxes[row, :number].tolist(), alike[row])
        order[row, :number], between[row, :number] = found
    return order, between


def in_order(boxes: Sequence[Box], alike: np.ndarray) -> tuple[list[int], list[int]]:
    """Orders things so that each stands by some that come before it.

    Args:
        boxes: The things of one picture.
        alike: Which of them look alike, shape `(N, N)`, bool.

    Returns:
        Positions in `boxes`; and for each of them how many others are between it and
        the one by which it stands, 0 for the first.
    """
    if not boxes:
        return [], []
    groups = _groups(boxes, alike)
    unions = [_union([boxes[i] for i in group]) for group in groups]
    joined = Counter(i for edge in _shortest_tree(unions, 0) for i in edge)
    first = max(range(len(groups)), key=lambda i: joined[i])
    order, between, ends = list(groups[first]), [0] * len(groups[first]), {}
    ends[first] = len(order)
    for old, new in _shortest_tree(unions, first):
        between += [len(order) - ends[old], *[0] * (len(groups[new]) - 1)]
        order += _nearest_first(boxes, groups[new], unions[old])
        ends[new] = len(order)
    return order, between


def to_places(
    boxes: np.ndarray,
    between: np.ndarray,
    alike: np.ndarray,
    *,
    unit: int,
    size: int,
    most: int,
) -> np.ndarray:
    """Boxes in pixels to places in units.

    Args:
        boxes: Left, top, right and bottom, `(B, N, 4)`.
        between: How many others are between each and the one it stands by, `(B, N)`.
        alike: Which things look alike, `(B, N, N)`, bool.
        unit: Pixels of a step.
        size: Pixels on a side of the picture.
        most: The highest value of a place, which is also that of no distance, doubled.

    Returns:
        Side, width, height, gap and shift, `(B, N, 5)`; all but the side in [0, most]:
        what is farther away comes nearer.
    """
    boxes = boxes // unit
    left, top, right, bottom = np.moveaxis(boxes, -1, 0)
    by = np.maximum(np.arange(boxes.shape[1]) - 1 - between, 0)
    stands_by = np.take_along_axis(alike, by[..., None], axis=1)
    stands_by = stands_by & np.tri(boxes.shape[1], k=-1, dtype=bool)
    stands_by[:, 0] = True  # of the first it makes no difference
    every = np.where(stands_by[..., None], boxes[:, None], np.nan)
    corners, ends = np.nanmin(every[..., :2], 2), np.nanmax(every[..., 2:], 2)
    other = np.concatenate([corners, ends], axis=-1).astype(boxes.dtype)
    other[:, 0] = _start(unit, size)
    its_left, its_top, its_right, its_bottom = np.moveaxis(other, -1, 0)
    gaps = np.stack(
        [top - its_bottom, its_top - bottom, left - its_right, its_left - right]
    )
    side = np.argmax(gaps, axis=0)
    side[:, 0] = BELOW
    gap = np.take_along_axis(gaps, side[None], axis=0)[0]
    middles = _middle(left, right) - _middle(its_left, its_right)
    shift = np.where(side < RIGHT, middles, bottom - its_bottom)
    zero = most // 2
    numbers = np.stack([right - left, bottom - top, gap + zero, shift + zero], axis=-1)
    return np.concatenate([side[..., None], np.clip(numbers, 0, most)], axis=-1)


def to_boxes(  # noqa: PLR0913, the three numbers are of one tokenizer
    places, between, there, alike, *, unit: int, size: int, most: int
):
    """Undoes `to_places`.

    Args:
        places: Shape `(B, N, 5)`, int.
        between: Shape `(B, N)`, int; what points before the first means the first.
        there: 1 where a thing is and 0 where there is none, `(B, N)`, int.
        alike: 1 where two things look alike and else 0, `(B, N, N)`, int.
        unit: Pixels of a step.
        size: Pixels on a side of the picture.
        most: The highest value of a place.

    Returns:
        Boxes in pixels, `(B, N, 4)`, of no size where there is no thing.
    """
    zero = most // 2
    start = ops.cast(_start(unit, size), places.dtype)
    start = ops.broadcast_to(start, ops.shape(places[:, 0, :4]))
    boxes = [_beside(start, places[:, 0], zero)]
    for n in range(1, places.shape[1]):
        by = ops.maximum(n - 1 - between[:, n], 0)[:, None, None]
        stands_by = ops.take_along_axis(alike[:, :, :n], by, axis=1)[:, 0, :, None] > 0
        corners, ends = ops.split(ops.stack(boxes, axis=1), 2, axis=-1)
        corners = ops.min(ops.where(stands_by, corners, _FAR), axis=1)
        ends = ops.max(ops.where(stands_by, ends, -_FAR), axis=1)
        other = ops.concatenate([corners, ends], axis=-1)
        boxes.append(_beside(other, places[:, n], zero))
    corners, ends = ops.split(ops.stack(boxes, axis=1), 2, axis=-1)
    ends = ops.where(there[..., None] > 0, ends, corners)
    return ops.concatenate([corners, ends], axis=-1) * unit


def _beside(other, place, zero):
    """The boxes `(B, 4)` of what has places `(B, 5)` from other boxes `(B, 4)`."""
    its_left, its_top, its_right, its_bottom = ops.unstack(other, 4, axis=-1)
    side, width, height, gap, shift = ops.unstack(place, 5, axis=-1)
    gap, shift = gap - zero, shift - zero
    bottom = ops.where(side == BELOW, its_bottom + gap + height, its_top - gap)
    left = ops.where(side == RIGHT, its_right + gap, its_left - gap - width)
    stacked = side < RIGHT
    bottom = ops.where(stacked, bottom, its_bottom + shift)
    shifted = _middle(its_left, its_right) + shift - width // 2
    left = ops.where(stacked, shifted, left)
    return ops.stack([left, bottom - height, left + width, bottom], axis=-1)


def _start(unit, size):
    """A box of no size, from which the first thing is told."""
    middle = size // unit // 2
    return np.array([middle, 0, middle, 0], "int32")


def _middle(left, right):
    return left + (right - left) // 2


def _apart(a, b):
    """What it takes to say one box from the other."""
    gap_x = max(a[0], b[0]) - min(a[2], b[2])
    gap_y = max(a[1], b[1]) - min(a[3], b[3])
    if gap_x > gap_y:
        return max(gap_x, 0) + _SHIFT * abs(a[3] - b[3])
    return max(gap_y, 0) + _SHIFT * abs(a[0] + a[2] - b[0] - b[2]) / 2


def _groups(boxes, alike):
    """Puts together what looks alike, from the left upper corner on."""
    groups: list[list[int]] = []
    for i in sorted(range(len(boxes)), key=lambda i: (sum(boxes[i]), boxes[i])):
        of_mine = next((group for group in groups if alike[group[0]][i]), None)
        if of_mine is None:
            groups.append([i])
        else:
            of_mine.append(i)
    return groups


def _nearest_first(boxes, group, start):
    """Orders a group by what is nearest to where it starts, and then to the rest."""
    left, order, near = list(group), [], start
    while left:
        new = min(left, key=lambda i: _apart(near, boxes[i]))
        left.remove(new)
        order.append(new)
        near = _union([boxes[i] for i in order])
    return order


def _union(boxes):
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _shortest_tree(boxes, first):
    """Joins the nearest box again and again (Prim, 1957): from which, and which."""
    nearest = {
        i: (_apart(boxes[first], boxes[i]), first)
        for i in range(len(boxes))
        if i != first
    }
    edges = []
    while nearest:
        new = min(nearest, key=nearest.__getitem__)
        edges.append((nearest.pop(new)[1], new))
        for i, best in nearest.items():
            nearest[i] = min(best, (_apart(boxes[new], boxes[i]), new))
    return edges
