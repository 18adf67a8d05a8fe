"""The weights that did best on held-out pictures, should a training not end well."""

import copy
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path

from llmvis import storage
from llmvis.errors import DivergedError, MissingStage
from llmvis.text_to_image import TextToImage

FOLDER = "best"  # in the folder of the training


class BestWeights:
    """Keeps a model folder of the validation with the lowest loss so far.

    Args:
        folder: Of the training. One that is resumed goes on with what it has.
        model: The model in training.
    """

    def __init__(self, folder: Path, model: TextToImage):
        self._folder, self._model = folder / FOLDER, model
        found = _validation(self._folder)
        self._lowest = inf if found is None else found["loss"]

    def look(self, step: int, loss: float) -> None:
        """Keeps the weights that are in the model, if none before were as good.

        Args:
            step: Steps behind us.
            loss: On held-out pictures. That of families that compete says little, so
                of them the last weights are kept.
        """
        if not (loss < self._lowest or self._model.generator.competes):
            return
        self._lowest = loss
        kept = copy.copy(self._model)
        kept.about = {**kept.about, "validation": {"step": step, "loss": loss}}
        kept.save(self._folder)


def remove(folder: Path) -> None:
    """Forgets the best weights of a training that is done."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def kept(folder: Path) -> str:
    """Says where the best weights of a training are, and how to draw with them."""
    best = folder / FOLDER
    found = _validation(best)
    if found is None:
        return (
            "No weights are kept to draw with: it had not yet looked at held-out "
            "pictures, which it does every train.validate_every steps."
        )
    return (
        f"The best weights so far are kept: {best} is the model after "
        f"{found['step']:,} steps, with a loss of {found['loss']:.3f} on held-out "
        f'pictures. Draw with it: llmvis generate "a blue bird" --model {best} '
        "-o best.png"
    )


@contextmanager
def telling(folder: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Says what is kept if the body diverges, is interrupted or terminated.

    Raises:
        DivergedError: As the body did; the sentence says what is kept too.
    """
    # A supervisor that was interrupted terminates its stage.
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except DivergedError as error:
        raise DivergedError(f"{error} {kept(folder)}") from error
    except KeyboardInterrupt:
        say(f"The training was stopped. {kept(folder)}")
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _validation(best):
    try:
        return storage.read_json(best / "model.json", "train").get("validation")
    except MissingStage:
        return None
