"""Rolls back in a process that has MLflow imported already, which takes five seconds.

The model server stands by at a Unix socket in the project's folder, which only its own
user may write to. `llmvis rollback` asks it, and rolls back by itself where nobody is
there.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from llmvis.errors import RegistryError
from llmvis.model_registry import place

_SOCKET = Path(".llmvis/rollback")  # relative: a path of a socket has 107 characters
_PATIENCE = 60.0  # seconds; a turn that was abandoned is waited for
_LONGEST = 65536  # bytes of a message


@contextmanager
def standing_by() -> Iterator[None]:
    """Rolls back for other processes of this folder while the body runs.

    Where another process stands by here, or no socket can be made, nothing is done.
    """
    listener = _listen()
    if listener is None:
        yield
        return
    threading.Thread(target=_serve, args=(listener,), daemon=True).start()
    try:
        yield
    finally:
        _SOCKET.unlink(missing_ok=True)
        listener.close()


def roll_back(name: str) -> str | None:
    """Has the process that stands by roll back; gives the label of the champion.

    Args:
        name: Of the registered model.

    Returns:
        None where no process stands by, or only one that uses another store.

    Raises:
        RegistryError: It could not, or did not say whether it has.
    """
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(_SOCKET))
        except OSError:
            return None
        asking.settimeout(_PATIENCE)
        try:
            asking.sendall(_line({"name": name, "store": place.tracking_uri()}))
            answer = _read(asking)
        except (OSError, ValueError) as error:
            raise RegistryError(
                f"The model server did not say whether it rolled back ({error}). See "
                "`llmvis history`, and do it again only if there is no new line."
            ) from error
    if "error" in answer:
        raise RegistryError(answer["error"])
    return answer["label"]


def _listen() -> socket.socket | None:
    with suppress(OSError):
        _SOCKET.parent.mkdir(exist_ok=True)
        if not _is_answered():
            _SOCKET.unlink(missing_ok=True)  # of one that was killed
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(_SOCKET))
            _SOCKET.chmod(0o600)  # before anybody can connect
            listener.listen()
            return listener
    return None


def _is_answered() -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex(str(_SOCKET)) == 0


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            asking, _ = listener.accept()
        except OSError:  # closed: it is over
            return
        with asking, suppress(OSError, ValueError):  # who asked is gone
            asking.settimeout(_PATIENCE)
            asking.sendall(_line(_answer(_read(asking))))


def _answer(question: dict) -> dict:
    from llmvis.model_registry import champions  # whoever only asks need not wait

    if question["store"] != place.tracking_uri():
        return {"label": None}
    try:
        label = champions.rollback(question["name"]).label
    except Exception as error:  # whatever it is, who asked is waiting
        return {"error": str(error) or type(error).__name__}
    return {"label": label}


def _line(message: dict) -> bytes:
    return json.dumps(message).encode() + b"\n"


def _read(connection: socket.socket) -> dict:
    with connection.makefile("rb") as lines:
        return json.loads(lines.readline(_LONGEST))
