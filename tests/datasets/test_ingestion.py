import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from llmvis import config, storage
from llmvis.datasets.ingestion import ingest

ROOT = Path(__file__).parents[2]
CONFIG = replace(
    config.read(ROOT / "params.yaml").ingest,
    image_size=32,
    num_train_scenes=150,
    num_test_scenes=20,
)


def run(config, folder, *, num_processes=1, report=lambda *_: None):
    cache = folder.with_name(f"{folder.name}.cache")
    return ingest(
        config, folder, cache=cache, num_processes=num_processes, report=report
    )


def test_many_processes_write_the_same_bytes_as_one(tmp_path):
    for num_processes in (1, 2):
        folder = tmp_path / str(num_processes)
        run(CONFIG, folder, num_processes=num_processes)

    one, two = (storage.fingerprint(tmp_path / name) for name in ("1", "2"))
    assert one == two


def test_every_split_has_the_number_of_scenes_asked_for(tmp_path):
    told = []
    counts = run(
        CONFIG,
        tmp_path / "examples",
        report=lambda done, total, _text: told.append((done, total)),
    )

    assert counts == {
        "train": 150,
        "validation": 20,
        "test_seen": 20,
        "test_unseen_scene": 20,
        "test_unseen_binding": 20,
        "refused": 0,
    }
    assert storage.read_images(tmp_path / "examples", "train").shape == (150, 32, 32, 3)
    assert told[-1] == (230, 230)


def test_many_processes_read_files_to_the_same_bytes_as_one(tmp_path, save):
    rows = ["file_name,text"]
    for number in range(150):
        save(tmp_path / "raw" / f"{number}.png", number)
        rows.append(f"{number}.png,thing {number}")
    (tmp_path / "raw/metadata.csv").write_text("\n".join(rows))
    files = replace(CONFIG, source="image_folder", path=str(tmp_path / "raw"))
    for number in (1, 2):
        run(files, tmp_path / str(number), num_processes=number)

    one, two = (storage.fingerprint(tmp_path / name) for name in ("1", "2"))
    assert one == two


def start(folder: Path) -> subprocess.Popen:
    """Ingests far more scenes than the test will wait for."""
    params = (ROOT / "params.yaml").read_text("utf-8")
    many = re.sub(r"num_train_scenes: \d+", "num_train_scenes: 400000", params)
    (folder / "params.yaml").write_text(many)
    process = subprocess.Popen(
        [sys.executable, "-m", "flows", "ingest"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    )
    while not list(folder.glob("data/.examples.writing/*.parquet")):
        assert process.poll() is None
        time.sleep(0.1)
    return process


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_ingest_leaves_no_process_and_earlier_output(signal_number, tmp_path):
    examples = tmp_path / "data" / "examples"
    run(CONFIG, examples)
    before = storage.fingerprint(examples)
    process = start(tmp_path)
    children = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal_number)
    process.wait(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=60)

    assert children
    assert not alive
    assert storage.fingerprint(examples) == before
    if signal_number == signal.SIGINT:
        assert not list(tmp_path.glob("data/.examples*"))
