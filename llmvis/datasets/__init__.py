"""Sources of captioned pictures: one file each, all read the same way."""

from collections.abc import Sequence
from typing import Any, Protocol

from llmvis.config import IngestConfig
from llmvis.datasets import image_folder, scenes
from llmvis.errors import ConfigError
from llmvis.records import Example, Refusal


class Source(Protocol):
    """What every module of this package that is a source offers."""

    def list_items(self, config: IngestConfig) -> Sequence[Any]:
        """Names what there is to read, quickly; an item can go to another process."""
        ...

    def read_item(self, item: Any, config: IngestConfig) -> Example | Refusal:
        """Reads one item, whatever was read before it."""
        ...


SOURCES: dict[str, Source] = {"scenes": scenes, "image_folder": image_folder}


def get_source(name: str) -> Source:
    """Finds a source by its name in params.yaml.

    Raises:
        ConfigError: There is none of that name.
    """
    if name not in SOURCES:
        raise ConfigError(
            f"ingest.source is {name!r}, and must be one of {', '.join(SOURCES)}."
        )
    return SOURCES[name]
