from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psutil
import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Pending, Running

from flows import stale_runs

HERE = {
    "llmvis.host": stale_runs.socket.gethostname(),
    "llmvis.process": psutil.Process().pid,
    "llmvis.started": stale_runs._started(psutil.Process()),
}


def run(state, labels):
    return FlowRun(flow_id=uuid4(), state=state, labels=labels)


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, False),
        ({"llmvis.started": 1.0}, True),  # another process of the same number
        ({"llmvis.process": 2**22 + 1}, True),
        ({"llmvis.host": "another", "llmvis.process": 2**22 + 1}, False),
    ],
)
def test_a_run_is_gone_when_its_process_on_this_machine_is(changes, gone):
    assert stale_runs._is_gone(run(Running(), HERE | changes)) is gone


def test_a_clock_that_is_put_right_ends_no_run(monkeypatch):
    started = psutil._psplatform.boot_time() + 3600
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: started)

    assert not stale_runs._is_gone(run(Running(), HERE))


def test_a_run_that_never_began_is_gone_after_a_while():
    long_ago = datetime.now(UTC) - timedelta(hours=1)

    assert stale_runs._is_gone(run(Pending(timestamp=long_ago), {}))
    assert not stale_runs._is_gone(run(Pending(), {}))


def test_a_new_worker_knows_that_what_another_was_to_start_is_gone():
    assert stale_runs._is_gone(run(Pending(), {}), timedelta(0))
    assert not stale_runs._is_gone(run(Running(), HERE), timedelta(0))
