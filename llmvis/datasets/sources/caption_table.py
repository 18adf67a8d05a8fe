"""A plain table of paths and captions: CSV, TSV, Excel, JSON lines or parquet.

It is the file that `ingest.path` names, or the only table in the folder. Paths are
relative to it, in a column such as `file_name`, `path` or `image`, and captions in one
such as `text` or `caption`, with `caption_zh` and others like it beside.
"""

from collections.abc import Iterator

from llmvis.datasets import tables
from llmvis.datasets.caption_text import caption_columns
from llmvis.datasets.item import Item
from llmvis.datasets.place import Place, suffix
from llmvis.datasets.table_items import list_tables, path_column
from llmvis.errors import DataError
from llmvis.records import Refusal


def is_here(place: Place) -> bool:
    """Tells by its only table, which has paths and captions."""
    found = _tables(place)
    if len(found) != 1:
        return False
    columns = tables.columns(place, found[0])
    return path_column(columns) is not None and bool(caption_columns(columns))


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists the rows of the table, and the pictures that none names."""
    found = _tables(place)
    if len(found) != 1:
        raise DataError(
            f"{place.address} has {len(found)} tables, {', '.join(found) or 'none'}, "
            "and caption_table reads one. Name it as ingest.path."
        )
    return list_tables(place, found)


def _tables(place: Place) -> list[str]:
    return [
        name
        for name in place.names
        if "/" not in name and suffix(name) in tables.SUFFIXES
    ]
