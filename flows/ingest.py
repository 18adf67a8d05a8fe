"""raw -> examples: reads the captioned pictures that params.yaml names."""

import os
from pathlib import Path

from flows import progress
from llmvis import config
from llmvis.datasets import ingestion

EXAMPLES = Path("data/examples")
CACHE = Path("data/.ingest")  # no output of the stage: DVC would delete it first


def ingest() -> None:
    """Writes data/examples: a parquet file for each split, the refusals and a card.

    Raises:
        ConfigError: There is no such source.
        DataError: There is nothing usable at ingest.path.
    """
    counts = ingestion.ingest(
        config.read().ingest,
        EXAMPLES,
        cache=CACHE,
        num_processes=os.cpu_count() or 1,
        report=progress.report,
    )
    if refused := counts.pop("refused"):
        progress.say(
            f"          {sum(counts.values())} accepted, {refused} refused: see "
            f"{EXAMPLES}/card.html, or {EXAMPLES}/quarantine.parquet"
        )
