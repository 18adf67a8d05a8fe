"""What files of pictures became, by their content: unchanged ones are read once.

A SQLite file, because it stays whole however a run ends.
"""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from llmvis.config import IngestConfig
from llmvis.errors import StorageError

_CODE = ("image_files.py", "image_colors.py", "look_alikes.py", "quality.py")
_SETTINGS = (
    "image_size",
    "background",
    "min_side",
    "fit",
    "min_sharpness",
    "min_contrast",
    "min_entropy",
)


class Entry(NamedTuple):
    """A picture as it was read, or why it was not."""

    key: (
        bytes  # KEY_SIZE, of the file's content and all that decides what becomes of it
    )
    picture_id: str = ""  # 64 hex digits
    look: bytes = b""
    width: int = 0
    height: int = 0
    reason: str = ""  # of a refusal, with its fix; then the others are empty
    fix: str = ""
    png: bytes = b""  # last, so that SQLite finds the others without passing over it


_COLUMNS = ", ".join(Entry._fields)
_ALL_BUT_PNG = ", ".join(Entry._fields[:-1])
_PAGE_SIZE = 16_384  # bytes: the entry of a small picture, and two more, fit on one
_ASKED_AT_ONCE = 256
KEY_SIZE = 32  # bytes


@cache
def salt(config: IngestConfig) -> bytes:
    """Names all but the file itself that decides what becomes of it."""
    from PIL import __version__

    code = b"".join(Path(__file__).with_name(name).read_bytes() for name in _CODE)
    settings = [getattr(config, name) for name in _SETTINGS]
    return hashlib.sha256(code + repr([*settings, __version__]).encode()).digest()


class PictureCache:
    """The entries in one file; several processes may read while one writes.

    Args:
        path: The file. A broken one is begun anew.
    """

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        try:
            self._open(path)
        except sqlite3.OperationalError:  # busy, or not to be written
            raise
        except sqlite3.DatabaseError:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            self._open(path)

    def _open(self, path: Path) -> None:
        self._base = sqlite3.connect(path, timeout=60)
        # Its log makes a commit cheap, and what a kill leaves of it is put back.
        self._base.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        # Entries lie in the order in which they came, and only an index is by key:
        # what is read one after the other is written so.
        self._base.execute(
            f"CREATE TABLE IF NOT EXISTS entries ({_COLUMNS}, PRIMARY KEY (key))"
        )
        self._base.execute("DROP TABLE IF EXISTS pictures")  # of earlier versions

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._base.close()

    def get(self, key: bytes) -> Entry | None:
        """Gives the entry without its `png`, or None."""
        row = self._base.execute(
            f"SELECT {_ALL_BUT_PNG} FROM entries WHERE key = ?", (key,)
        ).fetchone()
        return Entry(*row) if row else None

    def _find(self, keys: Sequence[bytes]) -> list[Entry]:
        marks = ", ".join("?" * len(keys))
        rows = self._base.execute(
            f"SELECT {_COLUMNS} FROM entries WHERE key IN ({marks})", keys
        )
        return [Entry(*row) for row in rows]

    def in_order(self, keys: np.ndarray) -> Iterator[Entry]:
        """Gives the entries of all keys, few of them in memory at a time.

        Args:
            keys: Shape `(N, 32)`, uint8.

        Raises:
            KeyError: One is not there.
        """
        for i in range(0, len(keys), _ASKED_AT_ONCE):
            asked = [key.tobytes() for key in keys[i : i + _ASKED_AT_ONCE]]
            found = {entry.key: entry for entry in self._find(asked)}
            yield from (found[key] for key in asked)

    def add(self, entries: Iterable[Entry]) -> None:
        """Keeps entries, all of them or none.

        Raises:
            StorageError: The disk is full, or the file cannot be written.
        """
        marks = ", ".join("?" * len(Entry._fields))
        command = f"INSERT OR REPLACE INTO entries VALUES ({marks})"
        try:
            with self._base:
                self._base.executemany(command, entries)
        except sqlite3.OperationalError as error:
            raise StorageError(
                f"Could not write {self._path}: {error}. Earlier output is untouched. "
                "Free some space or change the permissions, and run it again."
            ) from error

    def keep_only(self, keys: Iterable[bytes]) -> None:
        """Forgets all others: of files that are gone, or read in another way now.

        Args:
            keys: Some keys in each, one after another.
        """
        with self._base:
            self._base.execute("CREATE TEMP TABLE used (key PRIMARY KEY)")
            self._base.executemany(
                "INSERT OR IGNORE INTO used VALUES (?)",
                (
                    (joined[i : i + KEY_SIZE],)
                    for joined in keys
                    for i in range(0, len(joined), KEY_SIZE)
                ),
            )
            self._base.execute("DELETE FROM entries WHERE key NOT IN used")
            self._base.execute("DROP TABLE used")
