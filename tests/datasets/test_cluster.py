"""Pictures read by the workers of a Dask scheduler on this machine."""

import json
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from llmvis import config, storage
from llmvis.datasets.ingestion import ingest
from llmvis.errors import DataError

NUM_ITEMS = 1500
CONFIG = replace(
    config.read(Path(__file__).parents[2] / "params.yaml").ingest,
    source="image_folder",
    image_size=32,
)


def run(config, home, report=lambda *_: None):
    ingest(
        config,
        home / "examples",
        cache=home / "cache",
        num_processes=1,
        report=report,
    )
    return storage.fingerprint(home / "examples")


@pytest.fixture
def start(tmp_path):
    """Starts a `dask` command that ends with the test."""
    started = []

    def start_command(*arguments):
        with (tmp_path / "dask.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments], stdout=log, stderr=log
            )
        started.append(process)
        return process

    yield start_command
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def scheduler(start, tmp_path):
    """The address of a scheduler that has no worker yet."""
    file = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    start("scheduler", *options, "--scheduler-file", str(file))
    deadline = time.monotonic() + 60
    while not file.exists() or not file.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return json.loads(file.read_text())["address"]


@pytest.fixture
def raw(tmp_path, save):
    folder = tmp_path / "raw"
    rows = []
    for number in range(NUM_ITEMS):
        save(folder / f"{number}.png", number)
        rows.append(json.dumps({"file_name": f"{number}.png", "text": f"a {number}"}))
    (folder / "metadata.jsonl").write_text("\n".join(rows))
    return folder


def test_a_worker_that_is_killed_changes_no_byte(raw, tmp_path, start, scheduler):
    options = ["--no-nanny", "--nthreads", "1", "--no-dashboard"]
    workers = [start("worker", scheduler, *options) for _ in range(2)]
    here = replace(CONFIG, path=str(raw))
    seen = []

    def kill_one(done, _total, text):
        if text.startswith("reading"):
            seen.append(done)
            if done > NUM_ITEMS // 3 and workers[0].poll() is None:
                workers[0].kill()
                workers[0].wait()

    there = run(replace(here, engine=scheduler), tmp_path / "there", kill_one)

    assert workers[0].poll() is not None
    assert workers[1].poll() is None
    assert seen[-1] == NUM_ITEMS
    assert there == run(here, tmp_path / "here")


def test_a_scheduler_that_is_not_there_is_named(raw, tmp_path, monkeypatch):
    from llmvis.datasets import cluster

    monkeypatch.setattr(cluster, "_SECONDS_TO_ANSWER", 1)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(DataError, match=r"no Dask scheduler answers.*`dask sched"):
            run(replace(CONFIG, path=str(raw), engine=address), tmp_path / "there")


def test_a_scheduler_without_workers_is_told_to_have_some(
    raw, tmp_path, scheduler, monkeypatch
):
    from llmvis.datasets import cluster

    monkeypatch.setattr(cluster, "_SECONDS_TO_ANSWER", 5)
    with pytest.raises(DataError, match=r"has no worker.*dask worker tcp://"):
        run(replace(CONFIG, path=str(raw), engine=scheduler), tmp_path / "there")
