"""One row of an experiment, brought up to date in the folder where this runs."""

import csv
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows import dvc_stage, earlier, experiments, overlay
from flows.evaluate import MODEL, REPORT, TRAINING
from llmvis.training_config import TrainConfig

_KEPT = (
    REPORT / "metrics.json",
    REPORT / "prompts.parquet",
    REPORT / "facts.json",
    TRAINING / "curves.csv",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done of a row."""

    text: str  # of its params.yaml
    place: Path  # where its report is kept, or how far it came
    label: str  # of its DVC experiment
    parent: str  # the MLflow run of the experiment


def make(
    work: Work,
    stages: Sequence[str],
    on_progress: Callable[[dict], None] | None = None,
) -> bool:
    """Runs what is out of date of a row, keeps its report, and says if any stage ran.

    Args:
        work: Which row.
        stages: Of it, in the order in which DVC runs them.
        on_progress: See `dvc_stage.run_stage`.

    Raises:
        StageFailed: A stage ended with an error.
    """
    from llmvis.model_registry import nesting

    with earlier.row(work.place):
        with overlay.in_place(work.text):
            ran = run(stages, on_progress)
            if ran or not (work.place / "dvc.lock").exists():
                experiments.save(work.label)
        for path in _KEPT:
            shutil.copy(path, work.place)
        nesting.nest(MODEL, work.parent)
    return ran


def run(
    stages: Sequence[str], on_progress: Callable[[dict], None] | None = None
) -> bool:
    """Runs the stages that are out of date, and says whether any was."""
    ran = False
    for stage in stages:
        if not dvc_stage.is_clean(stage):
            dvc_stage.bring_up_to_date(stage, on_progress)
            ran = True
    return ran


def trained_steps(train: TrainConfig, place: Path) -> int:
    """Gives the steps of a row's training, of which `max_seconds` may have made less.

    Args:
        train: What its params.yaml says.
        place: Where its report is kept.
    """
    if train.max_seconds is None:
        return train.num_steps
    with (place / "curves.csv").open(newline="") as file:
        return max(int(float(point["step"])) for point in csv.DictReader(file))
