"""A small DVC project whose stages are scripts of a few lines."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PARAMS = Path(__file__).parents[2] / "params.yaml"

DVC_YAML = """
stages:
  ingest:
    cmd: python ingest.py
    params: [ingest]
    deps: [ingest.py]
    outs: [data/examples]
  train:
    cmd: python train.py
    deps: [train.py]
    outs:
      - data/model
      - data/checkpoints: {persist: true}
  evaluate:
    cmd: python evaluate.py
    deps: [data/examples, data/model]
    outs: [data/report]
"""

INGEST = """
from pathlib import Path
Path("data/examples").mkdir(parents=True)
Path("data/examples/file").write_text(Path("params.yaml").read_text())
with open("runs.txt", "a") as runs:
    runs.write("ingest ")
"""

TRAIN = """
from pathlib import Path
Path("data/model").mkdir(parents=True)
Path("data/model/file").write_text("whole")
Path("data/checkpoints").mkdir(exist_ok=True)
"""

EVALUATE = """
from pathlib import Path
Path("data/report").mkdir(parents=True)
Path("data/report/file").write_text("report")
"""

# Evaluates in no time: a report with what registering and the gate read.
REPORT = """
import json
from pathlib import Path
import numpy as np
import pandas as pd
from llmvis.png import encode_png
Path("data/report").mkdir(parents=True)
figure = {"value": 0.4, "low": 0.3, "high": 0.5, "n": 100}
report = {"alignment": {"test": {"en": {"r_precision": figure}}}}
Path("data/report/metrics.json").write_text(json.dumps(report))
Path("data/report/facts.json").write_text(json.dumps({"judge files": "none"}))
rows = {"split": "test", "lang": "en", "prompt": "a", "example_id": "a", "seed": 0}
rows["image"] = {"bytes": encode_png(np.zeros((4, 4, 3), np.uint8))}
pd.DataFrame([rows | {"r_precision": 1.0}]).to_parquet("data/report/prompts.parquet")
"""

# Writes half its output and a checkpoint, starts a child, and hangs.
HANGING = """
import subprocess, time
from pathlib import Path
from flows.__main__ import end_with_supervisor
end_with_supervisor()
Path("data/model").mkdir(parents=True)
Path("data/model/half").write_text("half")
Path("data/.model.writing").mkdir()
Path("data/checkpoints").mkdir(exist_ok=True)
Path("data/checkpoints/step").write_text("12")
subprocess.Popen(["sleep", "300"])
Path("started").write_text("")
time.sleep(300)
"""


def _is_in(cwd: str | None, root: Path, below: Path | None) -> bool:
    if cwd is None:
        return False
    return Path(cwd) == root if below is None else Path(cwd).is_relative_to(below)


class Project:
    """A folder with three stages: `ingest` and `train` feed `evaluate`."""

    def __init__(self, root: Path):
        self.root = root
        self.write(".dvc/config", "[core]\n    no_scm = true\n")
        self.write("dvc.yaml", DVC_YAML)
        self.write("params.yaml", PARAMS.read_text())
        self.write("ingest.py", INGEST)
        self.write("train.py", TRAIN)
        self.write("evaluate.py", EVALUATE)

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()

    def start(self, *arguments: str) -> subprocess.Popen:
        """Starts Python in this folder; what it says goes to said.txt."""
        with (self.root / "said.txt").open("w") as said:
            return subprocess.Popen(
                [sys.executable, *arguments], cwd=self.root, stdout=said, stderr=said
            )

    def start_hanging(self, *command: str) -> subprocess.Popen:
        """Makes `train` hang, runs a command that runs it, and waits until it hangs."""
        self.write("train.py", HANGING)
        process = self.start(*command)
        self.wait_until(lambda: (self.root / "started").exists(), seconds=150)
        return process

    def processes(self, below: Path | None = None) -> list[psutil.Process]:
        """Every living process that works in this folder, or in one below another."""
        return [
            process
            for process in psutil.process_iter(["cwd", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE
            and _is_in(process.info["cwd"], self.root, below)
            and process.pid != psutil.Process().pid
        ]

    def wait_until(self, condition, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert condition()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project that nothing ran in yet; it is the current folder."""
    project = Project(tmp_path / "project")
    monkeypatch.chdir(project.root)
    yield project
    for process in project.processes():  # what a failed test left
        process.kill()
