"""What goes on beside the runs on each machine that trains: `python -m flows.watch`.

It announces changed data and marks runs as crashed whose process is gone. `llmvis up`
has it in `flows.serve`; in a work pool it stands beside the worker, because only there
are the folder of `ingest.path` and the processes of the runs.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from prefect.exceptions import PrefectException
from prefect.settings import get_current_settings

from flows import data_changes, progress, stale_runs
from llmvis import config, environment
from llmvis.errors import LlmvisError, ServingError

_SECONDS_BETWEEN_SWEEPS = 10.0


def main() -> None:
    """Watches until it is stopped.

    Raises:
        ServingError: Nobody says where Prefect is.
    """
    environment.prepare()
    api = get_current_settings().api.url
    if api is None:
        raise ServingError(
            "Nobody says where Prefect is, whom changed data are announced to. Set "
            "PREFECT_API_URL, such as http://127.0.0.1:4200/api."
        )
    os.environ["PREFECT_API_URL"] = api
    params = config.read()
    with watching(params), suppress(KeyboardInterrupt):
        progress.say(f"Watching {params.ingest.path}.")
        threading.Event().wait()


@contextmanager
def watching(params: config.Params) -> Iterator[None]:
    """Watches while the body runs.

    Args:
        params: Sections `ingest` and `up`.
    """
    ended = threading.Event()
    for work, arguments in (
        (data_changes.watch, (_DataPath(params.ingest), params.up.settle, ended)),
        (_keep_sweeping, (ended,)),
    ):
        threading.Thread(target=work, args=arguments, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


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
    try:
        main()
    except LlmvisError as error:
        sys.exit(f"error: {error}")
