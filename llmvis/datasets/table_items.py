"""Rows of a table of paths and captions as items; two sources share it."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmvis.datasets import caption_text, tables
from llmvis.datasets.item import InFile, Item, refuse
from llmvis.datasets.place import Place
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

    Raises:
        DataError: A table has no column of paths, or none of captions.
    """
    named: set[str] = set()
    for name in names:
        yield from _list_rows(place, name, named)
    if place.only:  # the table was named, and not the folder
        return
    for image in place.image_names:
        if image not in named:
            unnamed = RefusedItem("no row names it", "Add a row, or take it away.")
            yield refuse(image, "", unnamed)


def _list_rows(place: Place, name: str, named: set[str]) -> Iterator[Item | Refusal]:
    table = tables.read(place, name)
    path, captions = _columns(table)
    folder, slash, title = name.rpartition("/")
    said = caption_text.said_encoding(table.encoding)
    for number, row in enumerate(table.rows, start=1):
        where = f"row {number} of {title}"
        file = str((row or {}).get(path) or "").strip()
        named.add(posixpath.normpath(f"{folder}{slash}{file}".replace("\\", "/")))
        try:
            _require_file(row, file)
            texts, notes = caption_text.of_row(row or {}, captions)
        except RefusedItem as error:
            yield refuse(f"{folder}{slash}{file}", where, error)
            continue
        facts = facts_of(row or {})
        facts["split"] = facts["split"] or split_named(folder.rpartition("/")[2])
        yield Item(
            name=f"{folder}{slash}{file}",
            where=where,
            picture=InFile(f"{folder}{slash}{file}"),
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


def _columns(table: tables.Table) -> tuple[str, dict[str, str | None]]:
    path = path_column(table.columns)
    captions = caption_text.caption_columns(table.columns)
    if path is None or not captions:
        raise DataError(
            f"{table.name} has the columns {sorted(table.columns)}, and needs "
            "file_name and text. Rename its columns."
        )
    return path, captions


def _require_file(row: tables.Row, file: str) -> None:
    if row is None:
        raise RefusedItem("it is not a line of JSON", "Write the line anew.")
    if not file:
        raise RefusedItem("it names no file", "Write the name into the row.")
    if any(map(str.strip, row.get(None) or ())):
        raise RefusedItem(
            "it has more cells than the table has columns",
            'Put a caption with a comma into quotation marks: "a cat, asleep".',
        )
