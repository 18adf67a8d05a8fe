"""One run at a time in one folder."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from flows import earlier, overlay, progress
from llmvis.errors import BusyError

_LOCK = Path(".dvc/tmp/llmvis.lock")


@contextmanager
def alone(patience: float = 0) -> Iterator[None]:
    """Keeps other runs out of this folder while the body runs.

    May be nested. What a killed run left in place of the original, params.yaml or a
    model, is put back first.

    Args:
        patience: Seconds to wait for another run to end.

    Raises:
        BusyError: Another process runs here.
    """
    _LOCK.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_LOCK, timeout=0, is_singleton=True)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        raise BusyError(
            "Another llmvis command is at work in this folder. Wait until it has "
            "ended, or stop it with Ctrl-C where it runs."
        ) from error
    try:
        if lock.lock_counter == 1:
            _recover()
        yield
    finally:
        lock.release()


def recover() -> None:
    """Puts back what a killed run left, unless a run is going on."""
    with suppress(BusyError), alone():
        pass


def _recover() -> None:
    if overlay.restore():
        progress.say("A run was killed; its params.yaml gave way to the original.")
    if earlier.restore():
        progress.say("An experiment was killed; the model before it is back.")
