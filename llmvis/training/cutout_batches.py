"""Batches of single things, for a tokenizer that looks at one thing at a time."""

import numpy as np

from llmvis.image_tokenizers.cutouts import Box, alone
from llmvis.training.batches import Draws


class CutoutBatches:
    """Things with the pictures they are in.

    Args:
        pixels: Shape `(N, Y, X, 3)`, uint8.
        backdrops: The number of the backdrop of each, shape `(N,)`.
        boxes: The boxes of the things in each; at least one of all has a thing.
        batch_size: Things that come at once.
        seed: Of their order.
    """

    def __init__(
        self,
        pixels: np.ndarray,
        backdrops: np.ndarray,
        boxes: list[list[Box]],
        batch_size: int,
        seed: int,
    ):
        self._pixels, self._backdrops, self._boxes = pixels, backdrops, boxes
        self._things = [
            (i, j) for i, here in enumerate(boxes) for j in range(len(here))
        ]
        self._draws = Draws(len(self._things), batch_size, seed)

    def at(self, step: int) -> dict[str, np.ndarray]:
        """The batch of one step, as `LayerTokenizer` takes it."""
        things = [self._things[i] for i in self._draws.at(step)]
        rows = [i for i, _ in things]
        return {
            "pixels": self._pixels[rows].astype("float32") / 255,
            "backdrop": self._backdrops[rows].astype("int32"),
            "box": np.array([[self._boxes[i][j]] for i, j in things], "int32"),
            "counts": np.stack([self._counting(i, j) for i, j in things]),
        }

    def _counting(self, i, j):
        """1 where only this thing can be seen, `(Y, X, 1)`."""
        boxes = np.array([self._boxes[i]])
        counts = alone(boxes, self._pixels.shape[1])[0, j]
        return counts[..., None].astype("float32")
