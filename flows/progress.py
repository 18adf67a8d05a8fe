"""How far a long stage is: a bar for the person, a file for the flow that waits.

A stage calls `report`; it knows nothing of Prefect or of the terminal.
"""

import json
import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from llmvis.files import replacing

FILE_VARIABLE = "LLMVIS_PROGRESS_FILE"  # names the file that the flow reads
SUPERVISOR_VARIABLE = "LLMVIS_SUPERVISOR"  # id of the process the stage ends with
_SECONDS_BETWEEN_FILES = 0.5
_SECONDS_BETWEEN_LINES = 20.0  # where there is no terminal to draw a bar in


def report(done: int, total: int, text: str) -> None:
    """Tells how far the stage is.

    Call it as often as is handy: it writes and draws at most a few times a second.

    Args:
        done: Steps behind us, from 0 to `total`.
        total: Steps in all. A stage of several parts reports each with its own total.
        text: What is going on, a few words: "training the judge, loss 0.213".
    """
    _to_file({"done": done, "total": total, "text": text}, final=done >= total)
    _to_person(done, total, text)


def fail(sentence: str) -> None:
    """Tells why the stage ends: to the flow that waits, or else to the person."""
    close()
    if FILE_VARIABLE in os.environ:
        _to_file({"error": sentence}, final=True)
        return
    say(f"error: {sentence}")


def say(sentence: str) -> None:
    """Prints a line for the person."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(sentence, markup=False)


def close() -> None:
    """Takes the bar away, so that nothing is printed over it."""
    if _screen.bar is not None:
        _screen.bar.stop()
        _screen.bar = None


def bring_back_cursor() -> None:
    """Shows the cursor that the bar of a killed stage hid."""
    Console(stderr=True).show_cursor()


def read(path: Path) -> dict:
    """Reads what `report` or `fail` wrote last; empty where nothing was."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


class _Screen:
    """What was last written and drawn, and when (seconds, monotonic)."""

    bar: Progress | None = None
    total: int = 0
    done: int = 0
    last_file: float = -_SECONDS_BETWEEN_FILES
    last_line: float = -_SECONDS_BETWEEN_LINES


_screen = _Screen()


def _to_file(content: dict, *, final: bool) -> None:
    now = time.monotonic()
    too_soon = now - _screen.last_file < _SECONDS_BETWEEN_FILES
    if FILE_VARIABLE not in os.environ or (too_soon and not final):
        return
    _screen.last_file = now
    path = Path(os.environ[FILE_VARIABLE])
    # So the flow never reads half a line.
    with replacing(path) as beside:
        beside.write_text(json.dumps(content, ensure_ascii=False), "utf-8")


def _to_person(done: int, total: int, text: str) -> None:
    next_part = total != _screen.total or done < _screen.done
    _screen.total, _screen.done = total, done
    if sys.stderr.isatty():
        _draw(done, total, text, restart=next_part)
        return
    now = time.monotonic()
    if next_part or done >= total or now - _screen.last_line > _SECONDS_BETWEEN_LINES:
        _screen.last_line = now
        sys.stderr.write(f"  {done}/{total}  {text}\n")


def _draw(done: int, total: int, text: str, *, restart: bool) -> None:
    if restart:
        close()
    if _screen.bar is None:
        _screen.bar = Progress(
            TextColumn("  "),
            BarColumn(32),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
        )
        _screen.bar.add_task(text, total=total)
        _screen.bar.start()
    _screen.bar.update(_screen.bar.task_ids[0], completed=done, description=text)
    if done >= total:
        close()
