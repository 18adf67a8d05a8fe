"""Tells people what came of a retraining, through a block that is saved in Prefect."""

from typing import Any

from prefect.blocks import notifications  # noqa: F401 - so that Prefect knows its blocks
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.client.schemas.objects import State

from flows import progress
from llmvis import config
from llmvis.errors import ConfigError
from llmvis.model_registry.provenance import Version


def tell_decision(version: Version) -> None:
    """Sends what the gate decided of the version that a retraining made."""
    verdict = version.gate or f"promoted: {version.reason}"
    outcome, _, reason = verdict.partition(": ")
    _send(f"{version.label}: {outcome}", reason)


def tell_failure(flow: Any, flow_run: Any, state: State) -> None:  # noqa: ARG001
    """Sends why a retraining ended; Prefect calls it with the state it ended in."""
    _send("The retraining failed", state.message or str(state.name))


def check() -> None:
    """Tells here where `up.notify` names no block, before a message is lost."""
    try:
        _block(config.read().up.notify)
    except Exception as error:
        progress.say(f"Nobody will be told of retrainings: {error}")


def _send(subject: str, body: str) -> None:
    try:
        block = _block(config.read().up.notify)
        if block is not None:
            with block.raise_on_failure():
                # Outside of an event loop it is over when it returns.
                block.notify(body, subject)  # type: ignore[unused-coroutine]
    # What was trained and decided stands, whatever the service of the block answers.
    except Exception as error:
        progress.say(f"Nobody was told `{subject}`: {error}")


def _block(name: str | None) -> NotificationBlock | None:
    if name is None:
        return None
    try:
        block = Block.load(name)
    except ValueError as error:  # Prefect's own has three lines of advice on its API
        raise ConfigError(
            f"up.notify is {name}, and Prefect has no such block. `prefect block ls` "
            "lists those it has, as TYPE and NAME."
        ) from error
    if not isinstance(block, NotificationBlock):
        raise ConfigError(f"up.notify is {name}, which is no block for notifications.")
    return block
