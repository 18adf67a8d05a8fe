"""The one door to Optuna: the trials of a search, in a file beside its experiment.

A trial has a row number once its values are known and can be. Whatever is left without
one was cut off while it was drawn, was drawn before, or was refused by params.yaml.
"""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

from flows import overlay, progress, search_plan
from flows.experiment_plan import Plan
from flows.search_plan import Choices, Range, Search, Space
from llmvis.errors import ConfigError, StorageError

FILE = "study.db"
_ROW = "row"  # the attribute with the row number, set last of all
_MOST_DRAWS = 50  # one after another that give no new trial
_NOT_OF_MODELS = ("register", "gate", "serve", "up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A trial whose values are known."""

    number: int  # as Optuna counts
    row: int  # from 1, of those that are rows
    values: dict[str, object]  # section.key -> value


class Study:
    """The trials of one search; those of a changed file are a study of their own.

    Every draw has a generator of its own, seeded from `train.seed` and the number of
    the trial, so that a search that was killed draws what it would have drawn.

    Args:
        study: An `optuna.Study`.
        search: What the file says.
        usual: What params.yaml has, with what all rows have.
        common: What all rows have other than params.yaml.
    """

    def __init__(self, study, search: Search, usual, common: overlay.Values):
        self._study, self._search = study, search
        self._usual, self._common = usual, common
        if not study.trials:
            self._begin_with_usual()

    def finished(self) -> list[tuple[Drawn, float]]:
        """Lists the trials that have a score, with it."""
        scores = {
            trial.number: trial.value
            for trial in self._study.trials
            if trial.state.name == "COMPLETE"
        }
        rows = self._rows()
        return [(row, scores[row.number]) for row in rows if row.number in scores]

    def next(self) -> Drawn | None:
        """Gives the trial that was cut off, or draws one that was not tried yet.

        Returns:
            None where many draws gave nothing new, as when everything was tried.
        """
        for trial in self._study.trials:
            if trial.state.name == "RUNNING":
                if _ROW in trial.user_attrs:
                    return _as_drawn(trial)
                self._give_up(trial.number)
        tried = [drawn.values for drawn in self._rows()]
        for _ in range(_MOST_DRAWS):
            trial = self._ask()
            values = {key: trial.params[key] for key in self._search.keys}
            if values in tried:
                self._give_up(trial.number)
            elif refusal := self._refusal(values):
                progress.say(f"Drawn and passed over: {refusal}")
                self._study.tell(trial.number, state=_states().PRUNED)  # learnt from
            else:
                row = len(tried) + 1
                trial.set_user_attr(_ROW, row)
                return Drawn(number=trial.number, row=row, values=values)
        return None

    def finish(self, drawn: Drawn, score: float) -> None:
        """Keeps what a trial came to."""
        self._study.tell(drawn.number, score)

    def fail(self, drawn: Drawn) -> None:
        """Keeps that a trial came to nothing."""
        self._give_up(drawn.number)

    def _rows(self) -> list[Drawn]:
        found = [_as_drawn(t) for t in self._study.trials if _ROW in t.user_attrs]
        return sorted(found, key=lambda drawn: drawn.row)

    def _begin_with_usual(self) -> None:
        """Has the first trial be what params.yaml says, so that one sees the gain."""
        usual = {key: _value(self._usual, key) for key in self._search.keys}
        spaces = self._search.keys
        if all(spaces[key].holds(value) for key, value in usual.items()):
            self._study.enqueue_trial(usual)

    def _ask(self):
        from optuna.samplers import TPESampler

        number = len(self._study.trials)
        seed = random.Random(f"{self._usual.train.seed}/{number}").getrandbits(32)
        self._study.sampler = TPESampler(seed=seed)
        spaces = self._search.keys.items()
        return self._study.ask({key: _distribution(space) for key, space in spaces})

    def _refusal(self, values: Mapping[str, object]) -> str:
        try:
            overlay.merged(self._common, search_plan.nested(values))
        except ConfigError as error:
            return str(error)
        return ""

    def _give_up(self, number: int) -> None:
        self._study.tell(number, state=_states().FAIL)


def require_optuna() -> None:
    """Raises ConfigError where the package is not installed."""
    if find_spec("optuna") is None:
        raise ConfigError(
            "The file has a section `search`, and the package optuna is missing. Run "
            "`uv sync --extra search`, or list the values in `matrix`."
        )


def name_of(plan: Plan, search: Search) -> str:
    """Names what a score depends on, so that no other search goes on from it."""
    usual = asdict(overlay.as_params(overlay.merged(plan.common)))
    for section in _NOT_OF_MODELS:
        del usual[section]
    content = [search_plan.as_content(search), plan.seconds, usual]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


@contextmanager
def opened(plan: Plan, search: Search, folder: Path) -> Iterator[Study]:
    """Opens the study of a search, or begins it.

    Raises:
        StorageError: The file cannot be read.
    """
    import optuna
    import sqlalchemy

    from llmvis.evaluation.search import lower_is_better

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = folder / FILE
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    except (sqlalchemy.exc.DatabaseError, optuna.exceptions.OptunaError) as error:
        raise StorageError(
            f"{path} cannot be read: {error}. Move it away to begin the search anew; "
            "what was trained is in DVC's cache."
        ) from error
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=name_of(plan, search),
            direction="minimize" if lower_is_better(search.score) else "maximize",
            load_if_exists=True,
        )
        usual = overlay.as_params(overlay.merged(plan.common))
        yield Study(study, search, usual, plan.common)
    finally:
        storage.engine.dispose()


def _states():
    from optuna.trial import TrialState

    return TrialState


def _as_drawn(trial) -> Drawn:
    return Drawn(
        number=trial.number,
        row=trial.user_attrs[_ROW],
        values=dict(trial.params),
    )


def _value(params, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(params, section), name)


def _distribution(space: Space):
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(space, Choices):
        return CategoricalDistribution(space.values)
    return _of_numbers(space, IntDistribution, FloatDistribution)


def _of_numbers(space: Range, of_ints, of_floats):
    kind = of_ints if space.is_int else of_floats
    return kind(space.low, space.high, log=space.log, step=space.step)
