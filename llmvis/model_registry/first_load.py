"""The first model that a process loads, sooner than `versions` would.

MLflow takes four seconds to import and to find a version, TensorFlow twice as long to
import: so each has a process of its own, and the first waits for nobody.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from llmvis import processes
from llmvis.model_registry.provenance import Version

if TYPE_CHECKING:
    from llmvis.text_to_image import TextToImage


def load(address: str) -> "tuple[TextToImage, Version]":
    """Loads what `versions.load` does, and raises what it raises."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        processes.beside(_fetch, address, Path(scratch)) as fetched,
    ):
        from llmvis.text_to_image import TextToImage

        folder, version = fetched.result()
        return TextToImage.load(folder), version


def _fetch(address: str, scratch: Path) -> tuple[Path, Version]:
    from llmvis.model_registry import versions

    return versions.fetch(address, scratch)
