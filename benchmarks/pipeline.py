"""Seconds and peak memory of each stage, of a rerun of nothing, and of drawing.

    uv run python benchmarks/pipeline.py
    uv run python benchmarks/pipeline.py presets/tiny.yaml

The stages run in a clone of the last commit, so that data/ stays as it is.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import psutil
from rich.console import Console
from rich.table import Table

from flows import dvc_stage, overlay
from llmvis import config, storage

ROOT = Path(__file__).parents[1]


def main(preset: Path | None) -> None:
    """Runs everything once, and then nothing once."""
    table = Table("", "seconds", "peak memory, GiB", "", box=None)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        os.chdir(folder)
        os.environ["PYTHONPATH"] = folder
        if preset:
            overlay.PARAMS.write_text(overlay.merged(overlay.read_file(preset)))
        for stage in dvc_stage.needed_for("evaluate"):
            with measured(table, stage):
                dvc_stage.run_stage(stage)
        for name in ("register", "pipeline, nothing to do"):
            command = ["-c", "from llmvis.cli import main; main()", name.split(",")[0]]
            with measured(table, name):
                subprocess.run(
                    [sys.executable, *command], check=True, stdout=subprocess.DEVNULL
                )
        for name, rate in rates().items():
            table.add_row(name, "", "", f"{rate:.1f} pictures a second")
    Console().print(table)


@contextmanager
def measured(table: Table, name: str):
    """Adds a row with the time of the body and the memory of all it starts."""
    ended, peak = threading.Event(), [0]

    def watch():
        while not ended.wait(0.2):
            peak[0] = max(peak[0], memory_of_children())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - start
        ended.set()
        watcher.join()
    table.add_row(name, f"{seconds:.1f}", f"{peak[0] / 2**30:.2f}", "")


def memory_of_children() -> int:
    """Sums the bytes that every process below this one has in memory."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def rates() -> dict[str, float]:
    """Reads pictures a second off the curves and the report, compiling apart."""
    report = storage.read_json(Path("data/report/metrics.json"), "evaluate")
    curves = pd.read_csv("data/training/curves.csv").diff()
    steps_per_second = (curves["step"] / curves["seconds"]).median()
    return {
        "training": config.read().train.batch_size * steps_per_second,
        "drawing": 1 / report["cost"]["seconds_per_picture"],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None)
