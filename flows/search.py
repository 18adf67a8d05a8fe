"""A search -> the rows of an experiment, one trial after another."""

import shutil
from collections.abc import Callable
from pathlib import Path

from flows import overlay, progress, search_plan, study
from flows.experiment_plan import Plan, Row, row_of
from flows.search_plan import Search
from flows.study import Drawn, Study
from llmvis import storage
from llmvis.files import replacing

BEST = "best.yaml"  # what the best trial has other than params.yaml
_ABOUT = "trial.json"  # of which study the report in a folder is, and of which values

Attempt = Callable[[Row], int | str]  # steps it was trained, or why it failed


def run(plan: Plan, search: Search, folder: Path, attempt: Attempt) -> "Found":
    """Goes on until so many trials have a score as the file asks for.

    One that is over is not run again, unless its report is gone. One that fails now
    counts, or a full disk would be tried for ever; the next run draws others for it.

    Args:
        plan: Of the experiment.
        search: What its file says of the search.
        folder: Of the experiment.
        attempt: Brings a row up to date and keeps its report.

    Raises:
        DataError: The reports do not have the figure to go by.
        StorageError: The study cannot be read.
    """
    with study.opened(plan, search, folder) as trials:
        name = study.name_of(plan, search)
        found = Found(plan, folder, name, search.score)
        for drawn, score in trials.finished():
            found.take(drawn, score, attempt)
        num_failed = 0
        while len(trials.finished()) + num_failed < search.num_trials:
            new = trials.next()
            if new is None:
                progress.say("Nothing new is left to try.")
                break
            progress.say(f"Trial {new.row}: {_in_words(new)}")
            num_failed += not found.settle(new, attempt, trials)
        found.write_best()
    return found


class Found:
    """The rows that a search has so far; `scores` has those that came to one.

    Args:
        plan: Of the experiment.
        folder: Of the experiment.
        study_name: Of what its trials depend on.
        score: What the search goes by.
    """

    def __init__(self, plan: Plan, folder: Path, study_name: str, score: str):
        self._plan, self._folder, self._study_name = plan, folder, study_name
        self._score = score
        self.rows: list[Row] = []
        self.scores: dict[str, float] = {}
        self.num_steps: dict[str, int] = {}
        self.failures: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def take(self, drawn: Drawn, score: float, attempt: Attempt) -> None:
        """Takes a finished trial; one whose report is gone is made again."""
        row = self._row(drawn)
        about = self._folder / row.name / _ABOUT
        kept = storage.read_json(about, "experiment") if about.exists() else {}
        if kept.get("of") == self._of(drawn):
            self.num_steps[row.name] = kept["num_steps"]
        elif not self._attempt(row, drawn, attempt):
            return
        self.scores[row.name] = score

    def settle(self, drawn: Drawn, attempt: Attempt, trials: Study) -> bool:
        """Runs a trial, tells the study, and says whether it came to a score."""
        from llmvis.evaluation.search import read_score

        row = self._row(drawn)
        if not self._attempt(row, drawn, attempt):
            trials.fail(drawn)
            shutil.rmtree(self._folder / row.name, ignore_errors=True)
            return False
        score = read_score(self._folder / row.name, self._score)
        trials.finish(drawn, score)
        self.scores[row.name] = score
        progress.say(f"{self._score} is {score:.4g}")
        return True

    def write_best(self) -> None:
        """Writes what `llmvis pipeline --params` takes to train the best one again."""
        from ruamel.yaml import YAML

        reported = self.reported()
        if reported is None:
            return
        best = next(row for row in self.rows if row.name == reported.best)
        values = search_plan.nested(best.values)
        # Steps that fit into the seconds are nowhere in the plan.
        length: dict[str, object] = {
            "num_steps": self.num_steps[best.name],
            "max_seconds": None,
        }
        steps: overlay.Values = {"train": length}
        merged: overlay.Values = {}
        for part in (self._plan.common, steps, values):
            for section, keys in part.items():
                merged.setdefault(section, {}).update(keys)
        del merged["evaluate"]["splits"]  # now for the test splits
        merged = {section: keys for section, keys in merged.items() if keys}
        with replacing(self._folder / BEST) as beside:
            YAML(typ="safe").dump(merged, beside)

    def reported(self):
        """Gives the same for the page; None where no trial has a score."""
        from llmvis.evaluation.search import Search as Reported

        if not self.scores:
            return None
        return Reported(score=self._score, scores=self.scores, numbers=self._numbers)

    def _row(self, drawn: Drawn) -> Row:
        name = f"trial{drawn.row}"
        row = row_of((name, name), drawn.values, self._plan.common, {})
        self.rows.append(row)
        self._numbers[row.name] = drawn.row
        return row

    def _attempt(self, row: Row, drawn: Drawn, attempt: Attempt) -> bool:
        outcome = attempt(row)
        if isinstance(outcome, str):
            self.failures[row.name] = outcome
            return False
        self.num_steps[row.name] = outcome
        about = {"of": self._of(drawn), "num_steps": outcome}
        storage.write_json(self._folder / row.name / _ABOUT, about)
        return True

    def _of(self, drawn: Drawn) -> dict:
        return {"study": self._study_name, "values": drawn.values}


def _in_words(drawn: Drawn) -> str:
    return ", ".join(f"{key} {value}" for key, value in drawn.values.items())
