"""The known truth of drawn scenes, as arrays that a network learns from.

Dimension key: N pictures, M copies of things (padded).
"""

from collections.abc import Sequence

import numpy as np

from llmvis.prompts.lexicon import BACKGROUNDS, COLORS, KINDS, SIZES
from llmvis.records import Scene

CLASSES = {
    "kind": tuple(KINDS),
    "color": tuple(COLORS),
    "size": tuple(SIZES),
    "background": tuple(BACKGROUNDS),
}


# Padding has a box of some size, since crops divide by it.
_PADDING_BOX = np.array([0.25, 0.25, 0.75, 0.75], np.float32)


def to_arrays(scenes: Sequence[Scene]) -> dict[str, np.ndarray]:
    """Lists the copies of all things of each scene.

    Args:
        scenes: What is in each picture, boxes and all.

    Returns:
        `box` `(N, M, 4)` in [0, 1]; `present` `(N, M)`, 1 for a copy and 0 for padding;
        `kind`, `color`, `size` `(N, M)` and `background` `(N,)`, positions in
        `CLASSES`.
    """
    most = max(sum(len(t.boxes) for t in scene.things) for scene in scenes)
    shape = (len(scenes), max(most, 1))
    arrays = {name: np.zeros(shape, np.int32) for name in ("kind", "color", "size")}
    arrays["present"] = np.zeros(shape, np.float32)
    arrays["box"] = np.tile(_PADDING_BOX, (*shape, 1))
    arrays["background"] = np.array(
        [_position("background", scene.background) for scene in scenes], np.int32
    )
    for n, scene in enumerate(scenes):
        copies = [(thing, box) for thing in scene.things for box in thing.boxes]
        for m, (thing, box) in enumerate(copies):
            arrays["present"][n, m] = 1
            arrays["box"][n, m] = box
            for name in ("kind", "color", "size"):
                arrays[name][n, m] = _position(name, getattr(thing, name))
    return arrays


def _position(name, value):
    return CLASSES[name].index(value)
