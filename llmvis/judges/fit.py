"""The training loop of both judges, and pictures made a little worse for it.

Dimension key: B batch, H rows, W columns.
"""

import math
from collections.abc import Callable

import keras
import numpy as np

from llmvis.errors import TrainingError

_WARMUP_STEPS = 50


class Batches(keras.utils.PyDataset):
    """Batches that depend on their number alone.

    Args:
        make: From the positions of some examples and a random generator to a batch.
        num_examples: How many there are; each comes once before any comes again.
        batch_size: How many come at once.
        num_steps: Number of batches.
        seed: Of the order and of what `make` draws.
    """

    def __init__(self, make, num_examples, *, batch_size, num_steps, seed):
        super().__init__()
        self._make, self._batch_size, self._num_steps = make, batch_size, num_steps
        self._seed = seed
        rounds = math.ceil(batch_size * num_steps / num_examples)
        rng = np.random.default_rng(seed)
        self._order = np.concatenate(
            [rng.permutation(num_examples) for _ in range(rounds)]
        )

    def __len__(self):
        return self._num_steps

    def __getitem__(self, step):
        chosen = self._order[step * self._batch_size :][: self._batch_size]
        return self._make(np.sort(chosen), np.random.default_rng((self._seed, step)))


def fit(
    network: keras.Model,
    batches: Batches,
    learning_rate: float,
    on_step: Callable[[int, float], None],
) -> None:
    """Trains a network that has a `compute_loss` of its own.

    Args:
        network: Built.
        batches: What it learns from.
        learning_rate: The highest; reached after a warm-up, then a cosine to 0.
        on_step: Hears of every step and its loss.

    Raises:
        TrainingError: The loss is not a number any more.
    """
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, len(batches) - _WARMUP_STEPS),
        warmup_target=learning_rate,
        warmup_steps=_WARMUP_STEPS,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01)
    # Convolutions of XLA take half as long again as those of oneDNN.
    network.compile(optimizer, jit_compile=False)
    network.fit(batches, verbose=0, shuffle=False, callbacks=[Report(on_step)])


class Report(keras.callbacks.Callback):
    """Tells the loss of each step, and ends a training that has diverged."""

    def __init__(self, on_step):
        super().__init__()
        self._on_step = on_step

    def on_train_batch_end(self, batch, logs=None):
        loss = logs["loss"]
        if not math.isfinite(loss):
            raise TrainingError(
                f"The loss of a judge became {loss} at step {batch + 1}. Lower "
                "its learning rate in the section `judge` of params.yaml."
            )
        self._on_step(batch + 1, loss)
        self.model.reset_metrics()  # else the next loss is an average with this one


def soften(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blurs, lightens and roughens pictures a little, each to its own degree.

    A judge of crisp drawings alone would be unsure of the softer ones that an image
    tokenizer decodes.

    Args:
        images: Shape `(B, H, W, 3)`, uint8.
        rng: Draws how much of each.

    Returns:
        Same shape, float32, about in [0, 255].
    """
    pixels = images.astype(np.float32)
    per_image = (len(images), 1, 1, 1)
    for axis in (1, 2):
        blurred = pixels + np.roll(pixels, 1, axis) + np.roll(pixels, -1, axis)
        amount = rng.uniform(-0.5, 1, per_image).clip(min=0).astype(np.float32)
        pixels += amount * (blurred / 3 - pixels)
    pixels *= rng.uniform(0.93, 1.05, per_image).astype(np.float32)
    pixels += rng.uniform(-8, 8, per_image).astype(np.float32)
    grain = rng.uniform(-6, 10, per_image).clip(min=0).astype(np.float32)
    return pixels + grain * rng.standard_normal(images.shape, np.float32)


def recolor(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Swaps the colour channels of each picture and squeezes each into another range.

    Args:
        pixels: Shape `(B, H, W, 3)`, about in [0, 255].
        rng: Draws how.

    Returns:
        Same shape and range; what was gray is tinted.
    """
    order = rng.permuted(np.tile(np.arange(3), (len(pixels), 1)), axis=1)
    swapped = np.take_along_axis(pixels, order[:, None, None], axis=-1)
    gain = rng.uniform(0.4, 1, (len(pixels), 1, 1, 3)).astype(np.float32)
    lift = rng.uniform(0, 1, gain.shape).astype(np.float32) * (1 - gain) * 255
    return swapped * gain + lift
