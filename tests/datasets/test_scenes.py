from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llmvis import config
from llmvis.datasets import scenes
from llmvis.datasets.scene_layout import GRID, LONGEST
from llmvis.errors import ConfigError
from llmvis.prompts.lexicon import COLORS, KINDS, RELATIONS
from llmvis.prompts.relations import holds, union
from llmvis.records import Scene

CONFIG = replace(
    config.read(Path(__file__).parents[2] / "params.yaml").ingest,
    num_train_scenes=2000,
    num_test_scenes=200,
)


@pytest.fixture(scope="module")
def train() -> list[Scene]:
    return [scenes.make_scene("train", i, CONFIG) for i in range(2000)]


def test_the_same_seed_gives_the_same_picture_and_captions():
    first, second = (scenes.read_item(("train", 3), CONFIG) for _ in range(2))
    other = scenes.read_item(("train", 3), replace(CONFIG, seed=1))

    assert np.array_equal(first.image, second.image)
    assert first.captions == second.captions
    assert first.example_id == second.example_id != other.example_id


@pytest.mark.parametrize("image_size", [32, 64, 256])
def test_a_scene_is_drawn_at_the_size_that_is_asked_for(image_size):
    example = scenes.read_item(("train", 0), replace(CONFIG, image_size=image_size))

    assert example.image.shape == (image_size, image_size, 3)
    assert example.image.dtype == np.uint8


def test_the_same_scene_is_drawn_at_every_size():
    small, large = (
        scenes.read_item(("train", 0), replace(CONFIG, image_size=size))
        for size in (32, 256)
    )

    assert small.scene == large.scene
    assert small.captions == large.captions


def test_an_example_keeps_its_scene_graph():
    example = scenes.read_item(("train", 5), CONFIG)

    scene = Scene.from_json(example.scene)
    assert scene == scenes.make_scene("train", 5, CONFIG)
    assert {caption.lang for caption in example.captions} == {"en", "zh"}


def test_every_stated_relation_holds_even_if_a_thing_were_two_pixels_off(train):
    step = 2 / GRID
    for scene in train:
        boxes = [union(thing.boxes) for thing in scene.things]
        for r in scene.relations:
            for x, y in ((0, 0), (step, 0), (-step, 0), (0, step), (0, -step)):
                moved = tuple(np.add(boxes[r.subject], (x, y, x, y)))
                assert holds(r.relation, moved, boxes[r.object]), scene


def test_things_lie_in_the_picture_and_only_touch_where_one_stands_on_the_other(train):
    for scene in train:
        boxes = [box for thing in scene.things for box in thing.boxes]
        assert np.min(boxes) >= 0
        assert np.max(boxes) <= 1
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                width = min(a[2], b[2]) - max(a[0], b[0])
                height = min(a[3], b[3]) - max(a[1], b[1])
                assert min(width, height) <= 1 / GRID, scene


def test_things_that_no_relation_joins_keep_apart(train):
    for scene in train:
        related = {frozenset((r.subject, r.object)) for r in scene.relations}
        boxes = [union(thing.boxes) for thing in scene.things]
        for i, a in enumerate(boxes):
            for j, b in enumerate(boxes[:i]):
                gap_x = max(a[0], b[0]) - min(a[2], b[2])
                gap_y = max(a[1], b[1]) - min(a[3], b[3])
                assert {i, j} in related or max(gap_x, gap_y) >= 2 / GRID, scene


def test_small_and_large_are_told_apart_by_the_longest_side(train):
    for thing in (thing for scene in train for thing in scene.things):
        for left, top, right, bottom in thing.boxes:
            longest = GRID * max(right - left, bottom - top)
            assert LONGEST[thing.size][0] <= longest <= LONGEST[thing.size][1]


def test_a_thing_is_there_as_often_as_its_count_says(train):
    assert all(t.count == len(t.boxes) for scene in train for t in scene.things)
    counts = Counter(t.count for scene in train for t in scene.things)
    assert set(counts) == {1, 2, 3}
    assert 0.7 < counts[1] / counts.total() < 0.9


def test_no_two_things_of_a_scene_are_alike(train):
    for scene in train:
        pairs = [(thing.kind, thing.color) for thing in scene.things]
        assert len(set(pairs)) == len(pairs)


def test_a_fifth_of_scenes_has_one_thing_and_a_fifth_has_three(train):
    counts = Counter(len(scene.things) for scene in train)

    assert counts[1] / 2000 == pytest.approx(0.2, abs=0.04)
    assert counts[3] / 2000 == pytest.approx(0.2, abs=0.04)
    assert all(len(s.relations) == len(s.things) - 1 for s in train)


def test_every_kind_color_and_relation_is_frequent_in_training(train):
    things = [thing for scene in train for thing in scene.things]
    kinds = Counter(thing.kind for thing in things)
    colors = Counter(thing.color for thing in things)
    relations = Counter(r.relation for scene in train for r in scene.relations)

    assert min(kinds[kind] for kind in KINDS) > 0.7 * len(things) / len(KINDS)
    assert min(colors[color] for color in COLORS) > 0.7 * len(things) / len(COLORS)
    assert min(relations[name] for name in RELATIONS) > 0.08 * relations.total()


def test_a_set_without_test_scenes_is_refused_with_numbers_that_work():
    with pytest.raises(ConfigError, match=r"num_test_scenes is 0.*2000 and 100"):
        scenes.list_items(replace(CONFIG, num_test_scenes=0))
