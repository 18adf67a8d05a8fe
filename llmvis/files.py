"""Single files that are never half written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a path beside `path`; the file written there takes its place at the end.

    If the body raises, what stood at `path` is left as it was.
    """
    beside = path.with_name(f".{path.name}.writing")
    beside.unlink(missing_ok=True)  # of a process that was killed
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
