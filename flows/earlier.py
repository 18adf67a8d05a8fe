"""The project's own model and report, kept while an experiment has their place.

What DVC made it has copies of, so it is enough to keep dvc.lock. A training that was
cut off is in no cache, so data/training is kept too: that of the project, and that of
the row at work, which goes on from there the next time. So is data/start, which holds
what a training begins with.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flows import dvc_stage, progress
from llmvis import sections
from llmvis.errors import ConfigError

_KEPT = Path(".dvc/tmp/before-experiment")
_ROW = _KEPT / "row"  # names the folder of the row at work
_LOCK = Path("dvc.lock")
_FOLDERS = (Path("data/training"), Path("data/start"))


@contextmanager
def back_afterwards() -> Iterator[None]:
    """Has dvc.lock and the folders under data/ as they were once the body is over.

    After a kill they come back with the next command.
    """
    from llmvis import storage  # it brings pandas, and `llmvis --help` needs none

    with storage.staged(_KEPT) as folder:
        _keep(folder)
    try:
        yield
    finally:
        restore()


def restore() -> bool:
    """Puts back what is kept, if anything is; says whether there was."""
    if not _KEPT.exists():
        return False
    if _ROW.exists():
        _keep(Path(_ROW.read_text("utf-8")))
    try:
        dvc_stage.go_back(_read(_KEPT))
    except (ConfigError, OSError) as error:
        progress.say(f"`dvc checkout` may bring back earlier outputs: {error}")
    _take(_KEPT)
    shutil.rmtree(_KEPT)
    return True


@contextmanager
def row(folder: Path) -> Iterator[None]:
    """Goes on with what was done of a row; keeps it whole, or where it stops.

    Args:
        folder: Of the row; gets its dvc.lock, and its unfinished training.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if _read(folder):
        with suppress(ConfigError):  # what is in no cache any more is made again
            dvc_stage.go_back(_read(folder))
    if any((folder / kept.name).exists() for kept in _FOLDERS):
        _take(folder)
    _ROW.write_text(str(folder), "utf-8")
    try:
        yield
    except BaseException:
        _keep(folder)
        raise
    else:
        shutil.copy(_LOCK, folder)
        for kept in _FOLDERS:
            shutil.rmtree(folder / kept.name, ignore_errors=True)
    finally:
        _ROW.unlink()


def _keep(folder: Path) -> None:
    _replace(_FOLDERS, [folder / source.name for source in _FOLDERS])
    with suppress(ConfigError):  # missing, or cut off while DVC wrote it
        sections.read_yaml(_LOCK)
        shutil.copy(_LOCK, folder)


def _take(folder: Path) -> None:
    _replace([folder / target.name for target in _FOLDERS], _FOLDERS)


def _replace(sources: Iterable[Path], targets: Iterable[Path]) -> None:
    for source, target in zip(sources, targets, strict=True):
        shutil.rmtree(target, ignore_errors=True)
        if source.exists():
            shutil.copytree(source, target)


def _read(folder: Path) -> bytes:
    kept = folder / _LOCK.name
    return kept.read_bytes() if kept.exists() else b""
