"""A folder of image files with a table of captions, in the Hugging Face layout.

The table is `metadata.csv` or `metadata.jsonl`, in the folder itself or in its
subfolders `train`, `validation` and `test`, with the columns `file_name` (relative to
the table), `text`, and if there are any `text_zh` and `license`.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llmvis.config import IngestConfig
from llmvis.datasets.image_files import parse_color, picture_id, read_square
from llmvis.errors import DataError
from llmvis.prompts import language
from llmvis.records import Caption, Example, Refusal

TABLES = ("metadata.csv", "metadata.jsonl")
CAPTION_COLUMNS = ("text", "text_zh")
_SPLIT_OF_SUBFOLDER = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
# Unicode's names of one drawing in six skins: none may be tested if one is trained on.
_SKIN_TONE = re.compile(r"(?:medium-)?(?:light|medium|dark) skin tone")
_HELD_OUT_SHARE = 0.05  # of the groups, for validation, and again for test


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row of a table of captions."""

    table: Path
    number: int  # of the row, from 1
    row: dict[str, Any]
    split: str


def list_items(config: IngestConfig) -> Sequence[Item]:
    """Reads every table of the folder, and gives each row its split.

    Splits that the folder has are kept. What it lacks of validation and test is taken
    from its training rows by group: rows with the same caption stay together.

    Raises:
        DataError: There is no folder, no table, no row, or a table lacks a column.
        ConfigError: The background is not a colour.
    """
    parse_color(config.background)
    folder = Path(config.path)
    items = [item for table in _find_tables(folder) for item in _read_table(table)]
    if not items:
        raise DataError(f"The tables of captions in {folder} have no rows. Add some.")
    return _split_off(items)


def read_item(item: Item, config: IngestConfig) -> Example | Refusal:
    """Reads the picture and the captions of one row."""
    source = f"{item.table.parent.name}/{item.row.get('file_name', '')}"
    try:
        captions = _captions(item)
        pixels, size = read_square(_file(item), config.image_size, config.background)
    except DataError as error:
        return Refusal(
            source=f"{source} (row {item.number} of {item.table.name})",
            reason=str(error),
            fix=f"Correct the row in {item.table.name} or the file, or remove it.",
        )
    return Example(
        example_id=picture_id(pixels),
        image=pixels,
        captions=captions,
        split=item.split,
        group_id=_group(item),
        source=source,
        license=str(item.row.get("license") or "unknown"),
        width=size[0],
        height=size[1],
    )


def _find_tables(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(
            f"There is no folder {folder}. Set ingest.path to one with images and a "
            f"{TABLES[0]}, or ingest.source to scenes."
        )
    places = [folder, *(folder / name for name in _SPLIT_OF_SUBFOLDER)]
    tables = [place / name for place in places for name in TABLES]
    found = [table for table in tables if table.is_file()]
    if not found:
        raise DataError(
            f"{folder} has no captions. Put a {TABLES[0]} with the columns file_name "
            "and text into it, or into its subfolders train and test."
        )
    return found


def _read_table(table: Path) -> Iterator[Item]:
    split = _SPLIT_OF_SUBFOLDER.get(table.parent.name, "train")
    try:
        text = table.read_text("utf-8-sig")  # with or without a byte order mark
    except UnicodeDecodeError as error:
        raise DataError(f"{table} is not UTF-8 ({error}). Save it as UTF-8.") from error
    rows = _read_csv(text) if table.suffix == ".csv" else _read_jsonl(text)
    for number, row in enumerate(rows, start=1):
        yield Item(table=table, number=number, row=row, split=split)


def _read_csv(text: str) -> Iterator[dict[str, Any]]:
    # newline='' keeps line breaks inside of quoted captions.
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = set(reader.fieldnames or ())
    if not {"file_name", *CAPTION_COLUMNS[:1]} <= columns:
        raise DataError(
            f"A table of captions has the columns {sorted(columns)}, and needs "
            "file_name and text. Rename its columns."
        )
    yield from reader


def _read_jsonl(text: str) -> Iterator[dict[str, Any]]:
    for line in filter(str.strip, text.splitlines()):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            row = None
        # An empty row is refused when it is read, and named by its number.
        yield row if isinstance(row, dict) else {}


def _split_off(items: list[Item]) -> list[Item]:
    """Moves groups from train to the splits that the folder does not give.

    A group goes by its hash, so that it stays where it is when the folder grows.
    """
    lacking = sorted({"validation", "test"} - {item.split for item in items})
    groups = sorted({_group(item) for item in items}, key=_place)
    if len(groups) <= len(lacking):
        return items
    moved: dict[str, str] = {}
    for number, split in enumerate(lacking, start=1):
        left = [group for group in groups if group not in moved]
        chosen = [group for group in left if _place(group) < number * _HELD_OUT_SHARE]
        moved |= dict.fromkeys(chosen or left[:1], split)
    return [
        replace(item, split=moved.get(_group(item), "train"))
        if item.split == "train"
        else item
        for item in items
    ]


def _place(group: str) -> float:
    """Where a group falls in [0, 1), evenly."""
    return int(group, 16) / 16 ** len(group)


def _group(item: Item) -> str:
    """Names what the row shows, so that another drawing of it has the same name."""
    texts = [text for column in CAPTION_COLUMNS for text in _texts(item.row, column)]
    name = _SKIN_TONE.sub("", language.normalize(texts[0])) if texts else ""
    name = " ".join(re.findall(r"[^\s:,]+", name))
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _captions(item: Item) -> tuple[Caption, ...]:
    texts = [text for column in CAPTION_COLUMNS for text in _texts(item.row, column)]
    if not texts:
        raise DataError("it has no caption")
    return tuple(Caption(text, _language(text)) for text in dict.fromkeys(texts))


def _texts(row: dict[str, Any], column: str) -> list[str]:
    """The captions in a cell: one, or several where it holds a JSON list."""
    cell = row.get(column)
    texts = cell if isinstance(cell, list) else [cell]
    return [text.strip() for text in texts if isinstance(text, str) and text.strip()]


def _language(text: str) -> str:
    scripts = {lang for _, lang in language.runs(language.normalize(text))}
    return "zh" if "zh" in scripts else "en"


def _file(item: Item) -> Path:
    name = item.row.get("file_name")
    if not isinstance(name, str) or not name:
        raise DataError("it is not JSON with a file_name, or its file_name is empty")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise DataError("its file_name points out of the folder")
    return item.table.parent / name
