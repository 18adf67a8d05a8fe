"""The row of an experiment that a room is told of; `python -m flows row`, no stage."""

import os
import signal
import sys
from pathlib import Path

from flows import dvc_stage, earlier, experiment_row, lock, progress
from flows.experiment_row import Work
from llmvis import storage

TOLD = Path(".dvc/tmp/row.json")


def row() -> None:
    """Does the work that `TOLD` names, on the cores that it names.

    Raises:
        StageFailed: A stage ended with an error.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    told = storage.read_json(TOLD, "experiment")
    os.sched_setaffinity(0, told["cores"])
    os.environ["MLFLOW_TRACKING_URI"] = told["store"]
    work = Work(**{**told["work"], "place": Path(told["work"]["place"])})
    with lock.alone(), earlier.back_afterwards():
        experiment_row.make(work, own_stages(), _pass_on)


def own_stages() -> list[str]:
    """Names training and what comes after it: all before is the same for all rows."""
    stages = dvc_stage.needed_for("evaluate")
    return [stage for stage in stages if "train" in dvc_stage.needed_for(stage)]


def _pass_on(content: dict) -> None:
    progress.report(content["done"], content["total"], content["text"])
