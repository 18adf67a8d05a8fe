"""How many steps of training fit into `train.max_seconds` on this machine."""

from dataclasses import asdict, dataclass
from pathlib import Path

from flows import progress
from llmvis import storage
from llmvis.training_config import TrainConfig

STEPS = "steps.json"  # beside the checkpoint: a training that goes on keeps its steps


@dataclass(frozen=True, slots=True)
class Steps:
    """How many steps a training takes, and of which training that was found."""

    made_from: str
    num_steps: int

    def write(self, training: Path) -> None:
        """Keeps it in the folder of the training's checkpoint."""
        storage.write_json(training / STEPS, asdict(self))


def find(
    train: TrainConfig,
    tokens_folder: Path,
    examples: Path,
    made_from: str,
    training: Path,
) -> Steps:
    """Gives `train.num_steps`, or fewer steps where they would take too long.

    The learning rate falls to 0 over these steps, so that none is cut off at its best.

    Args:
        train: Which networks, and how long at most.
        tokens_folder: As for a training.
        examples: The folder of examples, for families that make pixels.
        made_from: What the training depends on.
        training: The folder of checkpoints; a training that is in it keeps its steps.

    Raises:
        TrainingError: There are too few pictures, or the loss diverged.
    """
    if train.max_seconds is None:
        return Steps(made_from, train.num_steps)
    if (training / STEPS).exists():
        kept = Steps(**storage.read_json(training / STEPS, "train"))
        if kept.made_from == made_from:
            return kept
    of_one = time_one_step(train, tokens_folder, examples)
    fitting = max(1, int(train.max_seconds / of_one))
    progress.say(
        f"{of_one:.3g} s a step: {fitting:,} in {train.max_seconds:g} s, at most "
        f"{train.num_steps:,} are wanted"
    )
    return Steps(made_from, min(train.num_steps, fitting))


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
