"""How many steps of training fit into `train.max_seconds` on this machine."""

from dataclasses import replace
from pathlib import Path

from flows import progress
from llmvis import storage
from llmvis.training_config import TrainConfig

_KEPT = Path(".dvc/tmp/steps.json")  # a training that goes on keeps its steps


def limited(
    train: TrainConfig, tokens_folder: Path, examples: Path, origin: str
) -> TrainConfig:
    """Gives section `train` with fewer steps, where they would take too long.

    The learning rate falls to 0 over these steps, so that none is cut off at its best.

    Args:
        train: Which networks, and how long at most.
        tokens_folder: As for a training.
        examples: The folder of examples, for families that make pixels.
        origin: Of the tokens; the same training takes the same steps again.

    Raises:
        TrainingError: There are too few pictures, or the loss diverged.
    """
    if train.max_seconds is None:
        return train
    made_from = f"{train} {origin}"
    kept = storage.read_json(_KEPT, "train") if _KEPT.exists() else {}
    if kept.get("made_from") != made_from:
        of_one = time_one_step(train, tokens_folder, examples)
        fitting = max(1, int(train.max_seconds / of_one))
        progress.say(
            f"{of_one:.3g} s a step: {fitting:,} in {train.max_seconds:g} s, at most "
            f"{train.num_steps:,} are wanted"
        )
        kept = {"made_from": made_from, "num_steps": fitting}
        _KEPT.parent.mkdir(parents=True, exist_ok=True)
        storage.write_json(_KEPT, kept)
    return replace(train, num_steps=min(train.num_steps, kept["num_steps"]))


def time_one_step(train: TrainConfig, tokens_folder: Path, examples: Path) -> float:
    """Takes some steps of a training and says how long one is, in seconds.

    Raises:
        TrainingError: There are too few pictures, or the loss diverged.
    """
    progress.report(0, 1, "building the networks")
    from llmvis.training.pace import seconds_per_step

    return seconds_per_step(
        train,
        tokens_folder,
        examples,
        lambda done, total: progress.report(done, total, "timing a step"),
    )
