"""The five calm backgrounds of `scenes`: smooth gradients and a soft horizon.

Calm, so that an image tokenizer spends its codes on the things in front.
"""

from collections.abc import Callable
from functools import lru_cache
from random import Random

import numpy as np

_NUM_VARIANTS = 24  # of each background, drawn once per process

_PLAIN_RGB = (
    (250, 250, 248),
    (252, 244, 228),
    (238, 243, 250),
    (250, 238, 240),
    (240, 247, 238),
    (244, 240, 250),
)


def paint_background(name: str, image_size: int, rng: Random) -> np.ndarray:
    """A fresh `(image_size, image_size, 3)` float32 picture in [0, 255] to draw on."""
    return _variant(name, image_size, rng.randrange(_NUM_VARIANTS)).copy()


@lru_cache(maxsize=5 * _NUM_VARIANTS)
def _variant(name: str, image_size: int, variant: int) -> np.ndarray:
    rng = np.random.default_rng(variant)
    # The centre of each pixel, in [0, 1], so that a picture looks alike at any size.
    middle = (np.arange(image_size) + 0.5) / image_size
    x, y = np.meshgrid(middle, middle)
    return np.clip(PAINTERS[name](x, y, rng), 0, 255).astype(np.float32)


def _plain(x, y, rng):
    color = np.array(_PLAIN_RGB[rng.integers(len(_PLAIN_RGB))])
    return color - 8 * (0.3 * x + 0.7 * y)[..., None]


def _sky(x, y, rng):
    picture = _gradient(y, (112, 178, 238), (206, 232, 250))
    left = rng.uniform(0.15, 0.85)
    for center_x in (left, (left + 0.5) % 1):
        cloud = _cloud(x, y, center_x, rng.uniform(0.12, 0.85), rng.uniform(0.8, 1.2))
        picture = _over(picture, np.full_like(picture, 250), 0.8 * cloud)
    return picture


def _meadow(x, y, rng):
    picture = _gradient(y / 0.7, (160, 210, 246), (226, 242, 250))
    back = _ground(x, y, rng.uniform(0.56, 0.64), rng)
    picture = _over(picture, _gradient(y, (188, 220, 140), (176, 212, 128)), back)
    front = _ground(x, y, rng.uniform(0.7, 0.78), rng)
    return _over(picture, _gradient(y, (178, 216, 116), (146, 194, 92)), front)


def _beach(x, y, rng):
    horizon = rng.uniform(0.42, 0.5)
    picture = _gradient(y / horizon, (150, 206, 246), (228, 243, 250))
    sea = _edge(y - horizon)
    picture = _over(picture, _gradient(y, (120, 210, 220), (70, 172, 205)), sea)
    sand = _ground(x, y, rng.uniform(0.64, 0.7), rng)
    return _over(picture, _gradient(y, (246, 226, 178), (232, 204, 148)), sand)


def _night(x, y, rng):
    picture = _gradient(y, (22, 26, 66), (66, 62, 118))
    for _ in range(7):
        far = np.hypot(x - rng.uniform(), y - rng.uniform(0, 0.75))
        picture += 130 * np.exp(-((far / 0.009) ** 2))[..., None]
    return picture


PAINTERS: dict[str, Callable] = {
    "plain": _plain,
    "sky": _sky,
    "meadow": _meadow,
    "beach": _beach,
    "night": _night,
}


def _gradient(share, upper, lower):
    share = np.clip(share, 0, 1)[..., None]
    return np.array(upper, float) * (1 - share) + np.array(lower, float) * share


def _over(below, above, share):
    return below + (above - below) * share[..., None]


def _edge(distance):
    """0 where `distance` is negative and 1 where not, one pixel wide in between."""
    return np.clip(distance * len(distance) + 0.5, 0, 1)


def _ground(x, y, height, rng):
    """All below a wavy horizon."""
    wave = np.sin(2 * np.pi * (x * rng.uniform(0.4, 0.8) + rng.uniform()))
    return _edge(y - height - 0.03 * wave)


def _cloud(x, y, center_x, base, scale):
    """Three circles with a flat base."""
    circles = ((-0.09, 0.055), (0.0, 0.085), (0.09, 0.06))
    shares = [
        _edge(scale * radius - np.hypot(x - center_x - scale * offset, y - base))
        for offset, radius in circles
    ]
    return np.max(shares, axis=0) * _edge(base + 0.02 * scale - y)
