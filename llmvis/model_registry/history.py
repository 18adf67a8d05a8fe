"""Who made which version the champion, when and why; lines are only ever added.

Each line is an MLflow run of its own, because a run is made in one call: on every
store, whoever else writes at the moment.
"""

import getpass
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow import MlflowClient

from llmvis.model_registry import store

EXPERIMENT = "llmvis-history"
_NAME, _WHO, _WHY = "llmvis.name", "llmvis.who", "llmvis.why"
_BEFORE, _AFTER = "llmvis.before", "llmvis.after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of the history."""

    when: datetime
    who: str  # user@machine
    why: str
    before: int  # version; 0 for none, here and below
    after: int


def add(
    client: MlflowClient, name: str, *, before: int, after: int, reason: str
) -> None:
    """Adds a line about a registered model.

    Args:
        client: Of the open store.
        name: Of the registered model.
        before: Who was the champion, or the version that is deleted.
        after: Who is the champion now; 0 for a deletion.
        reason: Why.
    """
    tags = {
        _NAME: name,
        _WHO: _who(),
        _WHY: reason,
        _BEFORE: str(before),
        _AFTER: str(after),
    }
    run = client.create_run(
        store.experiment_id(client, EXPERIMENT),
        tags=tags,
        run_name=f"{name}: {before or 'none'} to {after or 'none'}",
    )
    client.set_terminated(run.info.run_id)


def read(name: str) -> list[Change]:
    """Reads all lines about a registered model, newest first.

    Raises:
        RegistryError: The store cannot be opened.
    """
    client = store.connect()
    experiment = store.experiment_id(client, EXPERIMENT)
    changes: list[Change] = []
    token = ""
    while token is not None:
        page = client.search_runs(
            [experiment],
            f"tags.`{_NAME}` = '{name}'",
            order_by=["attributes.start_time DESC"],
            page_token=token or None,
        )
        changes += map(_change, page)
        token = page.token
    return changes


def now() -> str:
    """Gives the time as it is kept in tags."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _change(run) -> Change:
    tags = run.data.tags
    return Change(
        when=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        who=tags[_WHO],
        why=tags[_WHY],
        before=int(tags[_BEFORE]),
        after=int(tags[_AFTER]),
    )


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may know its user by number only
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
