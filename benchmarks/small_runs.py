"""Runs of a small project: by the command, or by the worker of `llmvis up`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Protocol

import httpx
import psutil
from small_project import SmallProject

from flows import up
from llmvis.errors import ServingError

PATIENCE = 300.0  # seconds that anything may take on a busy machine
_SAID = Path("said.txt")


class Run(Protocol):
    """One run of all stages and of the gate."""

    SUCCESS: ClassVar[str]  # what `end` gives of a run that did all

    def wait(self, seconds: float) -> None:
        """Waits until it has ended, but no longer than that."""

    def end(self) -> str:
        """Waits until it has ended, and says how."""

    def process(self) -> psutil.Process | None:
        """Finds the process of the run, while it lives."""

    def last_words(self) -> str:
        """Gives the end of what was printed."""


class CommandRun:
    """What `llmvis pipeline` does, as a child of this process.

    Args:
        addresses: Of Prefect and MLflow.
    """

    SUCCESS = "0"

    def __init__(self, addresses: up.Addresses):
        with _SAID.open("a") as said:
            self._child = subprocess.Popen(
                [sys.executable, SmallProject.RUN],
                env={
                    **os.environ,
                    "PREFECT_API_URL": addresses.prefect_api,
                    "MLFLOW_TRACKING_URI": addresses.mlflow,
                },
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def wait(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)

    def end(self) -> str:
        try:
            return str(self._child.wait(PATIENCE))
        except subprocess.TimeoutExpired:
            self._child.send_signal(signal.SIGUSR1)
            time.sleep(1)
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
            print(
                f"After {PATIENCE:.0f} s it stood here:\n{self.last_words()}",
                file=sys.stderr,
            )
            return "no end"

    def process(self) -> psutil.Process | None:
        return psutil.Process(self._child.pid) if self._child.poll() is None else None

    def last_words(self) -> str:
        return _SAID.read_text(errors="replace")[-3000:]


class WorkerRun:
    """A retraining that the worker is asked for.

    Args:
        prefect_api: Address of the API.
    """

    SUCCESS = "COMPLETED"
    _ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")

    def __init__(self, prefect_api: str):
        self._api = prefect_api
        made = until(self._is_made)
        assert made, f"Nobody retrains at {prefect_api}"

    def _is_made(self) -> bool:
        with suppress(ServingError):
            self._name = up.retrain(self._api)
            return True
        return False

    def wait(self, seconds: float) -> None:
        until(lambda: self._state() in self._ENDED, seconds)

    def end(self) -> str:
        if not until(lambda: self._state() in self._ENDED):
            return f"no end: {self._state()}"
        return self._state()

    def process(self) -> psutil.Process | None:
        return None  # it is found below its worker

    def last_words(self) -> str:
        return Path(".llmvis/logs/retraining.log").read_text(errors="replace")[-3000:]

    def _state(self) -> str:
        asked = {"flow_runs": {"name": {"any_": [self._name]}}}
        try:
            answer = httpx.post(f"{self._api}/flow_runs/filter", json=asked)
            [run] = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return "unknown"  # Prefect is starting again
        return run["state"]["type"]


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Waits until something holds, and says whether it came to that."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
