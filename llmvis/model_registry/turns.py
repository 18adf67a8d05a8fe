"""One change of a model's aliases at a time, on whatever store.

MLflow has no lock, but names of registered models are unique in each of its stores:
whoever creates NAME.turn has the turn until it is deleted.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from llmvis.errors import RegistryError

_HOLDER = "llmvis.holder"
_SECONDS_BETWEEN_LOOKS = 0.1
_ABANDONED = 30.0  # seconds; a turn takes less than one


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was taken, unless it took so long that another took it away."""

    client: MlflowClient
    name: str  # NAME.turn
    holder: str

    def is_held(self) -> bool:
        """Says whether nobody else has taken the turn away."""
        return _holder(self.client, self.name) == self.holder

    def require(self) -> None:
        """Raises RegistryError where somebody else has the turn by now."""
        if not self.is_held():
            raise RegistryError(
                f"This process was stopped for over {_ABANDONED:.0f} s, and another "
                "went on. Try again."
            )


@contextmanager
def taken(client: MlflowClient, name: str) -> Iterator[Turn]:
    """Keeps others from changing a model's aliases while the body runs.

    A turn whose process was killed is taken over after half a minute.
    """
    turn = Turn(client, f"{name}.turn", uuid4().hex)
    _take(turn)
    try:
        yield turn
    finally:
        if turn.is_held():
            _free(client, turn.name)


def _take(turn: Turn) -> None:
    seen, since = None, time.monotonic()  # no clock of another machine is believed
    while not _create(turn):
        holder = _holder(turn.client, turn.name)
        if holder != seen:
            seen, since = holder, time.monotonic()
        elif time.monotonic() - since > _ABANDONED:
            _free(turn.client, turn.name)
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def _create(turn: Turn) -> bool:
    try:
        turn.client.create_registered_model(turn.name, tags={_HOLDER: turn.holder})
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return False
    return True


def _holder(client: MlflowClient, name: str) -> str | None:
    with suppress(MlflowException):
        return client.get_registered_model(name).tags.get(_HOLDER)
    return None


def _free(client: MlflowClient, name: str) -> None:
    with suppress(MlflowException):  # another was faster
        client.delete_registered_model(name)
