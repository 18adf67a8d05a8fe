"""Shapes for vector art: points on a canvas of 100 by 100, y pointing down."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

Point = tuple[float, float]

_STEPS_PER_CURVE = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled polygon, or a line where `width` is above 0."""

    role: str
    points: tuple[Point, ...]
    width: float = 0.0


def poly(role: str, *points: Point) -> Shape:
    """A polygon with straight sides."""
    return Shape(role, points)


def line(role: str, width: float, *points: Point) -> Shape:
    """A line with round ends."""
    return Shape(role, points, width)


def blob(role: str, *points: Point) -> Shape:
    """A smooth closed shape through `points` (a uniform Catmull-Rom spline)."""
    return Shape(role, tuple(_closed_spline(points)))


def _closed_spline(points: tuple[Point, ...]) -> Iterator[Point]:
    for i in range(len(points)):
        around = [points[(i + j - 1) % len(points)] for j in range(4)]
        for step in range(_STEPS_PER_CURVE):
            x, y = (
                _catmull_rom(step / _STEPS_PER_CURVE, *axis)
                for axis in zip(*around, strict=True)
            )
            yield x, y


def _catmull_rom(t: float, a: float, b: float, c: float, d: float) -> float:
    cubic = -a + 3 * b - 3 * c + d
    return b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * cubic)) / 2


def oval(
    role: str, center: Point, radius: float, height: float = 0.0, tilt: float = 0.0
) -> Shape:
    """A disc, or an ellipse of half-width `radius` and half-height `height`.

    `tilt` in degrees turns it clockwise.
    """
    cosine, sine = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    flat = [_on_circle((0, 0), 1, angle) for angle in range(0, 360, 12)]
    grown = [(x * radius, y * (height or radius)) for x, y in flat]
    turned = [(x * cosine - y * sine, x * sine + y * cosine) for x, y in grown]
    return Shape(role, tuple((center[0] + x, center[1] + y) for x, y in turned))


def _on_circle(center: Point, radius: float, angle: float) -> Point:
    """The point at `angle` degrees, clockwise from the right."""
    turn = math.radians(angle)
    return center[0] + radius * math.cos(turn), center[1] + radius * math.sin(turn)


def ring(role: str, width: float, center: Point, radius: float) -> Shape:
    """A circle drawn as a line."""
    points = oval(role, center, radius).points
    return Shape(role, (*points, points[0]), width)


def both(*shapes: Shape) -> tuple[Shape, ...]:
    """The shapes, and their mirror images left to right."""
    mirrored = [
        Shape(s.role, tuple((100 - x, y) for x, y in s.points), s.width) for s in shapes
    ]
    return (*shapes, *mirrored)


def star(role: str, center: Point, radius: float, inner: float) -> Shape:
    """A star of five points, standing on two of them."""
    corners = [
        _on_circle(center, inner if i % 2 else radius, 36 * i - 90) for i in range(10)
    ]
    return Shape(role, tuple(corners))


def slice_of_ball(role: str, apex: Point, start: int, end: int) -> Shape:
    """A slice from `apex` to the rim of a disc of radius 48 round the middle."""
    rim = [_on_circle((50, 50), 48, start + (end - start) * i / 12) for i in range(13)]
    return Shape(role, (apex, *rim))


def petals(role: str, center: Point, distance: float, radius: float) -> tuple:
    """Six ovals round a flower's `center`, their own centers at `distance`."""
    return tuple(
        oval(role, _on_circle(center, distance, angle), 1.15 * radius, radius, angle)
        for angle in range(-90, 270, 60)
    )


def crescent(role: str, radius: float, bite: float) -> Shape:
    """A disc round the middle, less an equal disc that stands `bite` to the right."""
    tip = math.degrees(math.acos(bite / 2 / radius))
    outer = [tip + (360 - 2 * tip) * i / 40 for i in range(41)]
    inner = [180 + tip - 2 * tip * i / 40 for i in range(41)]
    return Shape(
        role,
        (
            *(_on_circle((50, 50), radius, angle) for angle in outer),
            *(_on_circle((50 + bite, 50), radius, angle) for angle in inner),
        ),
    )
