"""Where things are, said from the thing before: what "on" and "left of" mean.

A place is a width, a height, how far the middle is to the right of the middle of the
thing before, and how far the top is below its bottom. "On" is then the same two numbers
wherever the two things stand and however large they are, and a language model need not
learn to add. The first thing is told from the middle of the upper edge.

Dimension key: B batch, N things of a picture.
"""

import numpy as np
from keras import ops


def to_places(boxes: np.ndarray, unit: int, size: int, most: int) -> np.ndarray:
    """Boxes in pixels to places in units.

    Args:
        boxes: Left, top, right and bottom, `(B, N, 4)`.
        unit: Pixels of a step.
        size: Pixels on a side of the picture.
        most: The highest value of a place, which is also that of no distance, doubled.

    Returns:
        Shape `(B, N, 4)`, in [0, most]; what is farther away comes nearer.
    """
    left, top, right, bottom = np.moveaxis(boxes // unit, -1, 0)
    width, height = right - left, bottom - top
    middle = left + width // 2
    before, above = np.roll(middle, 1, axis=1), np.roll(bottom, 1, axis=1)
    before[:, 0], above[:, 0] = size // unit // 2, 0
    places = [width, height, middle - before + most // 2, top - above + most // 2]
    return np.clip(np.stack(places, axis=-1), 0, most)


def to_boxes(places, there, unit: int, size: int, most: int):
    """Undoes `to_places`.

    Args:
        places: Shape `(B, N, 4)`, int.
        there: 1 where a thing is and 0 where there is none, `(B, N)`, int.
        unit: Pixels of a step.
        size: Pixels on a side of the picture.
        most: The highest value of a place.

    Returns:
        Boxes in pixels, `(B, N, 4)`, of no size where there is no thing.
    """
    width, height = places[..., 0] * there, places[..., 1] * there
    aside, below = ((places[..., i] - most // 2) * there for i in (2, 3))
    middle = size // unit // 2 + ops.cumsum(aside, axis=1)
    bottom = ops.cumsum(below + height, axis=1)
    left = middle - width // 2
    sides = [left, bottom - height, left + width, bottom]
    return ops.stack(sides, axis=-1) * unit
