"""Other params for one run: `--set` and `--params` over params.yaml.

DVC and the stages read params.yaml, so the merged text takes its place while the run
lasts. The original is kept beside it and comes back at the end, or, after a kill,
with the next command.
"""

import difflib
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from llmvis import config, sections
from llmvis.errors import ConfigError
from llmvis.files import replacing

PARAMS = Path("params.yaml")
KEPT = Path(".params.yaml.kept")

Values = dict[str, dict[str, object]]  # section -> key -> value


def read_settings(settings: Sequence[str]) -> Values:
    """Reads `section.key=value` settings; values are YAML: 3, 0.5, true, text.

    Raises:
        ConfigError: A setting has another form.
    """
    values: Values = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        section, dot, key = name.strip().partition(".")
        if not (equals and dot and section and key):
            raise ConfigError(
                f"--set {setting!r} is not of the form section.key=value, "
                "for example --set train.num_steps=500."
            )
        values.setdefault(section, {})[key] = _read_value(setting, value)
    return values


def read_file(path: Path) -> Values:
    """Reads a file with some sections of params.yaml, and some of their keys.

    Raises:
        ConfigError: It is not YAML, or holds no sections.
    """
    return sections.read_yaml(path)


def merged(*overlays: Values) -> str:
    """Gives the text of params.yaml with other values in it, comments kept.

    Args:
        overlays: What to change; a later one wins.

    Raises:
        ConfigError: params.yaml has no such section or key, or refuses the values.
    """
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # or long values are folded
    yaml.representer.add_representer(type(None), _as_null)  # not as nothing
    content = yaml.load(PARAMS.read_text("utf-8"))
    for values in overlays:
        _refuse_unknown(values, content)
        for section, keys in values.items():
            content[section].update(keys)
    text = io.StringIO()
    yaml.dump(content, text)
    as_params(text.getvalue())
    return text.getvalue()


def as_params(text: str) -> config.Params:
    """Reads what `merged` gives.

    Raises:
        ConfigError: params.yaml refuses the values.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, PARAMS.name)
        path.write_text(text, "utf-8")
        return config.read(path)


@contextmanager
def in_place(text: str) -> Iterator[None]:
    """Lets `text` stand in params.yaml while the body runs."""
    _replace(KEPT, PARAMS.read_bytes())
    _replace(PARAMS, text.encode())
    try:
        yield
    finally:
        restore()


def keep(values: Values) -> None:
    """Writes values into params.yaml for good, comments kept.

    Raises:
        ConfigError: params.yaml has no such section or key, or refuses the values.
    """
    _replace(PARAMS, merged(values).encode())


def restore() -> bool:
    """Puts the kept params.yaml back, if there is one; says whether there was."""
    if not KEPT.exists():
        return False
    KEPT.replace(PARAMS)
    return True


def _replace(path: Path, data: bytes) -> None:
    with replacing(path) as beside:
        beside.write_bytes(data)


def _read_value(setting: str, text: str) -> object:
    try:
        return YAML(typ="safe").load(text)
    except YAMLError as error:
        raise ConfigError(f"--set {setting!r} has a value that is not YAML.") from error


def _refuse_unknown(values: Values, content: dict) -> None:
    for section, keys in values.items():
        if section not in content:
            raise _unknown(f"section `{section}`", section, list(content))
        if not isinstance(keys, dict):
            raise ConfigError(f"Section `{section}` is {keys!r}, and must hold keys.")
        for key in keys:
            if key not in content[section]:
                known = list(content[section])
                raise _unknown(f"key `{section}.{key}`", key, known)


def _unknown(what: str, name: str, known: list[str]) -> ConfigError:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean `{close[0]}`?" if close else f"There are: {', '.join(known)}."
    return ConfigError(f"params.yaml has no {what}. {hint}")


def _as_null(representer, _):
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")
