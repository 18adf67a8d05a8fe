"""networks -> model: adds what finishes the pictures that the networks draw."""

import shutil
from pathlib import Path

from flows import progress
from llmvis import config, storage
from llmvis.errors import MissingStage

EXAMPLES = Path("data/examples")
NETWORKS, MODEL = Path("data/networks"), Path("data/model")


def finish() -> None:
    """Writes data/model: the files of data/networks, and those of section `finishing`.

    Raises:
        MissingStage: data/networks is empty.
        ConfigError: The pictures cannot be made that much smaller to learn from.
        TrainingError: The loss of the super-resolution network diverged.
    """
    params = config.read()
    if not NETWORKS.exists():
        raise MissingStage(NETWORKS, "train")
    with storage.staged(MODEL) as staging, storage.scratch() as scratch:
        shutil.copytree(NETWORKS, staging, dirs_exist_ok=True)
        if not params.finishing.is_on:
            return
        progress.report(0, params.finishing.num_steps, "reading the pictures")
        # TensorFlow takes ten seconds to import, and most models need none of it here.
        from llmvis.training import finishing

        finisher = finishing.make_finisher(
            params.finishing,
            EXAMPLES,
            scratch,
            lambda step, loss: progress.report(
                step,
                params.finishing.num_steps,
                f"learning to enlarge, loss {loss:.3f}",
            ),
            seed=params.train.seed,
        )
        finisher.save(staging)
