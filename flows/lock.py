"""One run at a time in one folder."""

import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from flows import earlier, overlay, progress
from llmvis.errors import BusyError

ROOMS = Path(".dvc/tmp/rooms")  # copies of this folder, see `rooms`
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
    if ROOMS.exists():
        progress.say("Rows were killed; how far they came is kept with them.")
        recover_rooms()


def recover_rooms() -> None:
    """Keeps what was cut off in a room in the folder of its row; takes the rooms away.

    Call it when nobody is in them.
    """
    for room in sorted(ROOMS.glob("*/.dvc")):
        with chdir(room.parent):
            overlay.restore()
            earlier.restore()
    shutil.rmtree(ROOMS, ignore_errors=True)
