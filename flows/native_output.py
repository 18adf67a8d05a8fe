"""What libraries in C++ write past Python: TensorFlow's greetings, CUDA's guesses."""

import os
import sys
from pathlib import Path


def to_file(path: Path) -> None:
    """Sends it to a file from here on; what Python writes stays where it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    terminal = os.dup(2)
    sys.stderr.flush()
    sys.stderr = open(terminal, "w", buffering=1, encoding="utf-8", errors="replace")  # noqa: SIM115
    with path.open("wb") as file:
        os.dup2(file.fileno(), 2)
