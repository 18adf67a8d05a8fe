"""The event that captioned pictures have changed, which Prefect retrains upon."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx

from flows import progress
from llmvis.files import replacing

EVENT = "llmvis.data-changed"
RESOURCE = "llmvis.data"
_LAST_SEEN = Path(".llmvis/watched")  # outlives a stop, so changes meanwhile are seen
_SECONDS_BETWEEN_LOOKS = 5.0


def announce(what: str, prefect_api: str) -> bool:
    """Tells Prefect that pictures changed; says whether it was told.

    Args:
        what: The folder, or the command, that saw it.
        prefect_api: Address of the API, such as http://127.0.0.1:4200/api.
    """
    event = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": EVENT,
        "resource": {"prefect.resource.id": RESOURCE},
        "payload": {"what": what},
    }
    try:  # without Prefect's client, which takes two seconds to import
        return httpx.post(f"{prefect_api}/events", json=[event]).is_success
    except httpx.HTTPError:
        return False


def watch(find: Callable[[], Path], settle: float, ended: threading.Event) -> None:
    """Announces each change of a place, once it has been still for a while.

    What is hashed is names, sizes and times; whether the pictures really differ, DVC
    decides when the retraining runs. Another place is a change too.

    Args:
        find: Names the folder, or the file, where pictures arrive; asked at every look.
        settle: Seconds without a change before it counts.
        ended: Set to stop watching.
    """
    known = _LAST_SEEN.read_text() if _LAST_SEEN.exists() else _signature(find())
    _remember(known)
    latest, since = known, time.monotonic()
    while not ended.wait(min(settle, _SECONDS_BETWEEN_LOOKS)):
        place = find()
        seen = _signature(place)
        if seen != latest:
            latest, since = seen, time.monotonic()
        still = time.monotonic() - since >= settle
        if latest != known and still and announce(str(place), _prefect_api()):
            progress.say(f"{place} has changed.")
            known = latest
            _remember(known)


def _signature(place: Path) -> str:
    digest = hashlib.sha256(f"{place}\n".encode())
    for path in _files(place):
        try:
            about = path.stat()
        except OSError:  # taken away between the two
            continue
        said = f"{path}\0{about.st_size}\0{about.st_mtime_ns}\n"
        digest.update(os.fsencode(said))
    return digest.hexdigest()


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    for root, folders, names in os.walk(place):
        folders.sort()
        yield from (Path(root, name) for name in sorted(names))


def _remember(signature: str) -> None:
    # On a full disk it is seen again after a stop, which costs one retraining.
    with suppress(OSError):
        _LAST_SEEN.parent.mkdir(exist_ok=True)
        with replacing(_LAST_SEEN) as beside:
            beside.write_text(signature)


def _prefect_api() -> str:
    return os.environ["PREFECT_API_URL"]
