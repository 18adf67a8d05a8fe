"""Serves the retraining on one machine: `llmvis up` runs `python -m flows.serve`.

It needs PREFECT_API_URL. For several machines there is prefect.yaml.
"""

from contextlib import suppress
from datetime import timedelta
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

from flows import data_changes, notifications, running, stale_runs, watch
from flows.promote import promote
from flows.retrain import retrain
from llmvis import config, environment


def main() -> None:
    """Waits for the clock, for changed data and for people, until it is stopped."""
    environment.prepare()
    notifications.check()
    params = config.read()
    # Whoever was to start a run before us is gone, since two never serve one project.
    with suppress(httpx.HTTPError, PrefectException):
        stale_runs.sweep(longest_start=timedelta(0))
    with watch.watching(params):
        # Not paused when it stops: after a kill nobody would unpause it.
        prefect.serve(
            deployment(params.up), approval_deployment(), pause_on_shutdown=False
        )


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


if __name__ == "__main__":
    main()
