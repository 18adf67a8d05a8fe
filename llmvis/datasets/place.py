"""A folder of files, here or far away, from which nothing outside of it is read."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import PurePosixPath
from typing import BinaryIO

from llmvis.datasets import far_files
from llmvis.datasets.far_files import FarFiles
from llmvis.errors import DataError, RefusedItem

_IMAGES = (
    ".png .jpg .jpeg .jpe .jfif .webp .gif .bmp .dib .tif .tiff .ico .jp2 .j2k .avif "
    ".heic .heif .mpo .ppm .pgm .pbm .tga .svg"
)
IMAGE_SUFFIXES = frozenset(_IMAGES.split())
ARCHIVE_SUFFIXES = (".tar", ".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_JUNK = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})  # of file managers


class Place:
    """The folder at `address`, or the folder of the one file that it names.

    Args:
        address: A local path, an address that fsspec reads (https://, s3://...), or
            ds://NAME, a data set of DVC.

    Raises:
        DataError: There is nothing there, or it cannot be read.
    """

    def __init__(self, address: str):
        found = far_files.find(address)
        self.address = address
        self._root = found.folder
        self.only = found.file  # the file that the address names, or None
        self._far = None if found.is_local else FarFiles(found, address)
        self._unread: dict[str, str] = {}  # folders, and why they could not be read

    @property
    def title(self) -> str:
        """The last part of the folder's name."""
        return PurePosixPath(self._root).name or self.address

    @cached_property
    def names(self) -> list[str]:
        """Every file below, or the one named, sorted; hidden ones are left out."""
        found = [self.only] if self.only else self._walk()
        return sorted(name for name in found if not _is_hidden(name))

    @cached_property
    def name_set(self) -> frozenset[str]:
        return frozenset(self.names)

    @property
    def unread_folders(self) -> dict[str, str]:
        """The folders below that could not be read, each with the reason."""
        _ = self.names
        return self._unread

    @cached_property
    def image_names(self) -> list[str]:
        """The files below that end like images, in any case; sorted."""
        found = self._walk() if self.only else self.names
        return sorted(
            name
            for name in found
            if suffix(name) in IMAGE_SUFFIXES and not _is_hidden(name)
        )

    def read(self, name: str) -> bytes:
        """Reads a whole file.

        Args:
            name: Relative to the folder; a table may have it with backslashes.

        Raises:
            RefusedItem: It is not there, not a file, or not inside of the folder.
        """
        with _refusing(name):
            path = self._path_inside(name)
            if self._far:
                return self._far.read(path)
            with open(path, "rb") as file:
                return file.read()

    def read_part(self, name: str, start: int, size: int) -> bytes:
        """Reads `size` bytes of a file from the byte at `start` on."""
        with _refusing(name):
            path = self._path_inside(name)
            if self._far:
                return self._far.read_part(path, start, size)
            with open(path, "rb") as file:
                file.seek(start)
                return file.read(size)

    def open(self, name: str) -> BinaryIO:
        """Opens a file that is not to be read as a whole."""
        with _refusing(name):
            path = self._path_inside(name)
            return self._far.open(path) if self._far else open(path, "rb")

    def _walk(self) -> Iterator[str]:
        if self._far:
            yield from self._far.walk()
            return
        for folder, folders, files in os.walk(self._root, onerror=self._note_unread):
            # A link to a folder is not followed; as an item it is refused, and so said.
            links = [name for name in folders if os.path.islink(f"{folder}/{name}")]
            for name in (*files, *links):
                yield f"{folder}/{name}"[len(self._root) + 1 :]

    def _note_unread(self, error: OSError) -> None:
        name = str(error.filename)[len(self._root) + 1 :]
        self._unread[name or "."] = error.strerror or str(error)

    def _path_inside(self, name: str) -> str:
        name = name.replace("\\", "/")
        if "://" in name:
            raise RefusedItem(
                "it is the address of a picture, and not a file of the folder",
                "Download the pictures first, for example with img2dataset.",
            )
        if name.startswith("/") or ":" in name[:2] or ".." in name.split("/"):
            raise RefusedItem(
                "its path points out of the folder",
                "Put the file into the folder, and name it from there.",
            )
        if self._far:
            return self._far.path(name)
        path = f"{self._root}/{name}"
        self._refuse_link_out(path)
        return path

    def _refuse_link_out(self, path: str) -> None:
        mode = os.lstat(path).st_mode
        folder, _, name = path.rpartition("/")
        real = f"{_real_path(folder)}/{name}"
        if stat.S_ISLNK(mode):
            real = os.path.realpath(path)
            mode = os.stat(path).st_mode
        if not f"{real}/".startswith(f"{_real_path(self._root)}/"):
            raise RefusedItem(
                "it is a link out of the folder", "Put the file itself there."
            )
        if not stat.S_ISREG(mode):  # reading a pipe would never end
            raise RefusedItem("it is no file", "Name a file, or remove it.")


def suffix(name: str) -> str:
    """Gives the ending of a name in lower case: `.png`."""
    return PurePosixPath(name).suffix.lower()


@contextmanager
def needing(name: str) -> Iterator[None]:
    """Makes of a refused file, without which there are no items, a DataError."""
    try:
        yield
    except RefusedItem as error:
        raise DataError(f"{name}: {error.reason}. {error.fix}") from error


@lru_cache(maxsize=10_000)
def _real_path(folder: str) -> str:
    return os.path.realpath(folder)


def _is_hidden(name: str) -> bool:
    parts = name.lower().split("/")
    return any(part.startswith(".") or part == "__macosx" for part in parts) or (
        parts[-1] in _JUNK
    )


@contextmanager
def _refusing(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise RefusedItem(
            "there is no such file", f"Put {name} there, or remove its caption."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        if isinstance(error, DataError):  # a ValueError, and said already
            raise
        raise RefusedItem(
            f"it cannot be read: {error}", "Change its permissions or its name."
        ) from error
