"""A plan -> a comparison: every row through the same stages, and a page of them all."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flows import (
    dvc_stage,
    earlier,
    lock,
    overlay,
    progress,
    rooms,
    search,
    search_plan,
    study,
)
from flows.experiment_plan import Plan, Row, with_steps
from flows.experiment_row import Work, make, run, trained_steps
from flows.pace import RESULT
from flows.row import own_stages
from flows.search_plan import VALIDATION_LOSS
from llmvis import config, storage
from llmvis.errors import LlmvisError

if TYPE_CHECKING:  # it brings pandas, which nothing needs before a row is run
    from llmvis.evaluation.search import Search as Searched

FOLDER = Path("data/experiments")
_STEPS = "steps.json"  # how many steps fit into the seconds, by row
_NOT_OF_PACE = (  # keys of train
    "num_steps",
    "max_seconds",
    "validate_every",
    "seed",
    "learning_rate",
    "adam_learning_rate",
    "weight_decay",
    "caption_dropout",
)
_RESULTS = ("results.json", "results.csv", "index.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an experiment."""

    folder: Path
    failures: dict[str, str] = field(default_factory=dict)  # row -> its sentence
    num_steps: dict[str, int] = field(default_factory=dict)  # of each other row


def experiment(plan: Plan, jobs: int = 1) -> Outcome:
    """Runs what is not done yet of every row; a row that fails does not stop the rest.

    Afterwards params.yaml, dvc.lock and the folders that it names are as before.

    Args:
        plan: What to compare.
        jobs: Rows that are at work at the same time.

    Raises:
        BusyError: Another run is going on in this folder.
        RegistryError: MLflow's store cannot be opened.
        ConfigError: It is a search, and the package for that is missing; or its rows
            cannot be at work at the same time.
        DataError: It is a search, and no report has the figure to go by.
        StorageError: It is a search, and what is kept of it cannot be read.
    """
    if jobs != 1:
        rooms.require_independent(plan)
        rooms.require_possible(jobs)
    if plan.search is not None:
        study.require_optuna()
    outcome = Outcome(folder=FOLDER / plan.name)
    outcome.folder.mkdir(parents=True, exist_ok=True)
    with lock.alone(), earlier.back_afterwards(), _parent(plan) as parent:
        if jobs == 1:
            rows, searched = _run_rows(plan, outcome, parent.run_id)
        else:
            rows, searched = _run_side_by_side(plan, outcome, parent.run_id, jobs), None
        _write_results(plan, rows, outcome, searched)
        _keep_results(outcome.folder, parent)
    return outcome


def _run_rows(plan: Plan, outcome: Outcome, parent: str):
    """Runs the rows; gives them, and what a search found, or None."""

    def attempt(row: Row) -> int | str:
        try:
            steps = _bring_up_to_date(plan, row, outcome.folder, parent)
        except LlmvisError as error:
            progress.say(f"error: {error}")
            outcome.failures[row.name] = str(error)
            return str(error)
        outcome.num_steps[row.name] = steps
        return steps

    if plan.search is not None:
        found = search.run(plan, plan.search, outcome.folder, attempt)
        outcome.num_steps.update(found.num_steps)
        return found.rows, found.reported()
    for number, row in enumerate(plan.rows, start=1):
        progress.say(f"Row {number} of {len(plan.rows)}: {row.name}")
        attempt(row)
    return plan.rows, None


def _run_side_by_side(
    plan: Plan, outcome: Outcome, parent: str, jobs: int
) -> Sequence[Row]:
    own = own_stages()
    shared = [each for each in dvc_stage.needed_for("evaluate") if each not in own]
    with overlay.in_place(plan.rows[0].text):
        run(shared)
    folder = outcome.folder.absolute()
    works = {row.name: _work(plan, row, row.text, folder, parent) for row in plan.rows}
    with rooms.opened(plan, jobs, shared) as opened:
        outcome.failures.update(rooms.run(opened, works))
    for row in plan.rows:
        if row.name not in outcome.failures:
            outcome.num_steps[row.name] = row.params.train.num_steps
    return plan.rows


def _parent(plan: Plan) -> AbstractContextManager:
    """Opens the run below which MLflow shows those of the rows."""
    from llmvis.model_registry import nesting, runs

    about: dict[str, object] = {
        "seconds": plan.seconds,
        "rows": ", ".join(row.name for row in plan.rows),
    }
    if plan.search is not None:
        about |= {"search": search_plan.as_content(plan.search)}
    tags = {nesting.EXPERIMENT_TAG: plan.name}
    known = nesting.find_parent(plan.name)
    return runs.record(f"experiment {plan.name}", about, tags, known)


def _bring_up_to_date(plan: Plan, row: Row, folder: Path, parent: str) -> int:
    stages = dvc_stage.needed_for("evaluate")
    text, num_steps = row.text, None
    if plan.seconds is not None:
        before = stages[: stages.index("train")]
        num_steps = _steps(folder, row, plan.seconds, before)
        text = with_steps(plan, row, num_steps)
    if not make(_work(plan, row, text, folder, parent), stages):
        progress.say("Every stage is up to date.")
    return num_steps or trained_steps(row.params.train, folder / row.name)


def _work(plan: Plan, row: Row, text: str, folder: Path, parent: str) -> Work:
    label = f"{plan.name}-{row.name}"
    return Work(text=text, place=folder / row.name, label=label, parent=parent)


def _steps(folder: Path, row: Row, seconds: float, before: list[str]) -> int:
    """Reads how many steps a row trains; where nothing is known yet, a step is timed.

    Rows that differ in their seed alone take the same number.
    """
    path = folder / _STEPS
    found: dict = storage.read_json(path, "experiment") if path.exists() else {}
    of = _what_decides_pace(row.params)
    alike = [
        one for one in found.values() if (one["of"], one["seconds"]) == (of, seconds)
    ]
    known = alike[0] if alike else {**_timed(row, seconds, before), "of": of}
    storage.write_json(path, {**found, row.name: known})
    return known["num_steps"]


def _timed(row: Row, seconds: float, before: list[str]) -> dict:
    with overlay.in_place(row.text):
        run(before)
        progress.say(f"{'pace':<9} how long a step takes here")
        dvc_stage.run_beside("pace")
    of_one = storage.read_json(RESULT, "experiment")["seconds_per_step"]
    num_steps = max(1, int(seconds / of_one))
    progress.say(f"{'pace':<9} {of_one:.3g} s a step: {num_steps:,} in {seconds:g} s")
    return {"num_steps": num_steps, "seconds_per_step": of_one, "seconds": seconds}


def _what_decides_pace(params: config.Params) -> str:
    train = asdict(params.train)
    for key in _NOT_OF_PACE:
        del train[key]
    content = [asdict(params.ingest), asdict(params.tokenize), train]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _write_results(
    plan: Plan, every: Sequence[Row], outcome: Outcome, searched: "Searched | None"
) -> None:
    done = [row for row in every if row.name in outcome.num_steps]
    if not done:
        for name in _RESULTS:  # of an earlier run, which would be taken for this one
            (outcome.folder / name).unlink(missing_ok=True)
        return
    progress.say(f"{'page':<9} {outcome.folder / 'index.html'}")
    from llmvis.evaluation import experiment_page
    from llmvis.evaluation.experiment import Row as Reported
    from llmvis.model_registry import measuring

    rows = [
        Reported(
            name=row.name,
            model=row.model,
            seed=row.params.train.seed,
            values=row.values,
            further=_flat(row.further),
            num_steps=outcome.num_steps.get(row.name, 0),
            folder=outcome.folder / row.name,
            failure=outcome.failures.get(row.name, ""),
        )
        for row in every
    ]
    first = storage.read_json(
        outcome.folder / done[0].name / "metrics.json", "evaluate"
    )
    wanted = done[0].params.gate.main_score
    if searched is not None:  # no trial was asked what the gate asks
        wanted = searched.score if searched.score != VALIDATION_LOSS else None
    experiment_page.write(
        rows,
        outcome.folder,
        plan.name,
        wanted or measuring.usual_score(first),
        plan.seconds,
        searched,
    )


def _flat(values: overlay.Values) -> dict[str, object]:
    return {
        f"{section}.{key}": value
        for section, keys in values.items()
        for key, value in keys.items()
    }


def _keep_results(folder: Path, parent) -> None:
    with storage.scratch() as scratch:
        for name in _RESULTS:
            if (folder / name).exists():
                shutil.copy(folder / name, scratch)
        parent.log_folder(scratch, "experiment")
