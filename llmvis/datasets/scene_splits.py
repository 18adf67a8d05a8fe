"""Which compositions of `scenes` are kept out of training.

Two kinds of composition are held out: a colour on a kind of thing, and two coloured
things in a relation. Both are fixed, whatever the seed, so that models trained on
different draws of the data can be compared.
"""

import hashlib
from functools import lru_cache

from llmvis.prompts.lexicon import COLORS, KINDS
from llmvis.prompts.relations import holds, union
from llmvis.records import Scene, Thing

Pair = tuple[str, str]  # a kind and a colour

# One colour of each kind, each colour two or three times, so that every kind and
# every colour stays frequent in training.
HELD_OUT_PAIRS: frozenset[Pair] = frozenset(
    {
        "bird": "blue",
        "flower": "red",
        "tree": "purple",
        "house": "black",
        "fish": "green",
        "cat": "pink",
        "car": "yellow",
        "boat": "orange",
        "cup": "brown",
        "star": "white",
        "heart": "gray",
        "moon": "green",
        "mushroom": "blue",
        "butterfly": "red",
        "umbrella": "black",
        "ball": "purple",
        "apple": "pink",
        "hat": "orange",
        "bell": "white",
        "rocket": "brown",
        "key": "purple",
        "crown": "gray",
        "rabbit": "yellow",
        "lamp": "blue",
    }.items()
)
ALL_PAIRS: tuple[Pair, ...] = tuple((kind, color) for kind in KINDS for color in COLORS)
TRAIN_PAIRS = tuple(pair for pair in ALL_PAIRS if pair not in HELD_OUT_PAIRS)

_ONE_IN = 10  # combinations of two coloured things and a direction


def pair(thing: Thing) -> Pair:
    """Kind and colour of a thing of a drawn scene."""
    return thing.kind, thing.color or ""


def has_unseen_binding(scene: Scene) -> bool:
    """Tells whether a thing has a colour that its kind never has in training."""
    return any(pair(thing) in HELD_OUT_PAIRS for thing in scene.things)


def states_unseen_scene(scene: Scene) -> bool:
    """Tells whether a stated relation joins two things in a held-out way."""
    return any(
        _is_held_out(
            r.relation, pair(scene.things[r.subject]), pair(scene.things[r.object])
        )
        for r in scene.relations
    )


def shows_unseen_scene(scene: Scene) -> bool:
    """Tells whether any two things stand in a held-out way, stated or not.

    A third thing can happen to stand left of the first: such a picture must not be in
    training either, if it would show a held-out combination.
    """
    boxes = [union(thing.boxes) for thing in scene.things]
    return any(
        holds(relation, boxes[i], boxes[j])
        and _is_held_out(relation, pair(scene.things[i]), pair(scene.things[j]))
        for i in range(len(boxes))
        for j in range(len(boxes))
        if i != j
        for relation in ("above", "left_of")
    )


def _is_held_out(relation: str, subject: Pair, object: Pair) -> bool:
    """Decides by hash of the two pairs and the direction they are seen along.

    `on` and `above` are one direction, and so are `left_of`, `right_of` and `next_to`:
    otherwise a picture of one would give the other away.
    """
    if relation in {"under", "below"}:
        subject, object = object, subject
    if relation in {"left_of", "right_of", "next_to"}:
        return _is_chosen("beside", *sorted((subject, object)))
    return _is_chosen("over", subject, object)


@lru_cache(maxsize=2**17)
def _is_chosen(direction: str, first: Pair, second: Pair) -> bool:
    name = " ".join((direction, *first, *second))
    return hashlib.sha256(name.encode()).digest()[0] % _ONE_IN == 0
