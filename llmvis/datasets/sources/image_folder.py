"""A folder of image files with tables of captions, in the Hugging Face layout.

The tables are `metadata.csv`, `.jsonl` or `.parquet`, in the folder itself and in its
subfolders, of which `train`, `validation` and `test` give the split. They have the
columns `file_name` (relative to the table) and `text`, and perhaps `text_zh`, others
like it, `split`, `license` and `url`.
"""

from collections.abc import Iterator

from llmvis.datasets.item import Item
from llmvis.datasets.place import Place
from llmvis.datasets.table_items import list_tables
from llmvis.errors import DataError
from llmvis.records import Refusal

TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


def is_here(place: Place) -> bool:
    """Tells by a table called metadata."""
    return bool(_tables(place))


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists the rows of all tables, and the pictures that none names."""
    tables = _tables(place)
    if not tables:
        raise DataError(
            f"{place.address} has no captions. Put a {TABLES[0]} with the columns "
            "file_name and text into it, or into its subfolders train and test."
        )
    return list_tables(place, tables)


def _tables(place: Place) -> list[str]:
    """All tables, those of the folder itself first."""
    names = [name for name in place.names if name.rpartition("/")[2] in TABLES]
    return sorted(names, key=lambda name: (name.count("/"), name))
