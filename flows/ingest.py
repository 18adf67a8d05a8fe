"""raw -> examples: reads the captioned pictures that params.yaml names."""

import os
from pathlib import Path

from flows import progress
from llmvis import config
from llmvis.datasets import ingestion

EXAMPLES = Path("data/examples")


def ingest() -> None:
    """Writes data/examples, one parquet file for each split.

    Raises:
        ConfigError: There is no such source.
        DataError: There is nothing usable at ingest.path.
    """
    ingestion.ingest(
        config.read().ingest,
        EXAMPLES,
        num_processes=os.cpu_count() or 1,
        report=progress.report,
    )
