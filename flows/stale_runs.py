"""Runs that Prefect takes for running, though their process is gone.

After a kill -9 of a flow and of the runner that watches it, or a power cut, Prefect
would go on showing them, and keep the next run waiting for minutes.
"""

import socket
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psutil
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import DeploymentFilter, FlowFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State
from prefect.runtime import flow_run
from prefect.states import Crashed

from flows import notifications, running

_HOST, _PROCESS, _STARTED = "llmvis.host", "llmvis.process", "llmvis.started"
_MAY_BE_STALE = ["PENDING", "RUNNING", "CANCELLING"]
LONGEST_START = timedelta(minutes=10)


def say_who_runs() -> None:
    """Keeps with the present flow run which process of which machine it is."""
    process = psutil.Process()
    labels = {
        _HOST: socket.gethostname(),
        _PROCESS: process.pid,
        _STARTED: _started(process),  # numbers of processes come again
    }
    with get_client(sync_client=True) as client:
        client.update_flow_run_labels(UUID(flow_run.id), labels)


def sweep(longest_start: timedelta = LONGEST_START) -> list[str]:
    """Marks as crashed what ran on this machine and is gone; gives the names.

    Args:
        longest_start: What a run may take until it says who runs it.
    """
    with get_client(sync_client=True) as client:
        gone = [run for run in _running(client) if _is_gone(run, longest_start)]
        for run in gone:
            message = "Its process is gone: it was killed, or the machine stopped."
            state: State = Crashed(message=message)
            client.set_flow_run_state(run.id, state, force=True)
            notifications.tell_failure(None, run, state)
    return [run.name for run in gone]


def _running(client: SyncPrefectClient) -> list[FlowRun]:
    flow_name, name = running.DEPLOYMENT.split("/")
    return client.read_flow_runs(
        flow_filter=FlowFilter.model_validate({"name": {"any_": [flow_name]}}),
        deployment_filter=DeploymentFilter.model_validate({"name": {"any_": [name]}}),
        flow_run_filter=FlowRunFilter.model_validate(
            {"state": {"type": {"any_": _MAY_BE_STALE}}}
        ),
    )


def _is_gone(run: FlowRun, longest_start: timedelta = LONGEST_START) -> bool:
    labels = run.labels
    if _HOST not in labels:  # it was to start, and has not come far enough to say
        return _since(run) <= datetime.now(UTC) - longest_start
    if labels[_HOST] != socket.gethostname():
        return False
    try:
        return _started(psutil.Process(labels[_PROCESS])) != labels[_STARTED]
    except psutil.NoSuchProcess:
        return True


def _started(process: psutil.Process) -> float:
    """Seconds from when the machine started, because a clock may be put right."""
    return round(process.create_time() - psutil.boot_time(), 2)


def _since(run: FlowRun) -> datetime:
    # Not when it was made: a run of the clock is made days before it begins.
    return run.state.timestamp if run.state else datetime.now(UTC)
