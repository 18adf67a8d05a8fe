"""Rows of a table of paths and captions as items; two sources share it."""

import posixpath
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from llmvis.datasets import caption_text, tables
from llmvis.datasets.item import InFile, Item, refuse, refuse_rest
from llmvis.datasets.place import Place, needing
from llmvis.errors import DataError, RefusedItem
from llmvis.records import Refusal

PATH_COLUMNS = (
    "file_name",
    "filename",
    "file",
    "path",
    "image_path",
    "image_file",
    "file_path",
    "filepath",
    "image",
    "img",
    "image_name",
    "image_filename",
)
_SPLITS = {
    "train": "train",
    "training": "train",
    "restval": "train",  # of Karpathy's splits of COCO
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
_LICENSES = ("license", "licence", "rights")
_ORIGINS = ("url", "source", "source_url", "coco_url", "flickr_url")


def split_named(name: Any) -> str | None:
    """Reads the name of a split as people write it; None where it is none."""
    return _SPLITS.get(str(name).strip().lower())


def path_column(columns: Iterable[str]) -> str | None:
    """Finds the column that holds the files' names."""
    by_name = {column.strip().lower(): column for column in columns}
    return next((by_name[name] for name in PATH_COLUMNS if name in by_name), None)


def list_tables(place: Place, names: Iterable[str]) -> Iterator[Item | Refusal]:
    """Lists the rows of tables, and the pictures beside them that no row names.

    A picture is of the first table that names it. A table that cannot be read is
    refused, unless there is no other.

    Raises:
        DataError: No table has a column of paths and one of captions.
    """
    table_of: dict[str, str] = {}  # by the pictures' names
    unread: list[tuple[str, RefusedItem]] = []
    names = list(names)
    for name in names:
        try:
            table = tables.read(place, name)
            columns = _columns(table)
        except (DataError, RefusedItem) as error:
            unread.append((name, _as_refused(error)))
            continue
        yield from _list_rows(table, *columns, table_of)
    for name, why in unread:
        if len(unread) == len(names):
            with needing(name):
                raise why
        yield refuse(name, "", why)
    unnamed = RefusedItem("no row names it", "Add a row, or take it away.")
    yield from refuse_rest(place, table_of, unnamed)


def _as_refused(error: DataError | RefusedItem) -> RefusedItem:
    if isinstance(error, RefusedItem):
        return error
    return RefusedItem(f"it is no table: {error}", "Mend it, or take it away.")


def _list_rows(
    table: tables.Table,
    path: str,
    captions: dict[str, str | None],
    table_of: dict[str, str],
) -> Iterator[Item | Refusal]:
    folder, slash, title = table.name.rpartition("/")
    split = next(filter(None, map(split_named, folder.split("/"))), None)
    said = caption_text.said_encoding(table.encoding)
    said += said_unread(table.columns, {path, *captions})
    for number, row in enumerate(table.rows, start=1):
        where = f"row {number} of {title}"
        file = "" if isinstance(row, RefusedItem) else str(row.get(path) or "").strip()
        name = f"{folder}{slash}{file}"
        picture = posixpath.normpath(name.replace("\\", "/"))
        first = table_of.setdefault(picture, table.name) if file else table.name
        try:
            row = _require_file(row, file)
            _require_first(first, table.name)
            texts, notes = caption_text.of_row(row, captions)
        except RefusedItem as error:
            yield refuse(name, where, error)
            continue
        facts = facts_of(row)
        facts["split"] = facts["split"] or split
        yield Item(
            name=name,
            where=where,
            picture=InFile(name),
            captions=texts,
            notes=(*said, *notes),
            **facts,
        )


def facts_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Reads what a row may say beside the caption: `split`, `license` and `origin`."""
    found = {key.lower(): value for key, value in row.items() if key and value}
    license_ = next((found[key] for key in _LICENSES if key in found), "unknown")
    origin = next((found[key] for key in _ORIGINS if key in found), "")
    return {
        "split": split_named(found.get("split")),
        "license": str(license_),
        "origin": str(origin),
    }


def _require_first(first: str, table: str) -> None:
    if first != table:
        raise RefusedItem(f"{first} names it already", "Keep one of the two rows.")


def said_unread(columns: Iterable[str], read: Container[str]) -> caption_text.Notes:
    """Says which columns are in no example, in case one holds captions."""
    others = {"split", *_LICENSES, *_ORIGINS}
    unread = [c for c in columns if c not in read and c.strip().lower() not in others]
    return (f"columns were not read: {', '.join(unread)}",) if unread else ()


def _columns(table: tables.Table) -> tuple[str, dict[str, str | None]]:
    path = path_column(table.columns)
    captions = caption_text.caption_columns(table.columns)
    if path is None or not captions:
        raise RefusedItem(
            f"it has the columns {sorted(table.columns)}, and needs file_name and text",
            "Rename its columns.",
        )
    return path, captions


def _require_file(row: tables.Row, file: str) -> dict[Any, Any]:
    if isinstance(row, RefusedItem):
        raise row
    if not file:
        raise RefusedItem("it names no file", "Write the name into the row.")
    if any(map(str.strip, row.get(None) or ())):
        raise RefusedItem(
            "it has more cells than the table has columns",
            'Put a caption with a comma into quotation marks: "a cat, asleep".',
        )
    return row
