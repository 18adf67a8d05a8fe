"""Reads YAML files of sections into dataclasses, and refuses what does not fit."""

import types
import typing
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path
from typing import Literal

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from llmvis.errors import ConfigError


def read_yaml(path: Path) -> dict:
    """Reads a YAML file of sections.

    Raises:
        ConfigError: The file is missing, is not YAML, or holds no sections.
    """
    if not path.exists():
        raise ConfigError(f"There is no file {path}. Name one that exists.")
    try:
        # The other loaders give floats that remember their spelling, not floats.
        content = YAML(typ="safe").load(path.read_text("utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds no sections such as `train:`.")
    return content


def read_section(section: dict, name: str, config_class):
    """Builds `config_class` from one section of params.yaml.

    Args:
        section: The section, as a dictionary.
        name: Its name in params.yaml, for the error.
        config_class: The dataclass whose fields are the section's keys.

    Raises:
        ConfigError: A key is missing or unknown, or a value has the wrong type.
    """
    hints = typing.get_type_hints(config_class)
    refuse_other_keys(section, set(hints), f"Section `{name}` of params.yaml")
    for key, hint in hints.items():
        _require_type(section[key], hint, f"{name}.{key}")
    return config_class(**section)


def refuse_other_keys(content: dict, known: set[str], where: str) -> None:
    """Raises ConfigError where the keys of `content` are not exactly `known`."""
    unknown, missing = sorted(content.keys() - known), sorted(known - content.keys())
    require(
        not unknown and not missing,
        f"{where} has unknown keys {unknown} and lacks {missing}. "
        f"It takes exactly {sorted(known)}.",
    )


def _require_type(value, hint, key: str) -> None:
    if typing.get_origin(hint) is Literal:
        known = typing.get_args(hint)
        require(
            value in known,
            f"{key} is {value!r}, and must be one of {', '.join(known)}.",
        )
        return
    if typing.get_origin(hint) is dict:
        require(
            isinstance(value, dict),
            f"{key} is {value!r}, and must be names with values, or {{}} for none.",
        )
        for name, one in value.items():
            _require_type(one, typing.get_args(hint)[1], f"{key}.{name}")
        return
    allowed = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    # YAML writes 3 for 3.0, and Python calls True an int.
    fits = isinstance(value, (*allowed, int) if float in allowed else allowed)
    require(
        fits and (not isinstance(value, bool) or bool in allowed),
        f"{key} is {value!r}, and must be {' or '.join(t.__name__ for t in allowed)}.",
    )


def require(condition: bool, message: str) -> None:
    """Raises ConfigError with that message unless the condition holds."""
    if not condition:
        raise ConfigError(message)


def require_positive(section, name: str, *, but: Collection[str] = ()) -> None:
    """Raises ConfigError where a number of a section is not above 0.

    Args:
        section: A dataclass.
        name: What params.yaml calls it.
        but: Keys that may be 0, as every seed may.
    """
    for field in fields(section):
        value = getattr(section, field.name)
        if isinstance(value, int | float) and field.name not in {"seed", *but}:
            key = f"{name}.{field.name}"
            require(value > 0, f"{key} is {value}, and must be above 0.")
