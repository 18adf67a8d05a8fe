"""What `llmvis up` runs in this folder: which process, and where it is reached."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from llmvis.errors import BusyError
from llmvis.files import replacing

FOLDER = Path(".llmvis")  # logs, Prefect's database, and this
DEPLOYMENT = "retrain/llmvis"  # what Prefect calls the retraining
MARK = "LLMVIS_UP"  # a variable that everything `llmvis up` starts inherits
_STATE, _LOCK = FOLDER / "up.json", FOLDER / "up.lock"
_SECONDS_TO_END = 30.0


@contextmanager
def registered(prefect_api: str) -> Iterator[None]:
    """Says for as long as the body lasts that this process runs the services.

    Raises:
        BusyError: Another process runs them in this folder.
    """
    FOLDER.mkdir(exist_ok=True)
    lock = FileLock(_LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyError(
            "`llmvis up` runs in this folder already. `llmvis down` ends it."
        ) from error
    try:
        end_leftovers()  # of one that was killed outright
        with replacing(_STATE) as beside:
            beside.write_text(
                json.dumps({"process": os.getpid(), "prefect_api": prefect_api})
            )
        yield
    finally:
        _STATE.unlink(missing_ok=True)
        lock.release()


def prefect_api() -> str | None:
    """Finds Prefect's address: the user's own, or that of `llmvis up` here."""
    return os.environ.get("PREFECT_API_URL") or _read().get("prefect_api")


def environment() -> dict[str, str]:
    """Gives the variables of a process that `end_leftovers` may end."""
    return {**os.environ, MARK: str(Path.cwd())}


def end() -> bool:
    """Ends what runs in this folder, and says whether anything did."""
    found = False
    with suppress(KeyError, psutil.NoSuchProcess):
        process = psutil.Process(_read()["process"])
        if not _is_free():
            process.send_signal(signal.SIGTERM)
            found = True
            deadline = time.monotonic() + 2 * _SECONDS_TO_END
            while not _is_free() and time.monotonic() < deadline:
                time.sleep(0.1)
    return end_leftovers() or found


def end_leftovers() -> bool:
    """Ends every process that `llmvis up` of this folder started; says if any was."""
    left = list(_marked())
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(left, timeout=_SECONDS_TO_END)
    while left_still := list(_marked()):  # also what those have started meanwhile
        for process in left_still:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left_still, timeout=1)
    return bool(left)


def _marked() -> Iterator[psutil.Process]:
    here = str(Path.cwd())
    for process in psutil.process_iter(["status"]):
        if process.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == here and process.pid != os.getpid():
                yield process


def _is_free() -> bool:
    lock = FileLock(_LOCK, timeout=0)
    try:
        with lock:
            return True
    except Timeout:
        return False


def _read() -> dict:
    return json.loads(_STATE.read_text()) if _STATE.exists() else {}
