"""The row of an experiment that a room is told of; `python -m flows row`, no stage."""

import os
import signal
import sys
from pathlib import Path

from ruamel.yaml import YAML

from flows import dvc_stage, earlier, experiment_row, lock, progress
from flows.experiment_row import Work
from llmvis import sections, storage
from llmvis.files import replacing

TOLD = Path(".dvc/tmp/row.json")
_LOCK_FILE = "dvc.lock"


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
        own = own_stages()
        _renew(work.place / _LOCK_FILE, own)
        experiment_row.make(work, own, _pass_on)


def own_stages() -> list[str]:
    """Names training and what comes after it: all before is the same for all rows."""
    stages = dvc_stage.needed_for("evaluate")
    return [stage for stage in stages if "train" in dvc_stage.needed_for(stage)]


def _renew(kept: Path, own: list[str]) -> None:
    """Has the dvc.lock that is kept of a row begin with what this room begins with.

    Else the row would go on with the tokens and the judge of the last time.
    """
    if not kept.exists():
        return
    content, here = (sections.read_yaml(path) for path in (kept, Path(_LOCK_FILE)))
    content["stages"] = {
        **{stage: said for stage, said in here["stages"].items() if stage not in own},
        **{stage: said for stage, said in content["stages"].items() if stage in own},
    }
    with replacing(kept) as beside:
        YAML(typ="safe").dump(content, beside)


def _pass_on(content: dict) -> None:
    progress.report(content["done"], content["total"], content["text"])
