"""Scenes and pictures made wrong on purpose, to see whether a judge notices.

Each function of a scene changes what is asked of a picture that stays as it is, which
spoils the pair as surely as another picture would; it gives None where a scene has
nothing to change. Each function of pictures spoils them.
"""

from dataclasses import replace
from random import Random

import numpy as np

from llmvis.prompts.lexicon import BACKGROUNDS, COLORS, KINDS, SIZES
from llmvis.prompts.relations import holds, union
from llmvis.records import Relation, Scene, Thing

_SWAPPED = {
    "on": "under",
    "under": "on",
    "above": "below",
    "below": "above",
    "left_of": "right_of",
    "right_of": "left_of",
    "next_to": "above",
}


def another_color(scene: Scene, rng: Random) -> Scene | None:
    """Asks one thing in another colour."""
    return _with_another(scene, "color", list(COLORS), rng)


def another_kind(scene: Scene, rng: Random) -> Scene | None:
    """Asks for another thing in the place of one."""
    return _with_another(scene, "kind", list(KINDS), rng)


def another_size(scene: Scene, rng: Random) -> Scene | None:
    """Asks for one thing in the other size."""
    return _with_another(scene, "size", list(SIZES), rng)


def another_count(scene: Scene, rng: Random) -> Scene | None:
    """Asks for one copy more or less of one thing."""
    return _with_another(scene, "count", [1, 2, 3], rng)


def another_background(scene: Scene, rng: Random) -> Scene | None:
    """Asks for another background."""
    if scene.background is None:
        return None
    others = [name for name in BACKGROUNDS if name != scene.background]
    return replace(scene, background=rng.choice(others))


def swapped_relation(scene: Scene, rng: Random) -> Scene | None:
    """Asks for one relation the other way round, where that does not hold as well."""
    told = list(scene.relations)
    rng.shuffle(told)
    for one in told:
        swapped = Relation(one.subject, _SWAPPED[one.relation], one.object)
        if not _is_so(scene, swapped):
            kept = tuple(swapped if r is one else r for r in scene.relations)
            return replace(scene, relations=kept)
    return None


def one_thing_more(scene: Scene, rng: Random) -> Scene:
    """Asks for a thing that is not there, as if it had been taken away."""
    kinds = {thing.kind for thing in scene.things}
    kind = rng.choice([name for name in KINDS if name not in kinds])
    added = Thing(kind=kind, color=rng.choice(list(COLORS)), size=None, count=1)
    return replace(scene, things=(*scene.things, added))


def one_thing_less(scene: Scene, rng: Random) -> Scene | None:  # noqa: ARG001
    """Leaves the last thing unasked, as if it had been added to the picture."""
    last = len(scene.things) - 1
    if last == 0:
        return None
    kept = tuple(r for r in scene.relations if last not in (r.subject, r.object))
    return replace(scene, things=scene.things[:-1], relations=kept)


def _with_another(scene: Scene, name: str, values: list, rng: Random) -> Scene | None:
    said = [i for i, thing in enumerate(scene.things) if getattr(thing, name)]
    if not said:
        return None
    i = rng.choice(said)
    others = [value for value in values if value != getattr(scene.things[i], name)]
    changed = replace(scene.things[i], **{name: rng.choice(others)})
    things = (*scene.things[:i], changed, *scene.things[i + 1 :])
    if len({(thing.kind, thing.color) for thing in things}) < len(things):
        return None  # two things alike would be another question altogether
    return replace(scene, things=things)


def _is_so(scene: Scene, told: Relation) -> bool:
    boxes = [scene.things[i].boxes for i in (told.subject, told.object)]
    return all(boxes) and holds(told.relation, union(boxes[0]), union(boxes[1]))


def blurred(images: np.ndarray, seed: int) -> np.ndarray:  # noqa: ARG001
    """Averages each pixel with those up to a sixteenth of the picture away."""
    reach = max(1, images.shape[1] // 16)
    pixels = images.astype(np.float32)
    for axis in (1, 2):
        shifted = [np.roll(pixels, k, axis) for k in range(-reach, reach + 1)]
        pixels = np.mean(shifted, axis=0)
    return pixels.astype(np.uint8)


def noisy(images: np.ndarray, seed: int) -> np.ndarray:
    """Adds noise with a standard deviation of 80 grey levels."""
    noise = np.random.default_rng(seed).normal(0, 80, images.shape)
    return (images + noise).clip(0, 255).astype(np.uint8)


def gray(images: np.ndarray, seed: int) -> np.ndarray:  # noqa: ARG001
    """Takes the colours away."""
    return np.repeat(images.mean(axis=-1, keepdims=True), 3, axis=-1).astype(np.uint8)


def black(images: np.ndarray, seed: int) -> np.ndarray:  # noqa: ARG001
    """Takes everything away."""
    return np.zeros_like(images)
