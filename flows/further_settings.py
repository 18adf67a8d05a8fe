"""Section `with` of an experiment's file: what else a row that has some value gets.

A family of models is at its best with learning rates and sampling of its own, which
say nothing new about what is compared and so are no part of a row's name.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flows import overlay
from llmvis.errors import ConfigError
from llmvis.sections import require

Further = dict[str, dict[object, overlay.Values]]  # section.key -> value -> sections
_EXAMPLE = "with: {train.generator: {vae: {sampling: {temperature: 0.7}}}}"


def read(section: object, path: Path) -> Further:
    """Reads the section; None is an empty one.

    Args:
        section: As YAML gives it.
        path: Of the file, for the errors.

    Raises:
        ConfigError: It is not made of values with sections and keys below them.
    """
    by_key: Any = {} if section is None else section
    _require_mapping(by_key, f"with of {path}")
    for key, by_value in by_key.items():
        _require_mapping(by_value, f"with.{key} of {path}")
        for value, sections in by_value.items():
            where = f"with.{key}.{value} of {path}"
            _require_mapping(sections, where)
            for name, keys in sections.items():
                _require_mapping(keys, f"{where} has {name}, which")
    return by_key


def check_used(
    further: Further, rows: Sequence[Mapping[str, object]], path: Path
) -> None:
    """Refuses what no row would get.

    Args:
        further: What `read` gives.
        rows: section.key -> value, of each row; the same keys in all.
        path: Of the file, for the errors.

    Raises:
        ConfigError: No row has a key, or none has it with a value.
    """
    keys = list(dict.fromkeys(key for row in rows for key in row))
    for key, by_value in further.items():
        require(
            key in keys,
            f"with of {path} has {key}, which no row names. The rows have: "
            f"{', '.join(keys)}. Name it in `matrix` or `also`, or move what it sets "
            "for all rows to `set`.",
        )
        known = list(dict.fromkeys(repr(row[key]) for row in rows))
        for value in by_value:
            require(
                repr(value) in known,
                f"with.{key} of {path} has {value!r}, and no row has that value. The "
                f"rows have: {', '.join(known)}.",
            )


def of_row(
    further: Further, row: Mapping[str, object], own: Mapping[str, object]
) -> overlay.Values:
    """Gives what a row gets; of two values that set one key, the later one counts.

    Args:
        further: What `read` gives.
        row: section.key -> value, of all keys that any row names.
        own: The same, of those that this row names; they stay as they are.
    """
    found: overlay.Values = {}
    for key, by_value in further.items():
        for section, keys in by_value.get(row[key], {}).items():
            for name, value in keys.items():
                if f"{section}.{name}" not in own:
                    found.setdefault(section, {})[name] = value
    return found


def names(further: Further) -> set[str]:
    """Lists what the section sets for any row, as section.key."""
    return {
        f"{section}.{key}"
        for by_value in further.values()
        for sections in by_value.values()
        for section, keys in sections.items()
        for key in keys
    }


def _require_mapping(said: object, where: str) -> None:
    if not isinstance(said, dict):
        raise ConfigError(f"{where} is {said!r}, and must hold names. Try {_EXAMPLE}.")
