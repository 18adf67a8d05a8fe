import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest
from PIL import Image

from llmvis import storage
from llmvis.config import IngestConfig
from llmvis.datasets.ingestion import ingest
from llmvis.errors import ConfigError, DataError

ROOT = Path(__file__).parents[2]
CONFIG = IngestConfig(
    source="scenes",
    path="",
    image_size=32,
    background="#ffffff",
    num_train_scenes=150,
    num_test_scenes=20,
    seed=0,
)


def silent(_done: int, _total: int, _text: str) -> None:
    pass


def folder_config(folder: Path, captions: list[str]) -> IngestConfig:
    """A folder of pictures that are all the same."""
    for number in range(len(captions)):
        Image.new("RGB", (32, 32)).save(folder / f"{number}.png")
    rows = [{"file_name": f"{i}.png", "text": text} for i, text in enumerate(captions)]
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return replace(CONFIG, source="image_folder", path=str(folder))


def test_many_processes_write_the_same_bytes_as_one(tmp_path):
    for num_processes in (1, 2):
        folder = tmp_path / str(num_processes)
        ingest(CONFIG, folder, num_processes=num_processes, report=silent)

    one, two = (storage.fingerprint(tmp_path / name) for name in ("1", "2"))
    assert one == two


def test_every_split_has_the_number_of_scenes_asked_for(tmp_path):
    told = []
    counts = ingest(
        CONFIG,
        tmp_path / "examples",
        num_processes=1,
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


def test_a_picture_that_another_split_has_is_refused_and_counted(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    captions = [f"thing {i}" for i in range(100)]

    counts = ingest(
        folder_config(source, captions),
        tmp_path / "examples",
        num_processes=1,
        report=silent,
    )

    refused = pd.read_parquet(tmp_path / "examples" / storage.QUARANTINE)
    assert sum(counts.values()) == 100
    assert len(refused) == counts["refused"] > 0
    assert refused.reason.str.contains("same picture").all()
    assert storage.splits(tmp_path / "examples") == ["train"]


def test_a_source_of_which_nothing_can_be_used_leaves_earlier_output(tmp_path):
    source, examples = tmp_path / "source", tmp_path / "examples"
    source.mkdir()
    ingest(CONFIG, examples, num_processes=1, report=silent)
    before = storage.fingerprint(examples)

    with pytest.raises(DataError, match=r"no training example.*3 refused"):
        ingest(
            folder_config(source, ["", " ", ""]),
            examples,
            num_processes=1,
            report=silent,
        )

    assert storage.fingerprint(examples) == before


def test_an_unknown_source_is_named_beside_those_that_exist(tmp_path):
    with pytest.raises(ConfigError, match=r"'scene'.*scenes, image_folder"):
        ingest(
            replace(CONFIG, source="scene"), tmp_path, num_processes=1, report=silent
        )


def start(folder: Path) -> subprocess.Popen:
    """Ingests far more scenes than the test will wait for."""
    params = (ROOT / "params.yaml").read_text("utf-8")
    (folder / "params.yaml").write_text(params.replace("40000", "400000"))
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
    ingest(CONFIG, examples, num_processes=1, report=silent)
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
