"""The built-in data set: drawn scenes whose truth is known, made on demand.

Nothing is downloaded. One scene follows from the seed, its split and its number alone,
so the same pictures come out in any order and on any number of processes.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

from llmvis.config import IngestConfig
from llmvis.datasets.image_files import picture_id
from llmvis.datasets.scene_captions import captions
from llmvis.datasets.scene_drawing import draw
from llmvis.datasets.scene_layout import lay_out
from llmvis.datasets.scene_splits import (
    HELD_OUT_PAIRS,
    TRAIN_PAIRS,
    Pair,
    shows_unseen_scene,
    states_unseen_scene,
)
from llmvis.errors import ConfigError
from llmvis.prompts.lexicon import BACKGROUNDS, RELATIONS
from llmvis.records import Example, Relation, Scene, Thing

Item = tuple[str, int]  # split, and number in it

_BACKGROUNDS = tuple(BACKGROUNDS)
_RELATIONS = (*RELATIONS, "on")  # what people ask for most, and the hardest
_NUM_THINGS = (1, 2, 2, 2, 3)  # a fifth, three fifths, a fifth
_SIZES = ("small", "large")
_SIZES_OF_THREE = ("small", "small", "large")  # three large things rarely fit
_COUNT_WEIGHTS = (80, 12, 8)  # of one, two and three copies
_MOST_COPIES = 5  # in one scene: more are not legible at 64 pixels
_TRIES = 12


def list_items(config: IngestConfig) -> Sequence[Item]:
    """Names every scene to draw, split by split.

    Raises:
        ConfigError: No training scene, or no test scene, is asked for.
    """
    sizes = dict.fromkeys(_DRAWERS, config.num_test_scenes)
    sizes["train"] = config.num_train_scenes
    if min(sizes.values()) < 1:
        raise ConfigError(
            f"ingest.num_train_scenes is {config.num_train_scenes} and "
            f"ingest.num_test_scenes is {config.num_test_scenes}. Both must be at "
            "least 1; 2000 and 100 make a small set."
        )
    return [(split, i) for split, size in sizes.items() for i in range(size)]


def read_item(item: Item, config: IngestConfig) -> Example:
    """Draws and describes one scene."""
    split, number = item
    scene = make_scene(split, number, config)
    rng = _random("picture", split, number, config)
    image = draw(scene, config.image_size, rng)
    graph = scene.to_json()
    return Example(
        example_id=picture_id(image),
        image=image,
        captions=captions(scene, rng),
        split=split,
        group_id=hashlib.sha256(graph.encode()).hexdigest()[:16],
        source=f"scenes/{config.seed}/{split}/{number}",
        license="Apache-2.0",
        width=config.image_size,
        height=config.image_size,
        scene=graph,
    )


def make_scene(split: str, number: int, config: IngestConfig) -> Scene:
    """Decides what is in a scene and where, without drawing it."""
    return _DRAWERS[split](_random("scene", split, number, config), config)


def _random(purpose: str, split: str, number: int, config: IngestConfig) -> Random:
    return Random(f"{purpose} {split} {number} {config.seed}")


def _draw_seen(rng: Random, _config: IngestConfig) -> Scene:
    """A scene of training: no held-out pair, nothing that shows a held-out scene."""
    while True:
        scene = _compose(_draw_pairs(rng), rng)
        if not states_unseen_scene(scene) and not shows_unseen_scene(scene):
            return scene


def _draw_as_in_train(rng: Random, config: IngestConfig) -> Scene:
    """The things, colours and relations of a training scene, set out anew."""
    seen = make_scene("train", rng.randrange(config.num_train_scenes), config)
    while True:
        scene = _fit(replace(seen, background=rng.choice(_BACKGROUNDS)), rng)
        if scene is not None and not shows_unseen_scene(scene):
            return scene


def _draw_unseen_scene(rng: Random, _config: IngestConfig) -> Scene:
    """Seen pairs, of which at least two stand as no two of training do."""
    while True:
        scene = _compose(_draw_pairs(rng), rng)
        if states_unseen_scene(scene):
            return scene


def _draw_unseen_binding(rng: Random, _config: IngestConfig) -> Scene:
    """At least one thing in a colour that its kind never has in training."""
    pairs = _draw_pairs(rng)
    pairs[rng.randrange(len(pairs))] = rng.choice(sorted(HELD_OUT_PAIRS))
    return _compose(pairs, rng)


_DRAWERS: dict[str, Callable[[Random, IngestConfig], Scene]] = {
    "train": _draw_seen,
    "validation": _draw_seen,
    "test_seen": _draw_as_in_train,
    "test_unseen_scene": _draw_unseen_scene,
    "test_unseen_binding": _draw_unseen_binding,
}


def _draw_pairs(rng: Random) -> list[Pair]:
    """Draws the things of a scene; no two are alike, or captions could not tell."""
    return rng.sample(TRAIN_PAIRS, rng.choice(_NUM_THINGS))


def _compose(pairs: list[Pair], rng: Random) -> Scene:
    """Joins the things by relations that leave room for all of them.

    Where that fails it draws other relations but keeps the things, so that no kind
    of thing is rarer for being wide.
    """
    while True:
        scene = _fit(_relate(pairs, rng), rng)
        if scene is not None:
            return scene


def _relate(pairs: list[Pair], rng: Random) -> Scene:
    """Draws a relation of each thing after the first with an earlier one."""
    relations = []
    for i in range(1, len(pairs)):
        ends = [i, rng.randrange(i)]
        rng.shuffle(ends)
        relation = rng.choice(_RELATIONS)
        relations.append(Relation(ends[0], relation, ends[1]))
    return Scene(
        things=tuple(
            Thing(kind=kind, color=color, size=None, count=1) for kind, color in pairs
        ),
        relations=tuple(relations),
        background=rng.choice(_BACKGROUNDS),
    )


def _fit(graph: Scene, rng: Random) -> Scene | None:
    """Draws counts, sizes and places a few times; None where nothing fitted."""
    sizes = _SIZES if len(graph.things) < 3 else _SIZES_OF_THREE
    for _ in range(_TRIES):
        counts = [rng.choices((1, 2, 3), _COUNT_WEIGHTS)[0] for _ in graph.things]
        things = [
            replace(thing, count=count, size=rng.choice(sizes), boxes=())
            for thing, count in zip(graph.things, counts, strict=True)
        ]
        scene = lay_out(replace(graph, things=tuple(things)), rng)
        if scene is not None and sum(counts) <= _MOST_COPIES:
            return scene
    return None
