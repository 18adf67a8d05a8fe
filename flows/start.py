"""version -> data/start: what `train.start_from` begins with, as files that DVC sees.

A version is in MLflow, which DVC knows nothing of, and `champion` is another one from
day to day. So its files are put under data/ before the first stage that reads them;
`tokenize` and `train` depend on that folder, and run with no server.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows import progress
from llmvis import config, storage
from llmvis.errors import MismatchError
from llmvis.model_registry.provenance import Version

START = Path("data/start")
FIRST_READER = "tokenize"
READERS = (FIRST_READER, "train")
_ABOUT = "start.json"  # which version it is


@dataclass(frozen=True, slots=True)
class Start:
    """A registered version whose files are in data/start."""

    folder: Path
    name: str
    version: int

    @property
    def label(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def about(self) -> dict:
        """What a model that begins with it keeps of it."""
        fingerprint = storage.fingerprint(self.folder)
        return {"name": self.name, "version": self.version, "files": fingerprint}


def bring(is_up_to_date: Callable[[], bool]) -> None:
    """Has data/start hold what params.yaml begins with, and nothing else.

    The champion is looked up only where something else has changed too. Else each
    run would make a model out of the last one, and none would ever be up to date.

    Args:
        is_up_to_date: Whether all that reads data/start is.

    Raises:
        RegistryError: There is no such version, or its files are not there any more.
    """
    params = config.read()
    wanted, name = params.train.start_from, params.register.name
    if wanted is None:
        shutil.rmtree(_model(START), ignore_errors=True)
        return
    there = _there()
    if there == (name, wanted):
        return
    if wanted == "champion" and there is not None and is_up_to_date():
        return
    from llmvis.model_registry import versions

    if wanted == "champion" and not versions.has_champion(name):
        progress.say(f"{name} has no champion yet, so the training starts afresh.")
        with storage.staged(_model(START)) as staging:
            _say(staging, name, 0)
        return
    place = "@champion" if wanted == "champion" else f"/{wanted}"
    version = versions.resolve(f"models:/{name}{place}")
    if there != (name, version.version):
        progress.say(f"{'start':<9} {version.label} -> {START}")
        put(version, START)


def put(version: Version, folder: Path) -> None:
    """Writes the files of a version where a training finds them.

    Args:
        version: Which one.
        folder: `START` of a project.

    Raises:
        RegistryError: They are not there any more, or not those that were registered.
    """
    from llmvis.model_registry import fetching, hashes

    with storage.scratch() as scratch, storage.staged(_model(folder)) as staging:
        fetched = fetching.fetch_model(version, scratch)
        hashes.verify(fetched, version.files)
        shutil.copytree(fetched, staging, dirs_exist_ok=True)
        _say(staging, version.name, version.version)


def read() -> Start | None:
    """Finds what the training begins with; None where it starts afresh.

    Raises:
        MismatchError: data/start does not hold what params.yaml names.
    """
    params = config.read()
    wanted, there = params.train.start_from, _there()
    if wanted is None:
        return None
    name, number = there or ("", None)
    if name != params.register.name or wanted not in {"champion", number}:
        raise MismatchError(
            f"train.start_from is {wanted}, of {params.register.name}, and {START} "
            f"holds {f'{name} {number}' if there else 'nothing'}. Run "
            "`llmvis train`, which puts it there; `dvc repro` takes what is there."
        )
    return Start(_model(START), name, number) if number else None


def _model(folder: Path) -> Path:
    return folder / "model"


def _say(folder: Path, name: str, version: int) -> None:
    storage.write_json(folder / _ABOUT, {"name": name, "version": version})


def _there() -> tuple[str, int] | None:
    """Name and number of the version that is in data/start; 0 where none was."""
    path = _model(START) / _ABOUT
    if not path.exists():
        return None
    about = storage.read_json(path, "train")
    return about["name"], about["version"]
