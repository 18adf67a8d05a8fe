"""What a retraining leaves in git: a DVC experiment, and nothing else.

An experiment is a commit beside the branch, with the code, the params and the dvc.lock
of that moment: `dvc exp show` lists it, `dvc exp apply NAME` brings it back. Where
dvc.lock is committed, it would otherwise be left changed, and `git pull` would stop.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flows import progress
from llmvis.files import replacing

_LOCK_FILE = "dvc.lock"


@contextmanager
def clean_afterwards() -> Iterator[None]:
    """Leaves dvc.lock as it was committed, and lets the body see the latest one.

    Where dvc.lock is not committed it is left alone, since git does not mind it.
    """
    if not _is_committed():
        yield
        return
    latest = _latest()
    if latest is not None and not _git("status", "--porcelain", _LOCK_FILE):
        with replacing(Path(_LOCK_FILE)) as beside:
            beside.write_bytes(_git_bytes("show", f"{latest}:{_LOCK_FILE}"))
    try:
        yield
    finally:
        _git("checkout", "--quiet", "--", _LOCK_FILE)


def save(name: str) -> None:
    """Saves code, params and dvc.lock as an experiment, where there is git.

    A failure is told and no more: the version is registered, and its run keeps all
    that is needed to make it again.
    """
    if not _git("rev-parse", "--verify", "--quiet", "HEAD"):
        return
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "exp", "save", "--force", "-n", name],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        progress.say(f"`dvc exp save` failed: {done.stderr.strip()}")
        return
    progress.say(f"{'saved':<9} experiment {name}: `dvc exp apply {name}`")


def _is_committed() -> bool:
    return bool(_git("ls-tree", "--name-only", "HEAD", _LOCK_FILE))


def _latest() -> str | None:
    """Finds the newest experiment that began with the dvc.lock that HEAD has."""
    refs = _git("for-each-ref", "--sort=-creatordate", "--format=%(refname)", _REFS)
    for ref in refs.splitlines():
        if _blob(f"{ref}^") == _blob("HEAD"):
            return ref
    return None


_REFS = "refs/exps/??/*/*"  # below refs/exps/exec are DVC's own


def _blob(commit: str) -> str:
    return _git("rev-parse", "--verify", "--quiet", f"{commit}:{_LOCK_FILE}")


def _git(*arguments: str) -> str:
    return _git_bytes(*arguments).decode().strip()


def _git_bytes(*arguments: str) -> bytes:
    """Gives what git says; nothing where it fails, or is not there."""
    try:
        return subprocess.run(
            ["git", *arguments], capture_output=True, check=False
        ).stdout
    except OSError:
        return b""
