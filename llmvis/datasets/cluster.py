"""Chunks of items on the workers of a Dask scheduler, results in the items' order."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llmvis.errors import DataError
from llmvis.processes import AHEAD, in_order

if TYPE_CHECKING:  # an extra, and it takes a second to import
    from distributed import Client

_SECONDS_TO_ANSWER = 30.0
# A worker may have several threads, and readers keep the file they are in.
_ONE_AT_A_TIME = threading.Lock()


def map_chunks(
    scheduler: str, function: Callable[..., list], chunks: Sequence, *arguments: Any
) -> Iterator[Any]:
    """Yields what `function([chunk], *arguments)` gives for every chunk, one by one.

    What a worker had that went away is done again by another.

    Args:
        scheduler: Its address, such as tcp://10.0.0.5:8786.
        function: From a list of chunks to one of results; workers must have it too.
        chunks: What to work on.
        arguments: Passed on with every chunk.

    Raises:
        DataError: No scheduler or no worker answers, or a chunk killed its workers.
    """
    with _client(scheduler) as client:
        from distributed import KilledWorker

        try:
            yield from in_order(
                lambda chunk: client.submit(
                    _alone, function, chunk, *arguments, pure=False
                ),
                chunks,
                ahead=AHEAD * len(client.nthreads()),
            )
        except KilledWorker as error:
            raise DataError(
                "The workers of ingest.engine ended, one after the other, on the same "
                f"items: {error}. Give them more memory, or set ingest.engine to null."
            ) from error


def _alone(function: Callable[..., list], chunk: Any, *arguments: Any) -> list:
    with _ONE_AT_A_TIME:
        return function([chunk], *arguments)


@contextmanager
def _client(scheduler: str) -> Iterator["Client"]:
    try:
        from distributed import Client
    except ImportError as error:
        raise DataError(
            f"ingest.engine is {scheduler}, and the package `distributed` is missing. "
            "Run `uv sync --extra dask`, or set ingest.engine to null."
        ) from error
    try:
        client = Client(scheduler, timeout=_SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise DataError(
            f"ingest.engine is {scheduler}, and no Dask scheduler answers there: "
            f"{error}. Start one with `dask scheduler`, or set ingest.engine to null."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_SECONDS_TO_ANSWER)
        except TimeoutError as error:
            raise DataError(
                f"The scheduler at {scheduler} has no worker. Start some with `dask "
                f"worker {scheduler} --nworkers auto --nthreads 1`."
            ) from error
        yield client
