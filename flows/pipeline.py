"""The whole arrow as a Prefect flow: raw -> ... -> report -> version."""

from collections.abc import Sequence
from contextlib import suppress
from typing import cast
from uuid import UUID

import httpx
from prefect import flow, task
from prefect.artifacts import (
    create_link_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE

from flows import dvc_stage, lock, progress
from flows.register import register
from llmvis.model_registry import runs
from llmvis.model_registry.provenance import Version


@flow
def pipeline() -> Version:
    """Brings every stage up to date here, and lets the model meet the champion.

    Raises:
        BusyError: Another run is going on in this folder.
        StageFailed: A stage ended with an error.
    """
    with lock.alone():
        return bring_all_up_to_date()


def bring_all_up_to_date(delays: Sequence[float] = ()) -> Version:
    """Does what `pipeline` does, inside any flow that holds the lock.

    Args:
        delays: Seconds to wait before registering is tried once more, because a
            tracking server comes back; a stage fails again for the same reason.
    """
    for stage in dvc_stage.needed_for("evaluate"):
        run_stage(stage)
    registering = register_model.with_options(
        retries=len(delays), retry_delay_seconds=list(delays)
    )
    return registering()


# What DVC has made already it does not make again; a second cache would disagree.
@task(task_run_name="{stage}", cache_policy=NO_CACHE)
def run_stage(stage: str) -> None:
    """Brings one DVC stage up to date; its progress shows in Prefect's pages."""
    artifact = cast(UUID, create_progress_artifact(0.0, key=stage))

    def on_progress(content: dict) -> None:
        _show(artifact, content["done"], content["total"], content["text"])

    dvc_stage.bring_up_to_date(stage, on_progress)
    update_progress_artifact(artifact, 100.0, description=f"{stage} is up to date")


@task(task_run_name="register", cache_policy=NO_CACHE)
def register_model() -> Version:
    """Registers the model, asks the gate, and links the run that trained the model."""
    artifact = cast(UUID, create_progress_artifact(0.0, key="register"))

    def on_progress(done: int, total: int, text: str) -> None:
        progress.report(done, total, text)
        _show(artifact, done, total, text)

    version = register(on_progress)
    update_progress_artifact(artifact, 100.0, description=version.gate or version.label)
    create_link_artifact(
        runs.run_url(version.run_id), key="mlflow-run", description=version.label
    )
    return version


def _show(artifact: UUID, done: int, total: int, text: str) -> None:
    with suppress(httpx.HTTPError):  # no reason to lose what was trained so far
        update_progress_artifact(artifact, 100 * done / max(total, 1), description=text)
