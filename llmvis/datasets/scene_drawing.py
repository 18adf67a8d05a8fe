"""Draws a scene: a calm background, and each thing as an anti-aliased sprite.

Dimension key: R roles of a sprite, H rows, W columns.
"""

from functools import lru_cache
from random import Random

import numpy as np
from PIL import Image, ImageDraw

from llmvis.datasets.scene_backgrounds import paint_background
from llmvis.datasets.sprites import ACCENTS, SPRITES, TINTS
from llmvis.datasets.vector_shapes import Shape
from llmvis.records import Box, Scene

Rgb = tuple[int, int, int]

BODY_RGB: dict[str, Rgb] = {
    "red": (226, 34, 38),
    "orange": (250, 134, 18),
    "yellow": (255, 216, 40),
    "green": (40, 164, 70),
    "blue": (34, 104, 226),
    "purple": (132, 60, 192),
    "pink": (255, 146, 196),
    "brown": (134, 82, 44),
    "black": (40, 40, 46),
    "white": (252, 252, 252),
    "gray": (148, 150, 156),
}
# Tints are mixed with white and with black, save where there is no room for that.
_LIGHT_RGB = {"black": (98, 98, 108), "white": (224, 229, 238)}
_DARK_RGB = {"white": (196, 202, 214), "black": (16, 16, 20), "yellow": (234, 172, 16)}
_OUTLINE_RGB = {"white": (120, 124, 140)}

_ROLES = ("outline", *TINTS, *ACCENTS)
_SUPERSAMPLING = 8


def draw(scene: Scene, image_size: int, rng: Random) -> np.ndarray:
    """Draws `scene`, whose things must have boxes.

    Args:
        scene: What to draw. Things are painted in order, so a later one is in front.
        image_size: Side of the picture in pixels, 32 to 256.
        rng: Draws what the scene leaves open: the variant of the background.

    Returns:
        The picture, shape `(image_size, image_size, 3)`, uint8.
    """
    background = scene.background or "plain"
    canvas = paint_background(background, image_size, rng)
    for thing in scene.things:
        color = thing.color or "gray"
        for box in thing.boxes:
            left, top, right, bottom = _to_pixels(box, image_size)
            sprite = _sprite(
                thing.kind, (right - left, bottom - top), color, background == "night"
            )
            if faces_left(box):
                sprite = sprite[:, ::-1]
            _paste(canvas, sprite, left, top)
    return np.round(canvas).astype(np.uint8)


@lru_cache
def aspect(kind: str) -> float:
    """How wide a kind of thing is for its height."""
    left, top, right, bottom = _extent(SPRITES[kind])
    return (right - left) / (bottom - top)


def faces_left(box: Box) -> bool:
    """Tells which way the thing in `box` faces.

    The width decides, so that a layout knows where the head and the feet will be.
    """
    return round((box[2] - box[0]) * 64) % 2 == 1


@lru_cache
def peak(kind: str) -> float:
    """Where the top of a thing that faces right is, from its left edge, in [0, 1]."""
    return _middle(kind, slice(None, 12))


@lru_cache
def foot(kind: str) -> float:
    """Where a thing that faces right touches the ground, from its left edge."""
    return _middle(kind, slice(-12, None))


def _middle(kind: str, rows: slice) -> float:
    weights_W = _coverage(kind, (64, 64)).sum(axis=0)[rows].sum(axis=0)
    return float(np.average((np.arange(64) + 0.5) / 64, weights=weights_W))


def _to_pixels(box: Box, image_size: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(side * image_size) for side in box)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _paste(canvas: np.ndarray, sprite: np.ndarray, left: int, top: int) -> None:
    """Lays `(H, W, 4)` premultiplied colours over the canvas, cut at its edges."""
    x, y = max(left, 0), max(top, 0)
    under = canvas[y : top + sprite.shape[0], x : left + sprite.shape[1]]
    over = sprite[y - top :, x - left :][: under.shape[0], : under.shape[1]]
    under *= 1 - over[..., 3:]
    under += over[..., :3]


@lru_cache(maxsize=4096)
def _sprite(kind: str, size: tuple[int, int], color: str, at_night: bool) -> np.ndarray:
    """Paints one thing, shape `(H, W, 4)`: premultiplied RGB in [0, 255], and alpha."""
    coverage_RHW = _coverage(kind, size)
    colors_R3 = np.array(_palette(color, at_night), np.float32)
    painted_HW3 = np.einsum("rhw,rc->hwc", coverage_RHW, colors_R3)
    painted_HW3 *= _shading(size)[..., None]
    alpha_HW1 = coverage_RHW.sum(axis=0)[..., None]
    # Highlights must not go above what the pixel covers, or edges would shine.
    return np.concatenate([np.minimum(painted_HW3, 255 * alpha_HW1), alpha_HW1], -1)


def _shading(size: tuple[int, int]) -> np.ndarray:
    """Light from the upper left: 1.08 there, falling to 0.88 at the lower right."""
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    return (1.08 - 0.2 * (0.35 * x + 0.65 * y)).astype(np.float32)


def tints(color: str) -> tuple[Rgb, Rgb, Rgb]:
    """The body of a thing of that colour, and its light and its dark parts."""
    body = BODY_RGB[color]
    light = _LIGHT_RGB.get(color) or _mix(body, (255, 255, 255), 0.5)
    dark = _DARK_RGB.get(color) or _mix(body, (20, 10, 30), 0.28)
    return body, light, dark


def _palette(color: str, at_night: bool) -> list[Rgb]:
    """The colour of each of `_ROLES` in a thing whose body has `color`."""
    body, light, dark = tints(color)
    outline = _OUTLINE_RGB.get(color) or _mix(body, (20, 12, 28), 0.62)
    if at_night:  # a dark outline would vanish, and a black thing with it
        outline = _mix(body, (214, 222, 255), 0.55)
    return [outline, body, light, dark, *ACCENTS.values()]


def _mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    red, green, blue = (round(x + share * (y - x)) for x, y in zip(a, b, strict=True))
    return red, green, blue


@lru_cache(maxsize=1024)
def _coverage(kind: str, size: tuple[int, int]) -> np.ndarray:
    """The share of each pixel that each role covers, `(R, H, W)` in [0, 1]."""
    width, height = (side * _SUPERSAMPLING for side in size)
    roles = Image.new("L", (width, height), len(_ROLES))
    _draw_roles(ImageDraw.Draw(roles), SPRITES[kind], (width, height))
    fine_HW = np.asarray(roles)
    fine_RHW = fine_HW == np.arange(len(_ROLES), dtype=np.uint8)[:, None, None]
    blocks = (len(_ROLES), size[1], _SUPERSAMPLING, size[0], _SUPERSAMPLING)
    return fine_RHW.reshape(blocks).mean(axis=(2, 4), dtype=np.float32)


def _draw_roles(
    pen: ImageDraw.ImageDraw, shapes: tuple[Shape, ...], size: tuple[int, int]
) -> None:
    """Fills the drawing with the sprite, edge to edge with its outline."""
    # 0.6 pixels for the smallest thing, so that its colour still has room.
    rim = max(0.6 * _SUPERSAMPLING, 0.034 * max(size))
    left, top, right, bottom = _extent(shapes)
    scale_x = (size[0] - 1 - 2 * rim) / (right - left)
    scale_y = (size[1] - 1 - 2 * rim) / (bottom - top)
    scale = (scale_x + scale_y) / 2
    for is_outline in (True, False):
        for shape in shapes:
            points = [
                (rim + (x - left) * scale_x, rim + (y - top) * scale_y)
                for x, y in shape.points
            ]
            role = 0 if is_outline else _ROLES.index(shape.role)
            grown = 2 * rim if is_outline else 0
            _draw_shape(pen, points, shape.width * scale, grown, role)


def _draw_shape(pen, points, width: float, grown: float, role: int) -> None:
    if not width:
        pen.polygon(points, fill=role)
        points = [*points, points[0]]
    if width + grown:
        pen.line(points, fill=role, width=max(1, round(width + grown)), joint="curve")
        for x, y in points:  # round caps and corners
            reach = (width + grown) / 2
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=role)


def _extent(shapes: tuple[Shape, ...]) -> Box:
    """Left, top, right and bottom of a sprite on its canvas."""
    xs, ys = [], []
    for shape in shapes:
        for x, y in shape.points:
            xs += [x - shape.width / 2, x + shape.width / 2]
            ys += [y - shape.width / 2, y + shape.width / 2]
    return min(xs), min(ys), max(xs), max(ys)
