"""Batches that depend on the step alone.

Step 1,000 is the same batch whether the training ran through or was killed and taken
up again, so that the curve is the same too.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import tensorflow as tf

from llmvis.records import Tokens
from llmvis.training.caption_choice import CaptionChoice

_BUFFER = 4  # batches made ready while the network is busy


class Draws:
    """Which examples come at which step: every example once in each epoch.

    Args:
        num_examples: How many there are.
        batch_size: How many come at once.
        seed: Of the order.
    """

    def __init__(self, num_examples: int, batch_size: int, seed: int):
        self._num_examples, self._batch_size = num_examples, batch_size
        self._seed = seed
        self._order = lru_cache(maxsize=2)(self._shuffle)

    def at(self, step: int) -> np.ndarray:
        """Positions of the examples of one step, shape `(batch_size,)`."""
        first = step * self._batch_size
        places = np.arange(first, first + self._batch_size)
        epochs, offsets = np.divmod(places, self._num_examples)
        rows = [self._order(int(e))[o] for e, o in zip(epochs, offsets, strict=True)]
        return np.array(rows)

    def generator(self, step: int) -> np.random.Generator:
        """Randomness of one step, apart from that of the order."""
        return np.random.default_rng((self._seed, 1, step))

    def _shuffle(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self._seed, 0, epoch)).permutation(
            self._num_examples
        )


class PromptedBatches:
    """Prompts with what belongs to them, for generators.

    Args:
        tokens: One split.
        pixels: Its pictures `(N, Y, X, 3)` uint8 for families that make pixels, else
            None.
        draws: The order.
        caption_dropout: Share of the prompts that become `null_ids`.
        null_ids: The empty prompt, shape `(L,)`.
    """

    def __init__(self, tokens: Tokens, pixels, draws, caption_dropout, null_ids):
        self._tokens, self._pixels, self._draws = tokens, pixels, draws
        self._caption_dropout, self._null_ids = caption_dropout, null_ids
        self._captions = CaptionChoice(tokens.token_ids, tokens.starts)

    def at(self, step: int) -> dict[str, np.ndarray]:
        """The batch of one step: `token_ids` and `codes` or `pixels`."""
        rows, rng = self._draws.at(step), self._draws.generator(step)
        token_ids = self._tokens.token_ids[self._captions.draw(rows, rng)]
        hidden = rng.random(len(rows)) < self._caption_dropout
        token_ids = np.where(hidden[:, None], self._null_ids, token_ids)
        batch = {"token_ids": token_ids.astype("int32")}
        if self._pixels is None:
            return {**batch, "codes": self._tokens.codes[rows].astype("int32")}
        return {**batch, "pixels": self._pixels[rows].astype("float32") / 255}


def stream(batch_at: Callable, first_step: int, last_step: int) -> tf.data.Dataset:
    """A `tf.data` pipeline over the batches of some steps.

    Args:
        batch_at: From a step to a dictionary of arrays, of the same shapes every time.
        first_step: The first.
        last_step: The one after the last.
    """
    example = batch_at(first_step)
    names = sorted(example)

    def load(step):
        batch = batch_at(int(step))
        return [batch[name] for name in names]

    def to_batch(step):
        arrays = tf.numpy_function(
            load, [step], [tf.as_dtype(example[name].dtype) for name in names]
        )
        for name, array in zip(names, arrays, strict=True):
            array.set_shape(example[name].shape)
        return dict(zip(names, arrays, strict=True))

    steps = tf.data.Dataset.range(first_step, last_step)
    return steps.map(to_batch, num_parallel_calls=1).prefetch(_BUFFER)
