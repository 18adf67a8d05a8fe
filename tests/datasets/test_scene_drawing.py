from collections import Counter
from random import Random

import numpy as np
import pytest

from llmvis.datasets.scene_backgrounds import paint_background
from llmvis.datasets.scene_drawing import BODY_RGB, aspect, draw, tints
from llmvis.datasets.sprites import SPRITES
from llmvis.prompts.lexicon import BACKGROUNDS, COLORS, KINDS
from llmvis.records import Scene, Thing


def scene_of(kind: str, color: str, background: str, side: int = 28) -> Scene:
    width, height = side * min(1, aspect(kind)), side / max(1, aspect(kind))
    box = (8 / 64, 8 / 64, (8 + round(width)) / 64, (8 + round(height)) / 64)
    thing = Thing(kind=kind, color=color, size="large", count=1, boxes=(box,))
    return Scene(things=(thing,), relations=(), background=background)


def named_colors(pixels: np.ndarray) -> Counter:
    """Counts pixels by the colour of which they are the body or a tint."""
    known = [(color, rgb) for color in BODY_RGB for rgb in tints(color)]
    distances = [np.abs(pixels - np.array(rgb)).sum(axis=-1) for _, rgb in known]
    return Counter(known[i][0] for i in np.argmin(distances, axis=0))


def test_there_is_art_for_every_kind_a_color_for_every_word_and_every_background():
    assert set(SPRITES) == set(KINDS)
    assert set(BODY_RGB) == set(COLORS)
    for background in BACKGROUNDS:
        assert paint_background(background, 32, Random(0)).shape == (32, 32, 3)


@pytest.mark.parametrize("side", [16, 28])
@pytest.mark.parametrize("kind", SPRITES)
def test_most_of_a_thing_has_the_color_it_is_called_by(kind, side):
    for color in BODY_RGB:
        on_plain, on_sky = (
            draw(scene_of(kind, color, background, side), 64, Random(0)).astype(int)
            for background in ("plain", "sky")
        )
        opaque = (on_plain == on_sky).all(axis=-1)
        assert named_colors(on_plain[opaque]).most_common(1)[0][0] == color


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_every_thing_stands_out_from_every_background(background):
    for kind in SPRITES:
        for color in BODY_RGB:
            scene = scene_of(kind, color, background)
            empty = Scene(things=(), relations=(), background=background)
            drawn, behind = (draw(s, 64, Random(0)).astype(int) for s in (scene, empty))
            changed = np.abs(drawn - behind).max(axis=-1) > 40
            left, top, right, bottom = (round(64 * x) for x in scene.things[0].boxes[0])
            # White on a white background leaves the outline and the shaded parts.
            assert changed[top:bottom, left:right].mean() > 0.12, (kind, color)


@pytest.mark.parametrize("image_size", [32, 64, 256])
def test_a_thing_fills_its_box_and_nothing_else(image_size):
    for kind in SPRITES:
        scene = scene_of(kind, "red", "plain")
        empty = Scene(things=(), relations=(), background="plain")
        drawn, behind = (draw(s, image_size, Random(0)) for s in (scene, empty))
        rows, columns = np.nonzero((drawn != behind).any(axis=-1))
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)

        expected = np.array(scene.things[0].boxes[0]) * image_size
        assert np.abs(np.array(found) - expected).max() <= 1.5, kind


def test_what_reaches_over_the_edge_is_cut():
    box = (-0.2, 0.8, 0.2, 1.2)
    thing = Thing(kind="ball", color="red", size=None, count=1, boxes=(box,))

    picture = draw(
        Scene(things=(thing,), relations=(), background="plain"), 64, Random(0)
    )

    assert named_colors(picture[56:, :8].reshape(-1, 3).astype(int))["red"] > 0
