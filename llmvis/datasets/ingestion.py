"""A whole source to a folder of examples, on every core."""

from collections.abc import Callable, Sequence
from pathlib import Path

from llmvis import storage
from llmvis.config import IngestConfig
from llmvis.datasets import collecting, scenes
from llmvis.processes import map_chunks
from llmvis.records import Refusal

Result = dict | Refusal  # a row of storage, or why there is none

_ITEMS_PER_CHUNK = 64  # more would make Ctrl-C slow, fewer the handing over


def ingest(
    config: IngestConfig,
    folder: Path,
    *,
    cache: Path,
    num_processes: int,
    report: Callable[[int, int, str], None],
) -> dict[str, int]:
    """Writes every item of a source into `folder`, as an example or as a refusal.

    Args:
        config: Names the source, and says what it needs.
        folder: Is replaced as a whole once all is read, and left alone before.
        cache: A folder for what an unchanged file became, whatever becomes of this
            run; scenes are drawn faster than they would be looked up.
        num_processes: How many read at once. The files are the same for any number.
        report: Is told how many items are done, of how many, and what is going on.

    Returns:
        How many examples each split has, and how many items were `refused`.

    Raises:
        ConfigError: The background is no colour, or no scenes are asked for.
        DataError: Nothing to train on was found.
        StorageError: The disk is full or the place cannot be written.
    """
    if config.source != "scenes":
        collector = collecting.Collector(config, cache, num_processes, report)
        return collector.collect(folder)
    items = scenes.list_items(config)
    split_of_picture: dict[str, str] = {}
    with storage.staged(folder) as staging, storage.ExamplesWriter(staging) as writer:
        results = map_chunks(
            _draw_chunk,
            items,
            config,
            chunk_size=_ITEMS_PER_CHUNK,
            num_processes=num_processes,
        )
        for done, result in enumerate(results, start=1):
            _write(writer, _refuse_leak(result, split_of_picture))
            if done % _ITEMS_PER_CHUNK == 0 or done == len(items):
                report(done, len(items), "drawing scenes")
    return {**writer.counts, "refused": writer.num_refused}


def _write(writer: storage.ExamplesWriter, result: Result) -> None:
    if isinstance(result, Refusal):
        writer.refuse(result)
    else:
        writer.add_row(result)


def _refuse_leak(result: dict, split_of_picture: dict[str, str]) -> Result:
    """Refuses a picture that another split has already, pixel for pixel."""
    split = split_of_picture.setdefault(result["example_id"], result["split"])
    if split == result["split"]:
        return result
    return Refusal(
        source=result["source"],
        reason=f"the same picture is in split {split} already",
        fix="Ask for fewer scenes, or for larger pictures.",
    )


def _draw_chunk(chunk: Sequence[scenes.Item], config: IngestConfig) -> list[dict]:
    return [storage.to_row(scenes.read_item(item, config)) for item in chunk]
