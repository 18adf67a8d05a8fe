"""Tar files, read where they are and never unpacked."""

import io
import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from llmvis.errors import RefusedItem

_BROKEN = RefusedItem("it breaks off, and more may have followed", "Copy it again.")


def members(
    tar: str, file: BinaryIO
) -> Iterator[tuple[str, tarfile.TarInfo | RefusedItem]]:
    """Lists the files in a tar, and in the place of others why they are refused.

    Args:
        tar: Its name, which stands for a member that cannot be read.
        file: It, open; may be moved about meanwhile.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                if not member.isdir():
                    yield member.name, _why_not(member, size) or member
            file.seek(archive.offset)
            if file.read(1).strip(b"\0"):  # a header follows, and cannot be read
                yield tar, _BROKEN
    except (tarfile.TarError, ValueError, OverflowError):  # a size beyond all files
        yield tar, _BROKEN


def _why_not(member: tarfile.TarInfo, size: int) -> RefusedItem | None:
    if member.name.startswith("/") or ".." in member.name.split("/"):
        return RefusedItem("its path points out of the tar", "Pack it again without.")
    if not member.isreg():
        return RefusedItem("it is a link or a device", "Pack the file itself.")
    if member.offset_data + member.size > size:
        return RefusedItem("the tar ends before it does", "Copy the tar again.")
    return None


def read(member: tarfile.TarInfo, file: BinaryIO) -> bytes:
    """Reads a member of the tar that is open as `file`."""
    file.seek(member.offset_data)
    return file.read(member.size)
