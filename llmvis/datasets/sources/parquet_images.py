"""Parquet files that hold the pictures: of Hugging Face, or of img2dataset.

The pictures are in a column of bytes, or of `struct{bytes, path}`. Files named
`train-*`, `validation-*` and `test-*` give the split.
"""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from llmvis.datasets import caption_text
from llmvis.datasets.item import InParquet, Item, broken_part, refuse, refuse_rest
from llmvis.datasets.place import Place
from llmvis.datasets.table_items import facts_of, split_named
from llmvis.errors import RefusedItem
from llmvis.records import Refusal

_NO_PICTURES = RefusedItem(
    "it is no whole parquet file with a column of pictures",
    "Copy it again, or take it away.",
)
_LOOSE = RefusedItem("it is in no parquet file", "Add a row of it, or take it away.")


def is_here(place: Place) -> bool:
    """Tells by the columns of the first parquet file."""
    return any(_image_column(place, name) for name in _files(place)[:1])


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists the rows of all files, and the pictures that are in none."""
    for name in _files(place):
        column = _image_column(place, name)
        if column is None:
            yield refuse(name, "", _NO_PICTURES)
        else:
            yield from _list_rows(place, name, column)
    yield from refuse_rest(place, (), _LOOSE)


def _list_rows(place: Place, name: str, column: str) -> Iterator[Item | Refusal]:
    with place.open(name) as file, pq.ParquetFile(file) as table:
        others = [field for field in table.schema_arrow.names if field != column]
        number = 0
        for group in range(table.num_row_groups):
            size = table.metadata.row_group(group).num_rows
            try:
                rows = table.read_row_group(group, columns=others).to_pylist()
            except (OSError, ValueError) as error:  # as pyarrow raises them
                broken = broken_part(error)
                for position in range(size):
                    row = f"row {number + position + 1}"
                    yield refuse(f"{name}/{row}", "", broken)
                number += size
                continue
            for position, row in enumerate(rows):
                number += 1
                picture = InParquet(name, column, group, position)
                yield _item(row, number, picture)


def _item(row: dict, number: int, picture: InParquet) -> Item | Refusal:
    title = picture.name.rpartition("/")[2]
    name, where = (
        f"{picture.name}/{row.get('key') or number}",
        f"row {number} of {title}",
    )
    if row.get("error_message"):  # of img2dataset
        why = f"there is no picture: {row['error_message']}"
        return refuse(name, where, RefusedItem(why, "Download it again."))
    try:
        captions, notes = caption_text.of_row(row, caption_text.caption_columns(row))
    except RefusedItem as error:
        return refuse(name, where, error)
    facts = facts_of(row)
    facts["split"] = facts["split"] or split_named(re.split(r"[-.]", title)[0])
    return Item(
        name=name,
        where=where,
        picture=picture,
        captions=captions,
        notes=notes,
        **facts,
    )


def _files(place: Place) -> list[str]:
    return [name for name in place.names if name.endswith(".parquet")]


def _image_column(place: Place, name: str) -> str | None:
    """Finds the first column of bytes, or of a struct that has them."""
    try:
        with place.open(name) as file:
            schema = pq.read_schema(file)
    except (pa.ArrowException, OSError, RefusedItem):
        return None
    for field in schema:
        kind = field.type
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            kind = kind.field("bytes").type
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return field.name
    return None
