"""Seconds that two models take for a picture, at the same time on one machine."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from llmvis.config import SamplingConfig

if TYPE_CHECKING:
    from llmvis.text_to_image import TextToImage

_ROUNDS = 5


def seconds_per_picture(
    pair: Sequence[tuple["TextToImage", SamplingConfig]], prompts: Sequence[str]
) -> list[float]:
    """Lets two models draw the same prompts turn by turn.

    A machine that is busy for a while is busy for both; the median leaves out a moment
    that only one of them met.

    Args:
        pair: Models, each with what it draws with.
        prompts: One batch.

    Returns:
        Seconds a picture for each of the pair; lower is better.
    """
    seeds = list(range(len(prompts)))
    seconds: list[list[float]] = []
    for _ in range(1 + _ROUNDS):
        seconds.append([])
        for model, sampling in pair:
            started = time.perf_counter()
            model.generate(prompts, seeds, sampling)
            seconds[-1].append((time.perf_counter() - started) / len(prompts))
    # The first round also compiles.
    return [float(median) for median in np.median(seconds[1:], axis=0)]
