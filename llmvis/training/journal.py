"""What is kept of a training on its way: curves, and pictures of fixed prompts."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from llmvis import storage
from llmvis.config import SamplingConfig
from llmvis.errors import PromptError
from llmvis.files import replacing
from llmvis.png import encode_png
from llmvis.text_to_image import TextToImage
from llmvis.training.alarms import alarms
from llmvis.training.best_weights import BestWeights
from llmvis.training.generators import Report

ALARMS = "alarms.json"

_COLUMNS = 4
_NUM_PROMPTS = 16
# Plain draws: they show the network as it is, whatever sampling is served later.
_PLAIN = SamplingConfig(
    guidance_scale=1.0,
    temperature=1.0,
    top_k=0,
    num_steps=12,
    top_p=1.0,
    num_candidates=1,
)


class Run(Protocol):
    """Where the journal is kept besides the folder."""

    def log_curves(self, rows: Sequence[dict[str, float]]) -> None: ...

    def log_picture(self, key: str, image: np.ndarray, step: int) -> None: ...


class Journal:
    """Writes curves and pictures to a folder and to a run.

    Args:
        folder: Gets `curves.csv`, `previews/`, `best/`, a model with the weights that
            did best on held-out pictures, and `alarms.json`, sentences that the curve
            at its end calls for. A resumed training goes on with them.
        model: The model in training.
        captions: Those of each validation example; the first examples are drawn, in
            turn by their first and their last caption, which may be another language.
            One that is too long for a prompt is passed over.
        run: Gets the same.
        warn: Hears of each alarm when it comes up.
    """

    def __init__(
        self,
        folder: Path,
        model: TextToImage,
        captions: Sequence[Sequence[str]],
        run: Run,
        warn: Callable[[str], None],
    ):
        self._folder, self._model, self._run = folder, model, run
        self._warn, self._alarms = warn, dict[str, str]()
        self._prompts = _prompts(model, captions)
        self._best = BestWeights(folder, model)
        self._rows: list[dict[str, float]] = []
        if (folder / "curves.csv").exists():
            table = pd.read_csv(folder / "curves.csv")
            self._rows = [
                {str(key): float(value) for key, value in row.items()}
                for row in table.to_dict("records")
            ]
        self._num_logged = len(self._rows)

    def observing(self, on_step: Callable[[int, float], None]) -> Report:
        """What the training is told to report to."""
        return Report(
            on_step=on_step, on_row=self._add, on_validation=self._on_validation
        )

    def _add(self, row):
        # Rows after this step are of a training that was cut off.
        self._rows = [kept for kept in self._rows if kept["step"] <= row["step"]]
        self._num_logged = min(self._num_logged, len(self._rows))
        self._rows.append(row)

    def _on_validation(self, step):
        self._run.log_curves(self._rows[self._num_logged :])
        self._num_logged = len(self._rows)
        # Figures of one step that came apart stand in one row.
        table = pd.DataFrame(self._rows).groupby("step", as_index=False).first()
        with replacing(self._folder / "curves.csv") as beside:
            # An empty cell is 0 to the plots of DVC.
            table.to_csv(beside, index=False, na_rep="NaN")
        self._look_for_alarms(table.to_dict("records"))
        self._best.look(step, float(table["validation_loss"].iloc[-1]))
        self._draw(step)

    def _look_for_alarms(self, rows):
        if self._model.generator.competes:
            return
        found = alarms(rows)
        for name in found.keys() - self._alarms.keys():
            self._warn(found[name])
        self._alarms = found
        storage.write_json(self._folder / ALARMS, list(found.values()))

    def _draw(self, step):
        samples = self._model.generate(
            self._prompts, list(range(len(self._prompts))), _PLAIN
        )
        picture = grid(np.stack([sample.image for sample in samples]), _COLUMNS)
        previews = self._folder / "previews"
        previews.mkdir(exist_ok=True)
        path = previews / f"step_{step:06d}.png"
        path.write_bytes(encode_png(picture))
        self._run.log_picture("preview", picture, step)


def _prompts(model, captions):
    prompts = []
    for number, of_one in enumerate(captions):
        prompt = of_one[-(number % 2)]
        with suppress(PromptError):
            model.text_tokenizer.encode([prompt])
            prompts.append(prompt)
        if len(prompts) == _NUM_PROMPTS:
            break
    return prompts


def grid(images: np.ndarray, columns: int) -> np.ndarray:
    """Lays pictures `(N, Y, X, 3)` out in rows; what is left of the last is white."""
    missing = -len(images) % columns
    white = np.full((missing, *images.shape[1:]), 255, images.dtype)
    rows = np.concatenate([images, white]).reshape(-1, columns, *images.shape[1:])
    return np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
