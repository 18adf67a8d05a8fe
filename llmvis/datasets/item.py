"""What a source lists: captioned pictures, none of them read yet."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from llmvis.datasets.place import ARCHIVE_SUFFIXES, Place, suffix
from llmvis.errors import RefusedItem
from llmvis.records import Caption, Refusal


class Picture(Protocol):
    """Where the bytes of a picture are; it goes to other processes."""

    def read(self, place: Place) -> bytes: ...


@dataclass(frozen=True, slots=True)
class InFile:
    """A picture that is a file."""

    name: str

    def read(self, place: Place) -> bytes:
        return place.read(self.name)


@dataclass(frozen=True, slots=True)
class InTar:
    """A picture that is a member of a tar file, which is never unpacked."""

    name: str
    start: int  # its first byte
    size: int

    def read(self, place: Place) -> bytes:
        return place.read_part(self.name, self.start, self.size)


@dataclass(frozen=True, slots=True)
class InParquet:
    """A picture that is a cell of a parquet file."""

    name: str
    column: str
    group: int  # the row group
    row: int  # within it

    def read(self, place: Place) -> bytes:
        try:
            cells = _column(place, self.name, self.column, self.group)
        except (OSError, ValueError) as error:  # as pyarrow raises them
            raise broken_part(error) from error
        cell = cells[self.row].as_py()
        data = cell["bytes"] if isinstance(cell, dict) else cell
        if data is None:
            raise RefusedItem(
                "its cell holds no picture", "Download it again, or remove the row."
            )
        return data


def broken_part(error: Exception) -> RefusedItem:
    """Refuses what lies in a part of a parquet file that cannot be read."""
    return RefusedItem(
        f"its part of the file is broken: {error}", "Copy the file again."
    )


@lru_cache(maxsize=1)  # the rows of a chunk follow each other
def _column(place: Place, name: str, column: str, group: int):
    import pyarrow.parquet as pq

    with place.open(name) as file, pq.ParquetFile(file) as table:
        return table.read_row_group(group, columns=[column]).column(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One picture with its captions, as its source lists it."""

    name: str  # of the file or the record, relative to the place
    where: str = ""  # what says its captions, for a person: "row 3 of metadata.csv"
    picture: Picture
    captions: tuple[Caption, ...]
    names_class: bool = False  # the caption is of many, which may differ in split
    split: str | None = None  # as the source has it; None: by content
    origin: str = ""  # an address that the source names
    license: str = "unknown"
    notes: tuple[str, ...] = ()  # oddities that were mended: "a caption read as Big5"

    def refused(self, error: RefusedItem) -> Refusal:
        """Says of this item why it is not taken."""
        return refuse(self.name, self.where, error)


def refuse(name: str, where: str, error: RefusedItem) -> Refusal:
    """Says of a record that is no item, or of an item, why it is not taken."""
    source = f"{name} ({where})" if where else name
    return Refusal(source=source, reason=error.reason, fix=error.fix)


_PACKED = RefusedItem(
    "it is an archive, and is not opened here", "Unpack it, or take it away."
)


def refuse_rest(
    place: Place, named: Container[str], error: RefusedItem
) -> Iterator[Refusal]:
    """Refuses pictures by `error`, and archives, that no record of a folder names."""
    if place.only:  # one file was named, and not the folder
        return
    for name in place.image_names:
        if name not in named:
            yield refuse(name, "", error)
    for name in place.names:
        if suffix(name) in ARCHIVE_SUFFIXES and name not in named:
            yield refuse(name, "", _PACKED)


def refuse_unread(place: Place) -> Iterator[Refusal]:
    """Refuses the folders that could not be read, with all that may be in them."""
    for folder, reason in place.unread_folders.items():
        error = RefusedItem(
            f"the folder cannot be read: {reason}", "Change its permissions."
        )
        yield refuse(folder, "", error)


class Source(Protocol):
    """What every module of `sources` offers."""

    def is_here(self, place: Place) -> bool:
        """Tells from names, and little content, whether the place has this form."""
        ...

    def list_items(self, place: Place) -> Iterable[Item | Refusal]:
        """Lists every record, in an order that depends on the place alone."""
        ...
