"""What an experiment compares: a YAML file to rows, each with its own params."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flows import further_settings, overlay, search_plan
from flows.search_plan import Search, nested
from llmvis import config, sections
from llmvis.errors import ConfigError
from llmvis.sections import require

_KEYS = {"name", "seconds", "num_steps", "set", "matrix", "also", "with", "search"}
_STEPS, _SEED = "train.num_steps", "train.seed"
_SECONDS = "train.max_seconds"

Values = dict[str, object]  # section.key -> value


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model of an experiment."""

    name: str
    model: str  # the name without the seed: what rows of other seeds are called, too
    values: Values  # what it has other than the rest
    further: overlay.Values  # what else it gets for these values
    params: config.Params
    text: str  # of its params.yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that the file of an experiment says."""

    name: str
    seconds: float | None  # of training for each; None: train.num_steps as it stands
    common: overlay.Values  # what all rows have other than params.yaml
    rows: tuple[Row, ...]  # none where a search finds them
    search: Search | None


def read(
    path: Path,
    settings: overlay.Values | None = None,
    name: str | None = None,
    length: dict[str, float | None] | None = None,
) -> Plan:
    """Reads the file of an experiment, and builds the params of every row.

    Args:
        path: Of the file.
        settings: What all rows have other than the file says in `set`.
        name: Of the experiment, where it is not that of the file.
        length: The seconds or num_steps of each row, where not those of the file.

    Raises:
        ConfigError: There is no such file, a key is unknown or missing, no row is
            left, or params.yaml refuses what a row combines.
    """
    content = sections.read_yaml(path)
    if name is not None:
        content["name"] = name
    given = {key: value for key, value in (length or {}).items() if value is not None}
    if given:
        others = ("seconds", "num_steps")
        content = {k: v for k, v in content.items() if k not in others} | given
    _check(content, path)
    further = further_settings.read(content.get("with"), path)
    common: overlay.Values = {
        section: dict(keys) for section, keys in (content.get("set") or {}).items()
    }
    for section, keys in (settings or {}).items():
        common.setdefault(section, {}).update(keys)
    _check_length({**content, "set": common}, further_settings.names(further), path)
    if "num_steps" in content:
        common.setdefault("train", {})["num_steps"] = content["num_steps"]
    if "search" in content:
        return _searching(content, path, common)
    usual = overlay.as_params(overlay.merged(common))
    combinations = _combinations(content, path)
    whole = _whole(combinations, usual)
    further_settings.check_used(further, whole, path)
    rows = [
        row_of(
            named,
            values,
            common,
            further_settings.of_row(further, row, values),
        )
        for named, values, row in zip(
            _names(whole, content["name"]), combinations, whole, strict=True
        )
    ]
    _refuse_doubles(rows, path)
    return Plan(
        name=content["name"],
        seconds=content.get("seconds"),
        common=common,
        rows=tuple(rows),
        search=None,
    )


def _searching(content: dict, path: Path, common: overlay.Values) -> Plan:
    others = [key for key in ("matrix", "also", "with") if content.get(key)]
    require(
        not others,
        f"{path} has search and {' and '.join(others)}. A search finds its rows itself:"
        " move the values into search.keys or `set`, or compare them in a file of "
        "their own.",
    )
    asked = common.setdefault("evaluate", {}).setdefault("splits", "validation")
    require(
        asked == "validation",
        f"set of {path} has evaluate.splits: {asked!r}. A search asks the validation "
        "split, so that the test splits still test what it finds. Leave it out.",
    )
    search = search_plan.read(content["search"], path, common)
    seconds = content.get("seconds")
    return Plan(
        name=content["name"], seconds=seconds, common=common, rows=(), search=search
    )


def with_steps(plan: Plan, row: Row, num_steps: int) -> str:
    """Gives the params.yaml of a row that trains for so many steps."""
    length: dict[str, object] = {"num_steps": num_steps, "max_seconds": None}
    found: overlay.Values = {"train": length}
    return overlay.merged(plan.common, row.further, nested(row.values), found)


def _check(content: dict, path: Path) -> None:
    unknown = sorted(map(str, content.keys() - _KEYS))
    known = ", ".join(sorted(_KEYS))
    require(not unknown, f"{path} has unknown keys {unknown}. There are: {known}.")
    name = content.get("name")
    require(
        isinstance(name, str) and bool(re.fullmatch(r"[A-Za-z0-9_-]+", name)),
        f"{path} has the name {name!r}, and may have letters, digits and the signs "
        "_ - only, because it becomes part of file names. Try families.",
    )
    for key, kind, words in (
        ("set", dict, "sections with keys, like a file for --params"),
        ("matrix", dict, "lists of values by section.key"),
        ("also", list, "a list of rows such as {train.generator: vae}"),
    ):
        require(
            isinstance(content.get(key) or kind(), kind),
            f"{key} of {path} is {content.get(key)!r}, and must hold {words}.",
        )
    _check_sections(content.get("set") or {}, path)


def _check_sections(common: dict, path: Path) -> None:
    for section, keys in common.items():
        require(
            isinstance(keys, dict),
            f"set of {path} has {section}: {keys!r}. Write {section}: {{KEY: VALUE}}.",
        )


def _check_length(content: dict, further: set[str], path: Path) -> None:
    seconds = content.get("seconds")
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    require(
        seconds is None or (is_number and seconds > 0),
        f"seconds of {path} is {seconds!r}, and must be a number above 0. Try 300.",
    )
    chosen = {key for row in (content.get("also") or []) if row for key in row}
    chosen |= set(content.get("matrix") or {})
    chosen |= _searched(content) | further
    inner = (content.get("set") or {}).get("train", {})
    timed = seconds is not None  # num_steps may be the most that max_seconds gives
    said = [
        words
        for words, is_there in (
            ("seconds", timed),
            ("num_steps", "num_steps" in content),
            (_STEPS, _STEPS in chosen or "num_steps" in inner),
            (_SECONDS, timed and (_SECONDS in chosen or "max_seconds" in inner)),
        )
        if is_there
    ]
    require(
        len(said) <= 1,
        f"{path} says how long to train in {' and in '.join(said)}. Keep one of them.",
    )


def _searched(content: dict) -> set[str]:
    section = content.get("search")
    keys = section.get("keys") if isinstance(section, dict) else None
    return set(map(str, keys)) if isinstance(keys, dict) else set()


def _combinations(content: dict, path: Path) -> list[Values]:
    matrix: dict = content.get("matrix") or {}
    for key, values in matrix.items():
        require(
            isinstance(values, list) and bool(values),
            f"matrix of {path} has {key}: {values!r}, and must have a list with at "
            "least one value there.",
        )
    found = [
        dict(zip(matrix, combined, strict=True))
        for combined in (itertools.product(*matrix.values()) if matrix else ())
    ]
    for row in content.get("also") or []:
        require(
            isinstance(row, dict) and bool(row),
            f"also of {path} has {row!r}. Write {{train.generator: vae}}.",
        )
        found.append(row)
    require(
        bool(found),
        f"{path} has neither a matrix nor further rows in `also`, so there is nothing "
        "to compare. Try matrix: {train.generator: [autoregressive, regression]}, or a "
        "section search.",
    )
    return found


def _whole(combinations: list[Values], usual: config.Params) -> list[Values]:
    """Gives every row all keys that any row has."""
    keys = dict.fromkeys(key for values in combinations for key in values)
    for key in keys:
        _usual_value(usual, key)
    return [
        {key: values.get(key, _usual_value(usual, key)) for key in keys}
        for values in combinations
    ]


def _names(rows: list[Values], experiment: str) -> Iterator[tuple[str, str]]:
    """Names each row by the values in which the rows differ, with and without seed."""
    differ = [key for key in rows[0] if len({repr(row[key]) for row in rows}) > 1]
    keys = differ or list(rows[0])
    for row in rows:
        shown = {key: _word(key, row[key]) for key in keys}
        name = "-".join(shown.values())
        shown.pop(_SEED, None)
        # Where seeds are all that differs, the rows are the whole experiment.
        yield name, "-".join(shown.values()) or experiment


def _usual_value(usual: config.Params, key: str) -> object:
    section, dot, name = str(key).partition(".")
    require(
        bool(dot and name),
        f"{key!r} is not of the form section.key, for example train.generator.",
    )
    # An unknown name is refused with a hint when the row's params are made.
    return getattr(getattr(usual, section, None), name, None)


def _word(key: str, value: object) -> str:
    text = str(value)
    if not isinstance(value, str):
        text = f"{key.rpartition('.')[2]}{text}"
    return re.sub(r"[^A-Za-z0-9_]+", "_", text)


def row_of(
    named: tuple[str, str],
    values: Values,
    common: overlay.Values,
    further: overlay.Values,
) -> Row:
    """Builds a row from its name and that of its model, and from what it has.

    Raises:
        ConfigError: params.yaml refuses that.
    """
    name, model = named
    try:
        text = overlay.merged(common, further, nested(values))
        params = overlay.as_params(text)
    except ConfigError as error:
        raise ConfigError(f"Row {name} cannot be: {error}") from error
    return Row(
        name=name,
        model=model,
        values=values,
        further=further,
        params=params,
        text=text,
    )


def _refuse_doubles(rows: list[Row], path: Path) -> None:
    names = [row.name for row in rows]
    doubles = sorted({name for name in names if names.count(name) > 1})
    require(
        not doubles,
        f"{path} has the same row twice: {', '.join(doubles)}. Take one of them out.",
    )
