"""Tables in files, row by row: CSV, TSV, Excel, JSON lines and parquet."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from llmvis.datasets.encodings import find_codec
from llmvis.datasets.place import IMAGE_SUFFIXES, Place, needing, suffix
from llmvis.errors import DataError, RefusedItem

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx")
_ROWS_AT_ONCE = 1024
_NO_JSON = RefusedItem("it is not a line of JSON", "Write the line anew.")
_UNCLOSED = RefusedItem(
    "a quotation mark in it is not closed", 'Close it, or double it: """.'
)

Row = dict[Any, Any] | RefusedItem  # the key None has cells beyond the columns


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table, to go through once."""

    name: str
    columns: Sequence[str]
    rows: Iterator[Row]
    encoding: str


def read(place: Place, name: str) -> Table:
    """Opens a table.

    Raises:
        DataError: It is empty or broken, or cannot be read.
    """
    kind = suffix(name)
    with needing(name):
        if kind == ".parquet":
            return _read_parquet(place, name)
        if kind == ".xlsx":
            return _read_excel(place, name)
        data = place.read(name)
    codec, encoding = find_codec(data)
    if kind in (".jsonl", ".ndjson"):
        return _read_json_lines(name, data, codec, encoding)
    return _read_separated(name, data, codec, encoding)


def columns(place: Place, name: str) -> Sequence[str]:
    """Names the columns of a table; none where it cannot be read."""
    try:
        return read(place, name).columns
    except DataError:
        return ()


def _lines(data: bytes, codec: str) -> Iterator[str]:
    """Decodes line by line: text with one emoji in it takes four bytes a character."""
    # newline='' keeps line breaks inside of quoted captions.
    for line in io.TextIOWrapper(io.BytesIO(data), codec, "replace", newline=""):
        yield line.replace("\0", "")


def _read_separated(name: str, data: bytes, codec: str, encoding: str) -> Table:
    csv.field_size_limit(sys.maxsize)  # the usual one is 128 KiB
    first = next(_lines(data, codec), "")
    separator = max(",\t;|", key=first.count)
    records = _records(_lines(data, codec), separator)
    header = next(records, [])
    columns = [] if isinstance(header, RefusedItem) else header
    rows = (_as_row(record, columns) for record in records if record)
    return Table(name, [column for column in columns if column], rows, encoding)


def _as_row(record: list[str] | RefusedItem, columns: Sequence[str]) -> Row:
    if isinstance(record, RefusedItem):
        return record
    row: dict[Any, Any] = dict(zip_longest(columns, record[: len(columns)]))
    return row | {None: record[len(columns) :]}


def _records(lines: Iterator[str], separator: str) -> Iterator[list[str] | RefusedItem]:
    """Splits lines into cells, of which quoted ones may go over several lines.

    A quotation mark that nobody closed would take in the rows after it, so what reads
    like a row with a picture ends it, and the row it is in is refused.
    """
    taken: list[str] = []  # the lines of the present record

    def noted() -> Iterator[str]:
        for line in source:
            taken.append(line)
            yield line

    source, width = lines, 0
    while True:
        reader = csv.reader(noted(), delimiter=separator)
        for record in reader:
            width = width or len(record)
            begin = _next_row(taken, separator, width)
            if begin:
                yield _UNCLOSED
                source = chain(taken[begin:], source)
                taken = []
                break
            yield record
            taken.clear()
        else:
            return


def _next_row(lines: Sequence[str], separator: str, width: int) -> int | None:
    """Finds the first line within a record that reads like a row with a picture."""
    for number, line in enumerate(lines[1:], start=1):
        cells = next(csv.reader([line], delimiter=separator), [])
        if len(cells) == width and any(
            suffix(cell.strip()) in IMAGE_SUFFIXES for cell in cells
        ):
            return number
    return None


def _read_json_lines(name: str, data: bytes, codec: str, encoding: str) -> Table:
    columns: dict[str, None] = {}
    for row in _rows(data, codec):
        columns |= dict.fromkeys(() if isinstance(row, RefusedItem) else row)
    return Table(name, list(columns), _rows(data, codec), encoding)


def _rows(data: bytes, codec: str) -> Iterator[Row]:
    return (_parse(line) for line in _lines(data, codec) if line.strip())


def _parse(line: str) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return _NO_JSON
    return row if isinstance(row, dict) else _NO_JSON


def _read_parquet(place: Place, name: str) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with place.open(name) as file:
            columns = pq.read_schema(file).names
    except pa.ArrowException as error:
        raise DataError(
            f"{name} is no whole parquet file ({error}). Copy it again."
        ) from error

    def rows() -> Iterator[Row]:
        with place.open(name) as file, pq.ParquetFile(file) as table:
            for batch in table.iter_batches(_ROWS_AT_ONCE):
                yield from batch.to_pylist()

    return Table(name, columns, rows(), "UTF-8")


def _read_excel(place: Place, name: str) -> Table:
    import zipfile
    import zlib

    import openpyxl

    try:
        file = io.BytesIO(place.read(name))
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError) as error:
        raise DataError(
            f"{name} is no Excel workbook ({error}). Save it as .xlsx or .csv."
        ) from error
    lines = book.worksheets[0].iter_rows(values_only=True)
    columns = [str(cell) for cell in next(lines, ()) if cell is not None]
    rows = (dict(zip(columns, line, strict=False)) for line in lines if any(line))
    return Table(name, columns, rows, "UTF-8")
