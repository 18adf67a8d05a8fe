"""Programs that XLA has compiled, kept between runs.

A network's graph takes XLA five to ten seconds, and comes out the same for every
version of one shape: a server that follows the champion, a retraining and `llmvis
generate` find what the run before left. TensorFlow writes each program beside its
place and renames it, compares the graph it was made from before use, and compiles anew
what it cannot read.
"""

import hashlib
import importlib.metadata
import os
import platform
from contextlib import suppress
from pathlib import Path

_FLAGS = "TF_XLA_FLAGS"
_FOLDER_FLAG = "--tf_xla_persistent_cache_directory"
_MOST = 256  # programs, of 1 to 30 MB each


def keep() -> None:
    """Says where programs are kept, for this process and those it starts.

    That is a folder of this machine's kind and TensorFlow in the user's cache
    (`$XDG_CACHE_HOME`, `~/.cache`), and nothing where `TF_XLA_FLAGS` names another or
    the folder cannot be made. Only the newest programs stay. Call it before TensorFlow
    is imported.
    """
    flags = os.environ.get(_FLAGS, "")
    if _FOLDER_FLAG in flags:
        return
    folder = _folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _drop_oldest(folder)
        only_cpu = "--tf_xla_persistent_cache_device_types=CPU"
        os.environ[_FLAGS] = f"{flags} {_FOLDER_FLAG}={folder} {only_cpu}".strip()


def _folder() -> Path:
    """Machine code is of one processor, so that homes may be shared by machines."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made_for = [
        platform.platform(),
        _processor(),
        str(os.cpu_count()),
        importlib.metadata.version("tensorflow"),
    ]
    name = hashlib.sha256("\n".join(made_for).encode()).hexdigest()[:16]
    return cache / "llmvis" / "compiled" / name


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(
        sorted({x for x in lines if x.startswith(("model name", "flags"))})
    )


def _drop_oldest(folder: Path) -> None:
    newest_first = sorted(
        folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True
    )
    for path in newest_first[_MOST:]:
        path.unlink(missing_ok=True)
