"""Seconds and memory of each stage and of a rerun; what a retraining adds to training.

    uv run python benchmarks/pipeline.py
    uv run python benchmarks/pipeline.py presets/tiny.yaml

The stages run in a clone of the last commit, so that data/ stays as it is. The overhead
of the loop is a retraining with another seed, from the start of `llmvis pipeline` to
its end, less the seconds of the stages that it says it ran: what remains is looking
what has changed, registering, the gate, the try in a fresh process and the promotion.
"""

import os
import re
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
        with measured(table, "register"):
            llmvis("register")
        with measured(table, "pipeline, nothing to do"):
            llmvis("pipeline")
        with measured(table, "pipeline, another seed"):
            start = time.perf_counter()
            said = llmvis("pipeline", "--set", "train.seed=1")
            seconds = time.perf_counter() - start
        in_stages = sum(map(int, re.findall(r"done in (\d+) s", said)))
        table.add_row("overhead of that", f"{seconds - in_stages:.1f}", "", "")
        for name, rate in rates().items():
            table.add_row(name, "", "", f"{rate:.1f} pictures a second")
    Console().print(table)


def llmvis(*arguments: str) -> str:
    """Runs the command, and gives what it printed."""
    command = [sys.executable, "-c", "from llmvis.cli import main; main()", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


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
