"""Captions of a scene by grammar: true, complete, and never always the same.

Every caption names every thing with its colour, its count where it is above one, and
every relation, so that it determines the picture up to size, background and jitter;
sizes and background are said in some captions only.
"""

from random import Random

from llmvis.datasets import scene_chinese, scene_english
from llmvis.records import Caption, Scene

_LANGUAGES = (("en", scene_english.describe), ("zh", scene_chinese.describe))
_WAYS = 5  # of describing a scene; with two or three, models learn them by heart


def captions(scene: Scene, rng: Random) -> tuple[Caption, ...]:
    """Describes a scene in five ways in English, then as many in Chinese.

    Args:
        scene: What is drawn. Every thing has a colour, no two things share both kind
            and colour, and the relations connect all things.
        rng: Decides what is said, and how.

    Returns:
        Ten captions that differ by more than a capital or a full stop.
    """
    described: dict[str, Caption] = {}
    for lang, describe in _LANGUAGES:
        wanted = len(described) + _WAYS
        while len(described) < wanted:
            text = describe(scene, rng)
            described.setdefault(text.lower().rstrip(".。"), Caption(text, lang))
    return tuple(described.values())
