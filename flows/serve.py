"""Serves the retraining on one machine: `llmvis up` runs `python -m flows.serve`.

It needs PREFECT_API_URL. For several machines there is prefect.yaml.
"""

import threading
from contextlib import suppress
from pathlib import Path
from typing import cast

import httpx
import prefect
from prefect.client.schemas.objects import (
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
)
from prefect.deployments.runner import EntrypointType, RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.exceptions import PrefectException

from flows import data_changes, notifications, running, stale_runs
from flows.promote import promote
from flows.retrain import retrain
from llmvis import config, environment
from llmvis.errors import LlmvisError

_SECONDS_BETWEEN_SWEEPS = 10.0


def main() -> None:
    """Waits for the clock, for changed data and for people, until it is stopped."""
    environment.prepare()
    notifications.check()
    params = config.read()
    ended = threading.Event()
    for work, arguments in (
        (data_changes.watch, (_DataPath(params.ingest), params.up.settle, ended)),
        (_keep_sweeping, (ended,)),
    ):
        threading.Thread(target=work, args=arguments, daemon=True).start()
    try:
        # Not paused when it stops: after a kill nobody would unpause it.
        prefect.serve(
            deployment(params.up), approval_deployment(), pause_on_shutdown=False
        )
    finally:
        ended.set()


def deployment(settings: config.UpConfig) -> RunnerDeployment:
    """Says when `retrain` runs; prefect.yaml says the same for a work pool."""
    made = retrain.to_deployment(
        name=running.DEPLOYMENT.split("/")[1],
        cron=settings.cron,
        triggers=[
            DeploymentEventTrigger(
                name="data changed",
                expect={data_changes.EVENT},
                match={"prefect.resource.id": data_changes.RESOURCE},
            )
        ],
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
        ),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast(RunnerDeployment, made)  # a coroutine only where there is a loop


def approval_deployment() -> RunnerDeployment:
    """Lets a person promote a version from Prefect's pages; prefect.yaml does too."""
    made = promote.to_deployment(
        name=running.DEPLOYMENT.split("/")[1],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return cast(RunnerDeployment, made)


class _DataPath:
    """Where pictures arrive, which `llmvis ingest PATH` may change meanwhile."""

    def __init__(self, settings: config.IngestConfig):
        self._last = Path(settings.path)

    def __call__(self) -> Path:
        with suppress(LlmvisError):  # params.yaml may be written at this moment
            self._last = Path(config.read().ingest.path)
        return self._last


def _keep_sweeping(ended: threading.Event) -> None:
    while not ended.wait(_SECONDS_BETWEEN_SWEEPS):
        with suppress(httpx.HTTPError, PrefectException):  # it may be starting again
            stale_runs.sweep()


if __name__ == "__main__":
    main()
