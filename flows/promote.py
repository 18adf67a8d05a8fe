"""Approving a version as a Prefect flow: the deployment that Prefect's pages show."""

from prefect import flow

from flows import progress
from llmvis import config
from llmvis.model_registry import champions
from llmvis.model_registry.provenance import Version


@flow
def promote(version: int, reason: str) -> Version:
    """Makes a version the champion, as `llmvis promote` does.

    Args:
        version: Its number, of the model `register.name`.
        reason: Kept with the version and in the history.

    Raises:
        RegistryError: There is no such version, or it draws nothing.
    """
    chosen = champions.promote(config.read().register.name, version, reason)
    progress.say(f"{chosen.label} is the champion.")
    return chosen
