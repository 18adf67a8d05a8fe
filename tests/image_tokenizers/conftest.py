"""Pictures of a few known things before two backdrops."""

import numpy as np
import pytest

SIZE = 32
STRIPES = np.tile(np.linspace(0.2, 0.8, SIZE)[:, None, None], (1, SIZE, 3))
BACKDROPS = np.stack([STRIPES, STRIPES[::-1]]).astype("float32")
RED, BLUE = (0.9, 0.1, 0.1), (0.1, 0.1, 0.9)


def triangle(side):
    rows, columns = np.mgrid[:side, :side]
    return columns < side - rows


def ring(side):
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    far = np.hypot(rows, columns)
    return (far <= side / 2) & (far > side / 4)


def paint(picture, shape, left, top, color):
    """Puts a shape into a picture and returns its box."""
    height, width = shape.shape
    picture[top : top + height, left : left + width][shape] = color
    return left, top, left + width, top + height


@pytest.fixture(scope="session")
def drawn():
    """Pictures `(N, 32, 32, 3)` uint8, the backdrop and the boxes of each.

    In every sixth picture a ring stands on a triangle and touches it.
    """
    rng = np.random.default_rng(0)
    pictures, numbers, boxes = [], [], []
    for i in range(240):
        number = int(rng.integers(2))
        picture = BACKDROPS[number].copy()
        side = int(rng.integers(7, 11))
        colors = [RED, BLUE] if rng.random() < 0.5 else [BLUE, RED]
        left, top = rng.integers(0, SIZE - side, 2)
        if i % 6 == 0:
            top = int(rng.integers(10, SIZE - side))
            lower = paint(picture, triangle(side), left, top, colors[0])
            above = int(rng.integers(7, 11))
            left = int(np.clip(left + rng.integers(-3, 4), 0, SIZE - above))
            upper = paint(picture, ring(above), left, top - above, colors[1])
            boxes.append([upper, lower])
        else:
            shape = (triangle, ring)[i % 2](side)
            boxes.append([paint(picture, shape, left, top, colors[0])])
        pictures.append(np.round(picture * 255))
        numbers.append(number)
    return np.array(pictures, np.uint8), np.array(numbers), boxes
