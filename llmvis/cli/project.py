"""Where the project is, seen from the current folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows import lock
from llmvis import config
from llmvis.errors import ConfigError


@contextmanager
def entered() -> Iterator[config.Params]:
    """Runs the body in the project's folder and gives it the project's params.

    Raises:
        ConfigError: There is no project here or above, or its params.yaml is wrong.
    """
    before = Path.cwd()
    os.chdir(_root(before))
    try:
        lock.recover()
        yield config.read()
    finally:
        os.chdir(before)


def address(name: str) -> str:
    """Reads the name of a model as it is meant in the current folder.

    Call it before `entered`, which changes the folder.
    """
    return str(Path(name).absolute()) if Path(name).is_dir() else name


def address_of_data(name: str) -> str:
    """Reads a path to data as it is meant in the current folder.

    A path near the project is given relative to it, so that params.yaml says the same
    on another machine. Call it before `entered`, which changes the folder.
    """
    path = Path(name.removeprefix("file://")).expanduser().absolute()
    if "://" in name.removeprefix("file://"):
        return name
    root = _root(Path.cwd())
    near = path.is_relative_to(root.parent)
    return os.path.relpath(path, root) if near else str(path)


def _root(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / "dvc.yaml").exists() and (folder / "params.yaml").exists():
            return folder
    raise ConfigError(
        f"{start} is in no llmvis project: no dvc.yaml and params.yaml here or above. "
        "Change into the folder that git cloned."
    )
