"""The vector art of every kind of thing that `scenes` draws.

A sprite is a tuple of shapes on a canvas of 100 by 100, y pointing down, painted in
order. A shape has a role instead of a colour: `body` is the colour the caption names,
`light` and `dark` are tints of it, and the rest are small fixed accents.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

Point = tuple[float, float]

TINTS = ("body", "light", "dark")
ACCENTS = {  # role: red, green, blue
    "ink": (38, 36, 44),
    "paper": (255, 255, 255),
    "cream": (250, 236, 208),
    "wood": (128, 84, 50),
    "leaf": (66, 150, 62),
    "sun": (255, 214, 64),
    "flame": (255, 146, 30),
    "glass": (196, 230, 250),
}
_STEPS_PER_CURVE = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon, or a line where `width` is above 0."""

    role: str
    points: tuple[Point, ...]
    width: float = 0.0


def _poly(role: str, *points: Point) -> Shape:
    return Shape(role, points)


def _line(role: str, width: float, *points: Point) -> Shape:
    return Shape(role, points, width)


def _blob(role: str, *points: Point) -> Shape:
    """A smooth closed shape through `points` (a uniform Catmull-Rom spline)."""
    return Shape(role, tuple(_closed_spline(points)))


def _closed_spline(points: tuple[Point, ...]) -> Iterable[Point]:
    for i in range(len(points)):
        around = [points[(i + j - 1) % len(points)] for j in range(4)]
        for step in range(_STEPS_PER_CURVE):
            t = step / _STEPS_PER_CURVE
            x, y = (_catmull_rom(t, *axis) for axis in zip(*around, strict=True))
            yield x, y


def _catmull_rom(t: float, a: float, b: float, c: float, d: float) -> float:
    cubic = -a + 3 * b - 3 * c + d
    return b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * cubic)) / 2


def _oval(
    role: str, center: Point, radius: float, height: float = 0.0, tilt: float = 0.0
) -> Shape:
    """An ellipse of half-width `radius`; `tilt` in degrees turns it clockwise."""
    height = height or radius
    cosine, sine = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    around = [2 * math.pi * i / 32 for i in range(32)]
    flat = [(radius * math.cos(a), height * math.sin(a)) for a in around]
    turned = [(x * cosine - y * sine, x * sine + y * cosine) for x, y in flat]
    return Shape(role, tuple((center[0] + x, center[1] + y) for x, y in turned))


def _ring(role: str, width: float, center: Point, radius: float) -> Shape:
    points = _oval(role, center, radius).points
    return Shape(role, (*points, points[0]), width)


def _both(*shapes: Shape) -> tuple[Shape, ...]:
    """The shapes and their mirror images left to right."""
    mirrored = [
        Shape(s.role, tuple((100 - x, y) for x, y in s.points), s.width) for s in shapes
    ]
    return (*shapes, *mirrored)


def _star(role: str, center: Point, radius: float, inner: float) -> Shape:
    points = []
    for i in range(10):
        length, angle = (inner if i % 2 else radius), math.pi * (i / 5 - 0.5)
        points.append(
            (center[0] + length * math.cos(angle), center[1] + length * math.sin(angle))
        )
    return Shape(role, tuple(points))


def _petals(role: str, center: Point, distance: float, radius: float, count: int):
    angles = [2 * math.pi * (i / count - 0.25) for i in range(count)]
    return tuple(
        _oval(
            role,
            (
                center[0] + distance * math.cos(angle),
                center[1] + distance * math.sin(angle),
            ),
            radius * 1.15,
            radius,
            math.degrees(angle),
        )
        for angle in angles
    )


def _crescent(role: str, radius: float, bite: float) -> Shape:
    """A moon open to the right; `bite` is how far the cut circle stands off."""
    reach = math.acos(bite / 2 / radius)
    outer = [reach + (2 * math.pi - 2 * reach) * i / 40 for i in range(41)]
    cut = [math.pi + reach - (2 * reach) * i / 40 for i in range(41)][::-1]
    cut = [2 * math.pi - angle for angle in cut]
    points = [(50 + radius * math.cos(a), 50 + radius * math.sin(a)) for a in outer]
    points += [
        (50 + bite + radius * math.cos(a), 50 + radius * math.sin(a)) for a in cut
    ]
    return Shape(role, tuple(points))


_FACE = _both(_oval("paper", (38, 0), 7.5), _oval("ink", (39.5, 0.5), 4.6))


def _face(y: float) -> tuple[Shape, ...]:
    """Two eyes at height `y`; the whites keep them visible on a black animal."""
    return tuple(
        Shape(s.role, tuple((px, py + y) for px, py in s.points), s.width)
        for s in _FACE
    )


SPRITES: dict[str, tuple[Shape, ...]] = {
    "bird": (
        _line("flame", 4.5, (46, 76), (46, 97), (54, 97)),
        _line("flame", 4.5, (59, 76), (59, 97), (67, 97)),
        _poly("dark", (2, 38), (14, 34), (40, 52), (32, 66)),
        _poly("flame", (84, 20), (99, 31), (83, 38)),
        _oval("body", (50, 56), 30, 23, -20),
        _oval("body", (68, 28), 21),
        _oval("light", (62, 66), 15, 10, -30),
        _blob("dark", (26, 48), (46, 44), (60, 54), (50, 68), (28, 66)),
        _oval("paper", (74, 24), 6.5),
        _oval("ink", (75.5, 24), 4),
    ),
    "flower": (
        _line("leaf", 7, (50, 50), (50, 98)),
        *_both(_blob("leaf", (50, 92), (40, 74), (20, 66), (24, 84))),
        *_petals("body", (50, 31), 18, 14.5, 6),
        _oval("dark", (50, 31), 12),
        _oval("sun", (50, 31), 9),
    ),
    "tree": (
        _poly("wood", (43, 58), (57, 58), (62, 98), (38, 98)),
        _oval("dark", (50, 50), 34, 20),
        *_both(_oval("body", (28, 46), 22, 20)),
        _oval("body", (50, 28), 28, 26),
        _oval("body", (50, 48), 24, 16),
        _oval("light", (42, 22), 11, 9),
        _oval("light", (24, 42), 6, 5),
    ),
    "house": (
        _poly("dark", (70, 10), (83, 10), (83, 40), (70, 40)),
        _poly("body", (15, 46), (85, 46), (85, 98), (15, 98)),
        _poly("dark", (2, 51), (50, 5), (98, 51)),
        _poly("wood", (42, 68), (58, 68), (58, 98), (42, 98)),
        *_both(_poly("glass", (21, 60), (36, 60), (36, 76), (21, 76))),
    ),
    "fish": (
        _blob("dark", (36, 32), (52, 12), (72, 16), (74, 34)),
        _blob("dark", (46, 70), (48, 86), (62, 84), (66, 68)),
        _blob("dark", (30, 50), (4, 22), (3, 32), (11, 50), (3, 68), (4, 78)),
        _blob("body", (97, 52), (84, 32), (58, 24), (34, 36), (20, 50), (34, 64),
              (58, 76), (84, 70)),
        _oval("light", (60, 64), 20, 7, -4),
        _line("dark", 4, (67, 36), (62, 50), (67, 64)),
        _oval("paper", (81, 44), 7),
        _oval("ink", (82.5, 44), 4.2),
    ),
    "cat": (
        _line("dark", 11, (72, 90), (90, 88), (95, 74), (89, 60)),
        _blob("body", (50, 48), (70, 58), (78, 92), (66, 98), (34, 98), (22, 92),
              (30, 58)),
        _oval("light", (50, 80), 13, 15),
        *_both(_poly("body", (20, 34), (20, 2), (46, 14)),
               _poly("dark", (26, 22), (26, 11), (36, 16))),
        _oval("body", (50, 34), 31, 25),
        *_face(32),
        _oval("light", (50, 48), 11, 7),
        _poly("flame", (45, 43), (55, 43), (50, 49)),
    ),
    "car": (
        _poly("body", (24, 48), (36, 23), (68, 23), (84, 48)),
        _blob("body", (3, 66), (5, 52), (22, 46), (50, 45), (84, 47), (97, 54),
              (97, 72), (88, 77), (50, 77), (8, 77)),
        _poly("glass", (32, 46), (40, 29), (52, 29), (52, 46)),
        _poly("glass", (57, 29), (65, 29), (76, 46), (57, 46)),
        _line("dark", 5, (6, 68), (94, 68)),
        _oval("sun", (92, 58), 4.5),
        *_both(_oval("ink", (25, 76), 13), _oval("cream", (25, 76), 5.5)),
    ),
    "boat": (
        _line("wood", 5, (50, 4), (50, 70)),
        _poly("light", (55, 8), (55, 60), (92, 60)),
        _poly("light", (45, 20), (45, 60), (14, 60)),
        _poly("body", (2, 67), (98, 67), (82, 96), (18, 96)),
        _poly("dark", (9, 80), (91, 80), (87, 87), (13, 87)),
    ),
    "cup": (
        _ring("body", 10, (72, 52), 17),
        _blob("body", (10, 18), (42, 16), (74, 18), (75, 50), (68, 84), (56, 95),
              (28, 95), (16, 84), (9, 50)),
        _line("light", 7, (22, 38), (23, 66)),
        _oval("light", (42, 18), 32, 9),
        _oval("dark", (42, 19), 26, 6),
    ),
    "star": (
        _star("body", (50, 53), 50, 24),
        _star("light", (48, 50), 26, 13),
    ),
    "heart": (
        _blob("body", (50, 24), (62, 10), (80, 6), (96, 20), (97, 42), (82, 66),
              (50, 96), (18, 66), (3, 42), (4, 20), (20, 6), (38, 10)),
        _oval("light", (24, 28), 8, 12, 35),
    ),
    "moon": (
        _crescent("body", 46, 34),
        _oval("dark", (22, 40), 6),
        _oval("dark", (32, 70), 7),
        _oval("light", (36, 18), 4.5),
    ),
    "mushroom": (
        _blob("cream", (36, 50), (64, 50), (66, 76), (72, 94), (50, 98), (28, 94),
              (34, 76)),
        _blob("body", (2, 52), (12, 24), (50, 4), (88, 24), (98, 52), (74, 60),
              (50, 62), (26, 60)),
        _line("dark", 5, (10, 54), (30, 57), (50, 58), (70, 57), (90, 54)),
        _oval("paper", (50, 24), 11, 9),
        *_both(_oval("paper", (22, 40), 8, 7)),
    ),
    "butterfly": (
        *_both(
            _line("ink", 4, (49, 30), (40, 12), (34, 8)),
            _blob("body", (48, 46), (34, 18), (10, 10), (2, 26), (12, 48), (34, 56)),
            _blob("dark", (48, 52), (28, 54), (12, 68), (18, 90), (34, 90), (46, 72)),
            _oval("light", (19, 30), 8),
            _oval("light", (28, 74), 6),
        ),
        _oval("ink", (50, 54), 6, 28),
    ),
    "umbrella": (
        _line("wood", 6, (50, 10), (50, 86), (46, 94), (38, 95), (33, 90), (33, 82)),
        _blob("body", (2, 54), (10, 26), (32, 9), (50, 6), (68, 9), (90, 26), (98, 54),
              (84, 48), (67, 54), (50, 48), (33, 54), (16, 48)),
        *_both(_blob("dark", (49, 7), (38, 20), (32, 54), (22, 49), (16, 48),
                     (28, 18))),
        _line("dark", 5, (50, 2), (50, 8)),
    ),
    "ball": (
        _oval("body", (50, 50), 48),
        _blob("light", (46, 44), (34, 30), (30, 6), (50, 3), (70, 6), (62, 30)),
        _blob("light", (46, 50), (28, 58), (5, 64), (16, 84), (32, 94), (44, 70)),
        _blob("light", (54, 50), (72, 58), (95, 64), (84, 84), (68, 94), (56, 70)),
        _oval("dark", (50, 48), 8),
    ),
    "apple": (
        _line("wood", 6, (50, 28), (52, 14), (57, 4)),
        _blob("leaf", (54, 18), (66, 6), (84, 6), (74, 18)),
        _blob("body", (50, 27), (70, 20), (92, 34), (94, 58), (80, 88), (62, 98),
              (50, 94), (38, 98), (20, 88), (6, 58), (8, 34), (30, 20)),
        _oval("light", (26, 46), 8, 13, 20),
    ),
    "hat": (
        _oval("body", (50, 84), 48, 13),
        _blob("body", (24, 82), (20, 12), (34, 6), (50, 8), (66, 6), (80, 12), (76, 82),
              (50, 88)),
        _blob("light", (23, 60), (50, 65), (77, 60), (77, 76), (50, 81), (23, 76)),
        _oval("dark", (50, 11), 27, 5),
    ),
    "bell": (
        _ring("dark", 6, (50, 11), 7),
        _oval("dark", (50, 90), 10),
        _blob("body", (50, 14), (72, 26), (78, 56), (95, 82), (50, 87), (5, 82),
              (22, 56), (28, 26)),
        _line("dark", 6, (16, 74), (50, 77), (84, 74)),
        _line("light", 7, (36, 34), (33, 54)),
    ),
    "rocket": (
        _blob("flame", (40, 76), (60, 76), (57, 90), (50, 99), (43, 90)),
        _oval("sun", (50, 82), 5, 8),
        *_both(_blob("dark", (34, 50), (16, 66), (12, 90), (38, 78))),
        _blob("body", (50, 1), (66, 20), (70, 48), (62, 78), (38, 78), (30, 48),
              (34, 20)),
        _blob("dark", (50, 1), (59, 10), (63, 20), (50, 23), (37, 20), (41, 10)),
        _oval("light", (50, 42), 13),
        _oval("glass", (50, 42), 9),
    ),
    "key": (
        _line("body", 11, (42, 42), (94, 94)),
        _line("body", 10, (74, 74), (88, 60)),
        _line("body", 10, (90, 90), (98, 82)),
        _ring("body", 14, (27, 27), 20),
        _line("light", 5, (12, 24), (17, 15), (26, 10)),
    ),
    "crown": (
        _poly("body", (7, 96), (3, 32), (29, 56), (50, 14), (71, 56), (97, 32),
              (93, 96)),
        *_both(_oval("light", (5, 28), 6)),
        _oval("light", (50, 10), 7),
        _poly("dark", (6, 80), (94, 80), (93, 97), (7, 97)),
        _oval("light", (50, 66), 7, 8),
        *_both(_oval("light", (25, 72), 5)),
    ),
    "rabbit": (
        *_both(
            _oval("body", (36, 22), 10.5, 24, -8),
            _oval("light", (36.5, 24), 4.5, 15, -8),
            _oval("body", (30, 93), 14, 7),
        ),
        _oval("body", (50, 82), 27, 19),
        _oval("light", (50, 86), 13, 11),
        _oval("body", (50, 52), 28, 22),
        *_face(49),
        _oval("light", (50, 64), 10, 7),
        _oval("flame", (50, 60), 5, 3.5),
    ),
    "lamp": (
        _line("dark", 8, (50, 50), (50, 92)),
        _oval("dark", (50, 92), 27, 7),
        _oval("sun", (50, 55), 11),
        _blob("body", (32, 5), (50, 3), (68, 5), (80, 28), (94, 54), (50, 60), (6, 54),
              (20, 28)),
        _line("light", 7, (36, 14), (24, 42)),
        _line("dark", 5, (8, 53), (50, 58), (92, 53)),
    ),
}  # fmt: skip
