"""A module at work in a process group of its own, which ends as a whole."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import psutil

from flows import progress
from llmvis import environment

_SECONDS_TO_END = 5.0  # what one that is told to end gets before it is killed


def start(
    command: list[str],
    progress_file: Path,
    folder: Path | None = None,
    said: IO[bytes] | None = None,
) -> subprocess.Popen:
    """Starts `python -m COMMAND`, which ends with this process.

    Args:
        command: The module and its arguments.
        progress_file: Where it says how far it is. Large files of passing interest go
            beside it.
        folder: Where it runs; None: here.
        said: Where goes what it tells people; None: to those who watch this process.
    """
    environment.prepare()
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.DEVNULL,  # a stage writes to standard error
        stderr=said,
        start_new_session=True,
        env=_environment(progress_file),
        cwd=folder,
    )


def end(process: subprocess.Popen) -> None:
    """Ends every process that `process` started, and does not return before."""
    try:
        _signal_group(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS_TO_END
        while _group_lives(process) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:  # also where a second Ctrl-C comes while we wait
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _environment(progress_file: Path) -> dict[str, str]:
    return {
        **os.environ,
        # dvc.yaml says `python`, and that has to be this one.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        # Large files of passing interest go with the stage, however it ends.
        "TMPDIR": str(progress_file.parent),
        progress.FILE_VARIABLE: str(progress_file),
        progress.SUPERVISOR_VARIABLE: str(os.getpid()),
    }


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _group_lives(process: subprocess.Popen) -> bool:
    process.poll()
    for other in psutil.process_iter(["status"]):
        # A zombie has ended, though nobody asked for its exit code yet.
        if other.info["status"] == psutil.STATUS_ZOMBIE:
            continue
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(other.pid) == process.pid:
                return True
    return False
