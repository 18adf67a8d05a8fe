"""Processes that are kept running, with real processes that only sleep."""

import subprocess
import sys
import time

import psutil
import pytest

from flows import running, services
from flows.services import Service, Services
from llmvis.errors import BusyError

SLEEP = "import time; time.sleep(60)"
# Ends at once, and leaves a child that would keep its port.
LEAVE_A_CHILD = """
import subprocess, sys
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
with Path("children").open("a") as file:
    file.write(f"{child.pid}\\n")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, where nothing is left running."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setattr(services, "_FIRST_PAUSE", 0.1)
    monkeypatch.setattr(services, "_SECONDS_BETWEEN_LOOKS", 0.05)
    yield tmp_path
    running.end_leftovers()


def service(folder, code, may_start=lambda: True):
    return Service(
        name="sleeper",
        command=[sys.executable, "-c", code],
        works=lambda: True,
        may_start=may_start,
        log=folder / "sleeper.log",
        environment=running.environment(),
    )


def keep_up(kept, until, seconds=30):
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        kept.keep_up()
    assert until()


def marked():
    return list(running._marked())


def test_a_service_starts_when_it_may(folder):
    allowed = []
    kept = Services([service(folder, SLEEP, lambda: bool(allowed))])
    kept.keep_up()
    assert marked() == []

    allowed.append("yes")
    keep_up(kept, marked)
    kept.stop()
    assert marked() == []


def test_one_that_ends_starts_again_and_its_children_are_ended(folder):
    kept = Services([service(folder, LEAVE_A_CHILD)])
    children = folder / "children"
    keep_up(kept, lambda: children.exists() and len(children.read_text().split()) >= 2)
    first = int(children.read_text().split()[0])

    assert not psutil.pid_exists(first) or (
        psutil.Process(first).status() == psutil.STATUS_ZOMBIE
    )
    kept.stop()


def test_what_a_killed_up_left_is_ended_before_the_next_one():
    left = subprocess.Popen([sys.executable, "-c", SLEEP], env=running.environment())
    with running.registered("http://127.0.0.1:4200/api"):
        assert left.poll() is not None
        assert running.prefect_api() == "http://127.0.0.1:4200/api"
    assert not running.end()


def test_one_folder_has_one_up():
    holding = (
        "import sys, time; from flows import running\n"
        "with running.registered('http://a'): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", holding]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with (
            pytest.raises(BusyError, match="`llmvis down` ends it"),
            running.registered("http://b"),
        ):
            pass
        assert running.end()
        assert other.wait() == -15


def test_what_worked_for_a_while_does_not_wait_long_to_start_again(folder):
    kept = Services([service(folder, SLEEP)])
    keep_up(kept, marked)
    [sleeper] = kept._kept
    sleeper.pause = services._LONGEST_PAUSE  # from failures of earlier days
    sleeper.started -= 2 * services._LONGEST_PAUSE
    first = sleeper.process
    first.kill()
    keep_up(kept, lambda: sleeper.process not in {first, None})

    assert sleeper.pause == 2 * services._FIRST_PAUSE
    kept.stop()
