"""How fast a generator trains on this machine, so that families get the same time."""

import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median

from llmvis import storage
from llmvis.config import TrainConfig
from llmvis.training import assembly
from llmvis.training.generators import Report, fit_generator

# The first step compiles, and the next take batches that were made ready meanwhile.
_UNCOUNTED = 8
_LEAST, _MOST = 12, 200  # steps that are counted
_SECONDS = 20.0  # after which `_LEAST` steps are enough


def seconds_per_step(
    config: TrainConfig,
    tokens_folder: Path,
    examples: Path,
    on_step: Callable[[int, int], None],
) -> float:
    """Trains for some steps, on the real tokens in the real batches; keeps nothing.

    Args:
        config: Which networks; `num_steps` and `validate_every` do not matter.
        tokens_folder: As for a training.
        examples: The folder of examples, for families that make pixels.
        on_step: Told the steps behind us, and how many there are at most.

    Returns:
        The median of what a step takes, in seconds: without compiling, validating and
        drawing previews.

    Raises:
        ConfigError: The networks cannot be built.
        MissingStage: There are no tokens.
        TrainingError: There are fewer pictures than one batch, or the loss diverged.
    """
    model = assembly.assemble(config, tokens_folder)
    watch = _Stopwatch(on_step)
    last = _UNCOUNTED + _MOST + 1  # the watch stops before
    endless = replace(config, num_steps=last, validate_every=last)
    report = Report(on_step=watch, on_row=_nothing, on_validation=_nothing)
    with storage.scratch() as scratch, suppress(_Enough):
        data = assembly.training_set(model, tokens_folder, examples, scratch)
        fit_generator(model.generator, endless, data, report, scratch)
    return watch.seconds_per_step()


class _Enough(Exception):
    """The steps that were timed tell enough."""


class _Stopwatch:
    def __init__(self, on_step: Callable[[int, int], None]):
        self._on_step = on_step
        self._ends: list[float] = []

    def __call__(self, step: int, loss: float) -> None:  # noqa: ARG002
        self._ends.append(time.perf_counter())
        self._on_step(len(self._ends), _UNCOUNTED + _MOST)
        counted = self._ends[_UNCOUNTED:]
        if len(counted) >= _MOST or (
            len(counted) >= _LEAST and counted[-1] - counted[0] >= _SECONDS
        ):
            raise _Enough

    def seconds_per_step(self) -> float:
        ends = self._ends[_UNCOUNTED:]
        pairs = itertools.pairwise(ends)
        return median(after - before for before, after in pairs)


def _nothing(_) -> None:
    pass
