"""Processes that are kept running, and end together."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from flows import progress

_SECONDS_BETWEEN_LOOKS = 0.5
_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0  # before one that ended is started again
_SECONDS_TO_END = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A process that other processes reach."""

    name: str
    command: Sequence[str]
    works: Callable[[], bool]
    may_start: Callable[[], bool]  # asked again and again until it says yes
    log: Path
    environment: dict[str, str]


@dataclass(slots=True)
class _Kept:
    service: Service
    process: subprocess.Popen | None = None
    pause: float = _FIRST_PAUSE
    start_at: float = field(default_factory=time.monotonic)
    started: float = 0.0


class Services:
    """Starts services in their order, and starts again what ends by itself.

    Args:
        services: A later one may need an earlier one; they end the other way round.
    """

    def __init__(self, services: Sequence[Service]):
        self._kept = [_Kept(service) for service in services]

    def keep_up(self) -> None:
        """Starts what is not running and may be; call it again and again."""
        for kept in self._kept:
            if kept.process is not None and kept.process.poll() is not None:
                if time.monotonic() - kept.started > _LONGEST_PAUSE:
                    kept.pause = _FIRST_PAUSE  # this is not the failure it had before
                _say_end(kept.service, kept.process.returncode, kept.pause)
                _kill_group(kept.process)
                kept.process = None
                kept.start_at = time.monotonic() + kept.pause
                kept.pause = min(2 * kept.pause, _LONGEST_PAUSE)
            if kept.process is None and time.monotonic() >= kept.start_at:
                _start_if_it_may(kept)
        time.sleep(_SECONDS_BETWEEN_LOOKS)

    def missing(self) -> list[str]:
        """Names those that may run and do not answer yet."""
        return [
            kept.service.name
            for kept in self._kept
            if not kept.service.works()
            and (kept.process is not None or kept.service.may_start())
        ]

    def stop(self) -> None:
        """Ends all, the last one first, and does not return before."""
        for kept in reversed(self._kept):
            if kept.process is None:
                continue
            kept.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                kept.process.wait(_SECONDS_TO_END)
            _kill_group(kept.process)
            kept.process.wait()


def answers(address: str) -> bool:
    """Says whether a GET of an address succeeds."""
    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.HTTPError:
        return False


def _start_if_it_may(kept: _Kept) -> None:
    if kept.service.may_start():
        kept.process = _start(kept.service)
        kept.started = time.monotonic()
    else:
        kept.start_at = time.monotonic() + _FIRST_PAUSE


def _start(service: Service) -> subprocess.Popen:
    service.log.parent.mkdir(parents=True, exist_ok=True)
    with service.log.open("ab") as log:
        return subprocess.Popen(
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=service.environment,
            start_new_session=True,  # Ctrl-C is for us, who end it in order
        )


def _kill_group(process: subprocess.Popen) -> None:
    # Its children too: one that lives on would keep the port.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _say_end(service: Service, code: int, pause: float) -> None:
    progress.say(
        f"{service.name} ended with {code}, see {service.log}; it starts again in "
        f"{pause:.0f} s."
    )
