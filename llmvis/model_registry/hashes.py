"""Whether the files of a model are still those that were registered."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from llmvis.errors import RegistryError


def of_files(folder: Path) -> dict[str, str]:
    """Hashes every file of a folder: its path inside to sha256 in hex."""
    return {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def verify(folder: Path, expected: Mapping[str, str]) -> None:
    """Refuses a folder whose files are not exactly the expected ones.

    Raises:
        RegistryError: A file differs, is missing, or was added.
    """
    found = of_files(folder)
    wrong = sorted(
        path
        for path in found.keys() | expected.keys()
        if found.get(path) != expected.get(path)
    )
    if wrong:
        raise RegistryError(
            f"The files {wrong} of this version are not the ones that were registered, "
            "so it is not loaded. Restore them from a backup, or serve another version "
            "(`llmvis models` lists them)."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
