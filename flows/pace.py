"""How fast the model of params.yaml trains here; `python -m flows pace`, no stage."""

from pathlib import Path

from flows.time_budget import time_one_step
from flows.train import EXAMPLES, TOKENS
from llmvis import config, storage

RESULT = Path(".dvc/tmp/pace.json")


def pace() -> None:
    """Times some steps of training and writes the seconds of one to `RESULT`.

    Raises:
        MissingStage: data/tokens is empty.
        TrainingError: There are too few pictures, or the loss diverged.
    """
    params = config.read()
    storage.read_tokens(TOKENS, "train")  # an empty folder is noticed before imports
    seconds = time_one_step(params.train, TOKENS, EXAMPLES)
    storage.write_json(RESULT, {"seconds_per_step": seconds})
