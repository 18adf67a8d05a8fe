"""What a search looks for: section `search` of the file of an experiment."""

import dataclasses
import itertools
import math
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import overlay
from llmvis import config
from llmvis.errors import ConfigError
from llmvis.sections import require

VALIDATION_LOSS = "validation_loss"
_ALIGNMENT = r"alignment\.validation\.[a-z-]+\.[a-z0-9_]+"
_KEYS = {"num_trials", "score", "keys"}
_RANGE = {"low", "high", "log", "step"}
_SECTIONS = ("ingest", "tokenize", "train", "finishing", "sampling")
_MOST_CORNERS = 256  # combinations that are looked at before a value is refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Numbers between two ends, both included."""

    low: float
    high: float
    log: bool  # every factor is as likely, not every difference
    step: float | None  # None: any number between; whole numbers have 1
    is_int: bool

    @property
    def ends(self) -> list[object]:
        """The values to look at when the file is read."""
        return [self.low, self.high]

    @property
    def size(self) -> float:
        """How many values there are."""
        if self.step is None:
            return math.inf
        return math.floor((self.high - self.low) / self.step + 1e-9) + 1

    def holds(self, value: object) -> bool:
        """Says whether a draw may give the value."""
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return math.isclose(steps, round(steps), abs_tol=1e-9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """Values of any kind, in no order."""

    values: tuple[bool | int | float | str | None, ...]

    @property
    def ends(self) -> list[object]:
        """The values to look at when the file is read."""
        return list(self.values)

    @property
    def size(self) -> float:
        """How many values there are."""
        return len(self.values)

    def holds(self, value: object) -> bool:
        """Says whether a draw may give the value."""
        return value in self.values


Space = Range | Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All that the section says."""

    num_trials: int  # that come to a score
    score: str  # see llmvis.evaluation.search.read_score
    keys: Mapping[str, Space]  # section.key -> where its values lie


def read(section: object, path: Path, common: overlay.Values) -> Search:
    """Reads the section, and tries the ends of every range and every choice.

    Args:
        section: As YAML gives it.
        path: Of the file, for the errors.
        common: What all rows have other than params.yaml.

    Raises:
        ConfigError: A key is unknown or missing, a value cannot be, or the score does
            not tell the trials apart.
    """
    there = section if isinstance(section, dict) else {}
    require(
        there.keys() == _KEYS,
        f"search of {path} has {section!r}, and takes exactly {sorted(_KEYS)}. Try "
        "{num_trials: 20, score: validation_loss, keys: "
        "{train.learning_rate: {low: 0.001, high: 0.01, log: true}}}.",
    )
    num_trials, keys = there["num_trials"], there["keys"]
    require(
        type(num_trials) is int and num_trials > 0,
        f"search.num_trials of {path} is {num_trials!r}, and must be a whole number "
        "above 0. Try 20.",
    )
    require(
        isinstance(keys, dict) and bool(keys),
        f"search.keys of {path} is {keys!r}, and must name at least one key, such as "
        "{train.num_layers: {low: 2, high: 6}}.",
    )
    usual = overlay.as_params(overlay.merged(common))
    spaces = {
        str(key): _space(str(key), said, usual, common) for key, said in keys.items()
    }
    _check_score(there["score"], list(spaces), path)
    size = math.prod(space.size for space in spaces.values())
    require(
        num_trials <= size,
        f"search.num_trials of {path} is {num_trials}, and the keys have {size:.0f} "
        "combinations only. Lower num_trials, or list the values in `matrix`.",
    )
    _try_ends(spaces, common)
    return Search(num_trials=num_trials, score=there["score"], keys=spaces)


def _space(key: str, said: Any, usual: config.Params, common: overlay.Values) -> Space:
    section, _, name = key.partition(".")
    require(
        section in _SECTIONS and bool(name),
        f"search.keys has {key}, and may have keys of {', '.join(_SECTIONS)} only, such"
        " as train.learning_rate: no other changes the pictures, or they are how "
        "pictures are measured.",
    )
    # A name that is not there is refused with a hint.
    value = getattr(getattr(usual, section), name, None)
    overlay.merged(common, {section: {name: value}})
    where = f"search.keys.{key} is {said!r}"
    require(
        isinstance(said, dict) and (said.keys() == {"choices"} or _is_range(said)),
        f"{where}, and must be {{low: 1, high: 4}}, with log: true or a step where "
        "wanted, or {choices: [...]}.",
    )
    if "choices" in said:
        return _choices(said["choices"], where)
    return _range(said, where, _number_type(usual, section, name))


def _is_range(said: dict) -> bool:
    return {"low", "high"} <= said.keys() <= _RANGE


def _choices(values: Any, where: str) -> Choices:
    require(
        isinstance(values, list)
        and len(values) > 0
        and all(one is None or isinstance(one, str | int | float) for one in values)
        and len({repr(one) for one in values}) == len(values),
        f"{where}, and must list words, numbers, true, false or null, each once.",
    )
    return Choices(values=tuple(values))


def _number_type(usual: config.Params, section: str, name: str) -> type | None:
    hint = typing.get_type_hints(type(getattr(usual, section)))[name]
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return next((kind for kind in (float, int) if kind in kinds), None)


def _range(said: dict, where: str, kind: type | None) -> Range:
    require(kind is not None, f"{where}, and has no numbers. List its `choices`.")
    log, numbers = said.get("log", False), {**said}
    numbers.pop("log", None)
    allowed = (int,) if kind is int else (int, float)
    for name, value in numbers.items():
        require(
            type(value) in allowed and math.isfinite(value),
            f"{where}: {name} is {value!r}, and must be "
            f"{'a whole number' if kind is int else 'a number, such as 0.001'}.",
        )
    require(isinstance(log, bool), f"{where}: log is {log!r}. Write true or false.")
    low, high, step = said["low"], said["high"], said.get("step")
    require(low < high, f"{where}: low must be below high. Swap or change them.")
    require(
        not log or (low > 0 and step is None),
        f"{where}: log needs a low above 0 and no step. Leave log out, or mend these.",
    )
    require(
        step is None or 0 < step <= high - low,
        f"{where}: step must be above 0 and at most {high - low:g}.",
    )
    if kind is int and step is None:
        step = 1
    if step is not None:  # the last value that a step reaches
        high = round(low + step * math.floor((high - low) / step + 1e-9), 12)
    return Range(low=low, high=high, log=log, step=step, is_int=kind is int)


def _check_score(score: object, keys: list[str], path: Path) -> None:
    require(
        score == VALIDATION_LOSS
        or (isinstance(score, str) and bool(re.fullmatch(_ALIGNMENT, score))),
        f"search.score of {path} is {score!r}. It is {VALIDATION_LOSS} or "
        "alignment.validation.LANG.MEASURE, such as alignment.validation.en."
        "all_correct: a test split by which models were chosen tests them no more.",
    )
    if score != VALIDATION_LOSS:
        return
    refused = [
        key for key in keys if key == "train.generator" or not key.startswith("train.")
    ]
    require(
        not refused,
        f"search.score of {path} is {VALIDATION_LOSS}, which {', '.join(refused)} "
        "does not change, or gives another meaning. Take alignment.validation.en."
        "all_correct instead.",
    )


def _try_ends(spaces: Mapping[str, Space], common: overlay.Values) -> None:
    """Refuses a value that params.yaml takes with nothing that the other keys have."""
    for key, space in spaces.items():
        others = [
            [(other, value) for value in one.ends]
            for other, one in spaces.items()
            if other != key
        ]
        for value in space.ends:
            refusal = _refusal(common, {}, {key: value})
            corners = itertools.islice(itertools.product(*others), _MOST_CORNERS)
            if refusal and all(
                _refusal(common, nested(dict(corner)), {key: value})
                for corner in corners
            ):
                raise ConfigError(
                    f"search.keys.{key} has {value!r}, which cannot be: {refusal}"
                )


def _refusal(common: overlay.Values, others: overlay.Values, own: dict) -> str:
    try:
        overlay.merged(common, others, nested(own))
    except ConfigError as error:
        return str(error)
    return ""


def nested(values: Mapping[str, object]) -> overlay.Values:
    """Gives values by section.key as sections with keys."""
    found: overlay.Values = {}
    for key, value in values.items():
        section, _, name = str(key).partition(".")
        found.setdefault(section, {})[name] = value
    return found


def as_content(search: Search) -> dict:
    """Gives what decides what a search finds, for a file."""
    keys = {key: dataclasses.asdict(space) for key, space in search.keys.items()}
    return {"score": search.score, "keys": keys}
