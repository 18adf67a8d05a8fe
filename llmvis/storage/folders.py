"""Folders and files that are never half written, and never taken for whole if so."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmvis.errors import MissingStage, StorageError
from llmvis.files import replacing


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Gives an empty folder beside `folder` that takes its place if all goes well.

    The body writes into the folder it is given. If it raises, what stood at `folder`
    is left as it was.

    Raises:
        StorageError: The disk is full or the place cannot be written.
    """
    staging = folder.with_name(f".{folder.name}.writing")
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        yield staging
        _take_place(staging, folder)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        if not _is_about_writing(error, staging):
            raise
        raise StorageError(
            f"Could not write {folder}: {os.strerror(error.errno or 0)}. Earlier "
            "output is untouched. Free some space or change the permissions, and run "
            "it again."
        ) from error
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _take_place(staging: Path, folder: Path) -> None:
    # Both renames take no time, so a kill between them is next to impossible, and
    # even then nothing is lost.
    earlier = folder.with_name(f".{folder.name}.earlier")
    shutil.rmtree(earlier, ignore_errors=True)
    if folder.exists():
        folder.rename(earlier)
    staging.rename(folder)
    shutil.rmtree(earlier, ignore_errors=True)


def _is_about_writing(error: OSError, staging: Path) -> bool:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return True
    # A source that may not be read gives the same number.
    place = os.path.abspath(error.filename or "")
    beside = os.path.abspath(staging.parent)
    return error.errno in {errno.EACCES, errno.EROFS} and place.startswith(beside)


def write_json(path: Path, content) -> None:
    """Writes `content` as indented JSON."""
    with replacing(path) as beside:
        text = json.dumps(content, ensure_ascii=False, indent=2)
        beside.write_text(text + "\n", "utf-8")


def read_json(path: Path, stage: str):
    """Reads what `stage` wrote.

    Raises:
        MissingStage: The file is not there.
    """
    if not path.exists():
        raise MissingStage(path, stage)
    return json.loads(path.read_text("utf-8"))


def fingerprint(folder: Path, without: Collection[str] = ()) -> str:
    """Names the content of a folder: 16 hex digits that change with any byte in it.

    Args:
        folder: Which.
        without: Files in it that do not count.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.relative_to(folder).as_posix() in without:
            continue
        digest.update(os.fsencode(path.relative_to(folder).as_posix()) + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


@contextmanager
def scratch() -> Iterator[Path]:
    """Gives a folder for large files of passing interest, which goes when done."""
    with tempfile.TemporaryDirectory(prefix="llmvis-") as folder:
        yield Path(folder)
