"""Files at addresses, through fsspec: https://, s3://, ds:// (a data set of DVC)..."""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from posixpath import normpath
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote, unquote

from llmvis.errors import DataError

_WAITS = (0.5, 2.0, 8.0)  # seconds before another try where a server stumbles
_STUMBLES = (408, 425, 429)  # HTTP: these may pass; others below 500 will not
_BUFFER = 2**20  # bytes fetched at once of a file that is not read as a whole

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Found:
    """What an address names."""

    files: Any  # the file system, of fsspec
    folder: str  # the path in it
    file: str | None = None  # the name of the one file in it that is meant
    path: str = ""  # of that file

    @property
    def is_local(self) -> bool:
        """Whether it is on a disk of this machine."""
        return _is_of(self.files, "file")


def find(address: str) -> Found:
    """Finds what an address names.

    Args:
        address: A local path, an address that fsspec reads, or ds://NAME.

    Raises:
        DataError: There is nothing there, it does not answer, or what reads such
            addresses is not installed.
    """
    from fsspec.core import url_to_fs

    try:
        name = address.removeprefix("ds://")
        files, path = _data_set(name) if name != address else url_to_fs(address)
        files.invalidate_cache()  # listings may be of another day
        is_file = _is_file(files, path)
    except FileNotFoundError as error:
        raise DataError(
            f"There is nothing at {address}. Set ingest.path to a folder or a file "
            "with captioned pictures, or ingest.source to scenes."
        ) from error
    except ImportError as error:  # of the driver, whose package the message names
        raise DataError(
            f"ingest.path is {address}, and cannot be read yet: {error}. Then run it "
            "again."
        ) from error
    except DataError:
        raise
    except Exception as error:  # a driver raises what it likes
        raise DataError(
            f"ingest.path is {address}, and cannot be read: {error}. Check the "
            "address, the network and your credentials."
        ) from error
    return _split(files, path) if is_file else Found(files, path.rstrip("/"))


def _is_of(files: Any, protocol: str) -> bool:
    known = files.protocol
    return protocol in ((known,) if isinstance(known, str) else known)


class FarFiles:
    """The files below a path of a file system that is not this machine's.

    A server that stumbles is asked again; one that stays away ends the run, so that
    no picture is refused for the network's sake.

    Args:
        found: Where they are.
        address: What the user calls that.
    """

    def __init__(self, found: Found, address: str):
        self._files, self._root, self._address = found.files, found.folder, address
        self._named = {found.file: found.path}
        self._is_http = _is_of(found.files, "http")
        self._whole = ("", b"")  # path and content of a file that comes in no parts

    def walk(self) -> Iterator[str]:
        """Lists the names of all files below."""
        start = len(self._root.lstrip("/")) + 1
        for path in self._patiently(lambda: self._files.find(self._root)):
            name = path.lstrip("/")[start:]
            if not self._is_http:
                yield name
            elif "?" not in name:  # with it, a listing in another order
                yield normpath(unquote(name))

    def path(self, name: str) -> str:
        """Gives the path of a name below."""
        end = quote(name) if self._is_http else name
        return self._named.get(name) or f"{self._root}/{end}"

    def read(self, path: str) -> bytes:
        """Reads a whole file."""
        return self._patiently(lambda: self._files.cat_file(path))

    def read_part(self, path: str, start: int, size: int) -> bytes:
        """Reads `size` bytes of a file from the byte at `start` on."""
        if self._whole[0] != path:
            data = self._patiently(
                lambda: self._files.cat_file(path, start=start, end=start + size)
            )
            if len(data) <= size:
                return data
            # A plain server gives the whole file, whatever part of it is asked for.
            self._whole = (path, data)
        return self._whole[1][start : start + size]

    def open(self, path: str) -> BinaryIO:
        """Opens a file that is not to be read as a whole."""
        size = self._patiently(lambda: self._files.info(path)["size"])
        if size is None:  # the server does not say
            return io.BytesIO(self.read(path))
        return io.BufferedReader(_Parts(self, path, size), _BUFFER)

    def _patiently(self, work: Callable[[], Result]) -> Result:
        for wait in _WAITS:
            try:
                return work()
            except Exception as error:
                _raise_if_final(error)
            time.sleep(wait)
        try:
            return work()
        except Exception as error:
            _raise_if_final(error)
            raise DataError(
                f"{self._address} does not answer any more: {type(error).__name__}: "
                f"{error}. What was read is kept: run it again later."
            ) from error


class _Parts(io.RawIOBase):
    """A file of a `FarFiles`, of which a part is fetched at a time."""

    def __init__(self, files: FarFiles, path: str, size: int):
        self._files, self._path, self._size, self._at = files, path, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = (0, self._at, self._size)[whence] + offset
        return self._at

    def readinto(self, buffer) -> int:
        size = min(len(buffer), self._size - self._at)
        if size <= 0:
            return 0
        data = self._files.read_part(self._path, self._at, size)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _is_file(files: Any, path: str) -> bool:
    if _is_of(files, "http"):
        # A folder is a page of links to a server, and as much a file as any other.
        if not files.exists(path, strict=True):
            raise FileNotFoundError(path)
        return files.info(path).get("mimetype") != "text/html"
    return files.info(path)["type"] == "file"


def _split(files: Any, path: str) -> Found:
    folder, _, file = path.rpartition("/")
    if _is_of(files, "http"):  # a query may be what lets it be read; it is no name
        folder, _, file = path.partition("?")[0].rpartition("/")
        file = unquote(file)
    above, _, title = folder.rpartition("/")
    if title == "annotations" and file.endswith(".json"):
        # COCO has the pictures beside that folder, not in it.
        return Found(files, above, f"{title}/{file}", path)
    return Found(files, folder, file, path)


def _raise_if_final(error: Exception) -> None:
    """Raises what another try would not mend, as a kind of OSError."""
    status = getattr(error, "status", None)  # of aiohttp's errors
    if isinstance(status, int) and 400 <= status < 500 and status not in _STUMBLES:
        raise PermissionError(f"the server answers {status}") from error
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        raise error


def _data_set(name: str) -> tuple[Any, str]:
    """A path in another git repository, at the revision that dvc.lock has of it."""
    import dvc.api
    from dvc.exceptions import DvcException

    try:
        found = dvc.api.get_dataset(name)
    except (DvcException, ValueError) as error:
        raise DataError(
            f"ingest.path is ds://{name}, and DVC says: {error}. Name it with "
            f"`dvc dataset add {name} --dvc REPOSITORY --path PATH`."
        ) from error
    if found["type"] != "dvc":
        raise DataError(
            f"ds://{name} is of type {found['type']}, and only --dvc is read. Set "
            "ingest.path to the address of the data itself."
        )
    files = dvc.api.DVCFileSystem(found["url"], rev=found["sha"])
    return files, f"/{found['path']}".rstrip("/")
