"""What is held out of training must not be in it: no graph, caption or picture."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from llmvis import config
from llmvis.datasets import scenes
from llmvis.datasets.scene_splits import HELD_OUT_PAIRS
from llmvis.prompts.lexicon import COLORS, KINDS
from llmvis.prompts.relations import holds, union
from llmvis.records import Example, Scene

NUM_TRAIN, NUM_TEST = 3000, 300
CONFIG = replace(
    config.read(Path(__file__).parents[2] / "params.yaml").ingest,
    image_size=32,
    num_train_scenes=NUM_TRAIN,
    num_test_scenes=NUM_TEST,
)
SEEN = ("train", "validation", "test_seen")
HELD_OUT = ("test_unseen_scene", "test_unseen_binding")


@cache
def read(split: str) -> list[tuple[Example, Scene]]:
    count = NUM_TRAIN if split == "train" else NUM_TEST
    examples = [scenes.read_item((split, i), CONFIG) for i in range(count)]
    return [(example, Scene.from_json(example.scene)) for example in examples]


def pairs(scene: Scene) -> list[tuple]:
    return [(thing.kind, thing.color) for thing in scene.things]


def stated(scene: Scene) -> set[tuple]:
    """What is said: over is one direction of seeing two things, and beside another."""
    found = set()
    for r in scene.relations:
        ends = pairs(scene)[r.subject], pairs(scene)[r.object]
        if r.relation in {"on", "above"}:
            found.add(("over", *ends))
        elif r.relation in {"under", "below"}:
            found.add(("over", *reversed(ends)))
        else:
            found.add(("beside", *sorted(ends)))
    return found


def shown(scene: Scene) -> set[tuple]:
    """What can be seen, stated or not, measured on the boxes."""
    boxes = [union(thing.boxes) for thing in scene.things]
    named = pairs(scene)
    both_ways = [(i, j) for i in range(len(boxes)) for j in range(len(boxes)) if i != j]
    over = {
        ("over", named[i], named[j])
        for i, j in both_ways
        if holds("above", boxes[i], boxes[j])
    }
    beside = {
        ("beside", *sorted((named[i], named[j])))
        for i, j in both_ways
        if holds("left_of", boxes[i], boxes[j])
    }
    return over | beside


def composition(scene: Scene) -> tuple:
    return tuple(pairs(scene)), scene.relations


@pytest.mark.parametrize("split", [*SEEN, "test_unseen_scene"])
def test_a_held_out_color_of_a_kind_is_only_where_it_is_tested(split):
    assert not any(HELD_OUT_PAIRS & set(pairs(scene)) for _, scene in read(split))


def test_every_picture_of_unseen_bindings_has_one():
    scenes_of_split = [scene for _, scene in read("test_unseen_binding")]

    assert all(HELD_OUT_PAIRS & set(pairs(scene)) for scene in scenes_of_split)
    assert {pair for s in scenes_of_split for pair in pairs(s)} >= HELD_OUT_PAIRS


def test_a_tenth_of_all_bindings_is_held_out_and_blue_birds_and_red_flowers_are():
    assert {("bird", "blue"), ("flower", "red")} <= HELD_OUT_PAIRS
    assert 0.08 < len(HELD_OUT_PAIRS) / (len(KINDS) * len(COLORS)) < 0.12
    for key in KINDS.keys() | COLORS.keys():
        assert 1 <= sum(key in pair for pair in HELD_OUT_PAIRS) <= 3


def test_every_picture_of_unseen_scenes_states_what_no_training_picture_shows():
    seen = set().union(*(shown(s) | stated(s) for _, s in read("train")))
    joint = [stated(scene) for _, scene in read("test_unseen_scene")]

    assert all(held_out - seen for held_out in joint)


@pytest.mark.parametrize("split", SEEN)
def test_no_seen_split_shows_an_unseen_scene(split):
    never = scenes.states_unseen_scene, scenes.shows_unseen_scene

    assert not any(held_out(scene) for _, scene in read(split) for held_out in never)


def test_every_composition_of_the_seen_test_is_in_training():
    trained = {composition(scene) for _, scene in read("train")}

    assert all(composition(scene) in trained for _, scene in read("test_seen"))


@pytest.mark.parametrize("split", HELD_OUT)
def test_no_caption_of_a_held_out_composition_is_in_training(split):
    trained = {
        caption.text for example, _ in read("train") for caption in example.captions
    }

    for example, _ in read(split):
        assert not trained & {caption.text for caption in example.captions}


def test_no_picture_and_no_scene_graph_is_in_two_splits():
    splits = [read(split) for split in (*SEEN, *HELD_OUT)]
    for key in ("example_id", "scene", "group_id"):
        names = [{getattr(example, key) for example, _ in split} for split in splits]
        assert len(set().union(*names)) == sum(map(len, names))
