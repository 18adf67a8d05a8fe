"""Reads a whole source on every core, and writes it as examples."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from llmvis import storage
from llmvis.config import IngestConfig
from llmvis.datasets import get_source
from llmvis.errors import DataError
from llmvis.processes import map_chunks
from llmvis.records import Refusal

Result = dict | Refusal  # a row of storage, or why there is none

_ITEMS_PER_CHUNK = 64  # more would make Ctrl-C slow, fewer the handing over


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
        results = map_chunks(
            _read_chunk,
            items,
            config,
            chunk_size=_ITEMS_PER_CHUNK,
            num_processes=num_processes,
        )
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


def _read_chunk(chunk: Sequence[Any], config: IngestConfig) -> list[Result]:
    read_item = get_source(config.source).read_item
    results = [read_item(item, config) for item in chunk]
    return [r if isinstance(r, Refusal) else storage.to_row(r) for r in results]
