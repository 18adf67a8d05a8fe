"""What the scene network sees in one picture, with chances.

Dimension key: P peaks, K classes.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from llmvis.judges.scene_truth import CLASSES
from llmvis.records import Box, Scene, Thing

SURE = 0.5  # chance from which something counts as there
_NEGLIGIBLE = 0.01
_SAME = 0.5  # intersection over union from which two boxes are of one thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One copy of a thing that may be there."""

    present: float  # calibrated chance that anything is there
    box: Box
    chances: Mapping[str, np.ndarray]  # of each kind, color and size

    def likeliest(self, name: str) -> str:
        return CLASSES[name][int(np.argmax(self.chances[name]))]

    def chance_of(self, name: str, value: str) -> float:
        return float(self.chances[name][CLASSES[name].index(value)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """All copies of one thing: alike in kind and colour."""

    thing: Thing
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is in one picture."""

    seen: tuple[Seen, ...]  # likeliest first, those that are hardly there left out
    background: np.ndarray  # (K,) chances
    is_flat: bool  # the picture has one colour throughout

    @property
    def likeliest_background(self) -> str:
        return CLASSES["background"][int(np.argmax(self.background))]

    def found(self, of_any_color: Collection[str] = ()) -> tuple[Found, ...]:
        """Groups the copies that are there.

        Args:
            of_any_color: Kinds that make one group whatever their colours. Of others
                those of one colour are a group: a scene has no two groups alike.
        """
        groups: dict[tuple[str, str], list[Seen]] = {}
        for one in self.seen:
            if one.present >= SURE:
                kind, color = one.likeliest("kind"), one.likeliest("color")
                alike = (kind, "" if kind in of_any_color else color)
                groups.setdefault(alike, []).append(one)
        return tuple(_found(seen) for seen in groups.values())

    def scene(self) -> Scene:
        """What is there, without relations."""
        return Scene(
            things=tuple(found.thing for found in self.found()),
            relations=(),
            background=self.likeliest_background,
        )


def _found(seen: list[Seen]) -> Found:
    sizes = np.mean([one.chances["size"] for one in seen], axis=0)
    thing = Thing(
        kind=seen[0].likeliest("kind"),
        color=seen[0].likeliest("color"),
        size=CLASSES["size"][int(np.argmax(sizes))],
        count=len(seen),
        boxes=tuple(one.box for one in seen),
    )
    return Found(thing=thing, seen=tuple(seen))


def to_seen(
    present: np.ndarray, boxes: np.ndarray, chances: Mapping[str, np.ndarray]
) -> tuple[Seen, ...]:
    """Lists what is seen in one picture, each thing once.

    Args:
        present: Chance of each peak, shape `(P,)`, likeliest first.
        boxes: Shape `(P, 4)`, in [0, 1].
        chances: Of each kind, color and size, each `(P, K)`.
    """
    kept: list[int] = []
    for p in np.flatnonzero(present > _NEGLIGIBLE).tolist():
        # Two neighbouring peaks can be one thing, whose box both have found.
        if all(overlap(boxes[p], boxes[other]) < _SAME for other in kept):
            kept.append(p)
    return tuple(
        Seen(
            present=float(present[p]),
            box=tuple(boxes[p].tolist()),
            chances={name: values[p] for name, values in chances.items()},
        )
        for p in kept
    )


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes, `(..., 4)` and `(..., 4)` to `(...)`."""
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(
        first[..., :2], second[..., :2]
    )
    shared = np.prod(np.maximum(sides, 0), axis=-1)
    areas = [np.prod(box[..., 2:] - box[..., :2], axis=-1) for box in (first, second)]
    return shared / np.maximum(areas[0] + areas[1] - shared, 1e-9)


def of_truth(scene: Scene) -> Reading:
    """Gives the reading that a judge who is never wrong would make of a scene."""
    seen = tuple(
        Seen(
            present=1.0,
            box=box,
            chances={
                name: _certain(name, getattr(thing, name))
                for name in ("kind", "color", "size")
            },
        )
        for thing in scene.things
        for box in thing.boxes
    )
    background = _certain("background", scene.background)
    return Reading(seen=seen, background=background, is_flat=False)


def _certain(name: str, value: str | None) -> np.ndarray:
    return np.array([float(value == one) for one in CLASSES[name]])
