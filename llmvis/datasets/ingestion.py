"""Reads a whole source on every core, and writes it as examples."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

from llmvis import storage
from llmvis.config import IngestConfig
from llmvis.datasets import get_source
from llmvis.errors import DataError
from llmvis.records import Refusal

Result = dict | Refusal  # a row of storage, or why there is none

_ITEMS_PER_CHUNK = 64  # more would make Ctrl-C slow, fewer the handing over
_CHUNKS_PER_PROCESS = 8  # read ahead: bounded memory, and nobody waits


def ingest(
    config: IngestConfig,
    folder: Path,
    *,
    num_processes: int,
    report: Callable[[int, int, str], None],
) -> dict[str, int]:
    """Writes every item of a source into `folder`, as an example or as a refusal.

    Args:
        config: Names the source, and says what it needs.
        folder: Is replaced as a whole once all is read, and left alone before.
        num_processes: How many read at once. The files are the same for any number.
        report: Is told how many items are done, of how many, and what is going on.

    Returns:
        How many examples each split has, and how many items were `refused`.

    Raises:
        ConfigError: There is no such source.
        DataError: Nothing to train on was found.
        StorageError: The disk is full or the place cannot be written.
    """
    items = get_source(config.source).list_items(config)
    split_of_picture: dict[str, str] = {}
    with storage.staged(folder) as staging, storage.ExamplesWriter(staging) as writer:
        results = _read_all(items, config, num_processes)
        for done, result in enumerate(results, start=1):
            _write(writer, _refuse_leak(result, split_of_picture))
            if done % _ITEMS_PER_CHUNK == 0 or done == len(items):
                report(done, len(items), f"reading {config.source}")
        _require_training_examples(writer, config)
    return {**writer.counts, "refused": writer.num_refused}


def _write(writer: storage.ExamplesWriter, result: Result) -> None:
    if isinstance(result, Refusal):
        writer.refuse(result)
    else:
        writer.add_row(result)


def _refuse_leak(result: Result, split_of_picture: dict[str, str]) -> Result:
    """Refuses a picture that another split has already, pixel for pixel."""
    if isinstance(result, Refusal):
        return result
    split = split_of_picture.setdefault(result["example_id"], result["split"])
    if split == result["split"]:
        return result
    return Refusal(
        source=result["source"],
        reason=f"the same picture is in split {split} already",
        fix="Remove one of the two, or put both into one split.",
    )


def _require_training_examples(
    writer: storage.ExamplesWriter, config: IngestConfig
) -> None:
    if not writer.counts.get("train"):
        raise DataError(
            f"{config.source} gave no training example: {writer.counts} accepted, "
            f"{writer.num_refused} refused. Check ingest.path, which is {config.path}."
        )


def _read_all(
    items: Sequence[Any], config: IngestConfig, num_processes: int
) -> Iterator[Result]:
    """Yields one result for each item, in order."""
    starts = range(0, len(items), _ITEMS_PER_CHUNK)
    chunks = [items[i : i + _ITEMS_PER_CHUNK] for i in starts]
    if num_processes == 1 or len(chunks) == 1:
        for chunk in chunks:
            yield from _read_chunk(chunk, config)
        return
    # Children of a fork server have no threads or locks of ours to get stuck on.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    pool = ProcessPoolExecutor(num_processes, context, _end_with_parent)
    try:
        waiting: deque[Future] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_read_chunk, chunk, config))
            if len(waiting) > _CHUNKS_PER_PROCESS * num_processes:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _read_chunk(chunk: Sequence[Any], config: IngestConfig) -> list[Result]:
    read_item = get_source(config.source).read_item
    results = [read_item(item, config) for item in chunk]
    return [r if isinstance(r, Refusal) else storage.to_row(r) for r in results]


def _end_with_parent() -> None:
    """Leaves Ctrl-C to the parent, and ends as soon as the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
