"""Everything a killed training needs to go on as if nothing had happened."""

import json
import shutil
from pathlib import Path

import numpy as np

from llmvis.files import replacing

_FILE = "checkpoint.npz"


def save(folder: Path, model, step: int, made_from: str) -> None:
    """Writes weights, optimizer state and step.

    Args:
        folder: Where the one checkpoint lies.
        model: A compiled and built `keras.Model`.
        step: Steps behind us.
        made_from: What the training depends on; another one never resumes from it.
    """
    arrays = {f"v{i}": np.asarray(v) for i, v in enumerate(_variables(model))}
    about = json.dumps({"step": step, "made_from": made_from})
    with replacing(folder / _FILE) as beside, beside.open("wb") as file:
        np.savez(file, allow_pickle=False, about=np.array(about), **arrays)


def prepare(folder: Path, made_from: str) -> bool:
    """Empties the folder, unless a training made from the same things was cut off.

    Returns:
        Whether there is one to go on with.
    """
    if _about(folder).get("made_from") == made_from:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return False


def load(folder: Path, model, made_from: str) -> int:
    """Takes up a checkpoint.

    Returns:
        Steps behind us; 0 where there is no checkpoint made from the same things.
    """
    about = _about(folder)
    if about.get("made_from") != made_from:
        return 0
    with np.load(folder / _FILE, allow_pickle=False) as stored:
        for i, variable in enumerate(_variables(model)):
            variable.assign(stored[f"v{i}"])
    return about["step"]


def remove(folder: Path) -> None:
    """Forgets the checkpoint of a training that is done."""
    (folder / _FILE).unlink(missing_ok=True)


def _about(folder):
    if not (folder / _FILE).exists():
        return {}
    with np.load(folder / _FILE, allow_pickle=False) as stored:
        return json.loads(str(stored["about"]))


def _variables(model):
    return [*model.variables, *model.optimizer.variables]
