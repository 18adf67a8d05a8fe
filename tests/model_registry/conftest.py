"""A store of its own for each test module, and a report to register."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 200}


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """A sqlite file with every table, which takes seconds to make."""
    from llmvis.model_registry import store

    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        store.connect()
    return folder / "mlflow.db"


@pytest.fixture
def no_store(tmp_path, monkeypatch):
    """Points MLflow to a sqlite file that is not there, and gives its folder."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def store(no_store, empty_store):
    """Points MLflow to a store of the test's own, and gives its folder."""
    shutil.copy(empty_store, no_store)
    with closing(sqlite3.connect(no_store / "mlflow.db")) as database, database:
        database.execute(
            "UPDATE experiments SET "
            "artifact_location = replace(artifact_location, ?, ?)",
            (str(empty_store.parent), str(no_store)),
        )
    return no_store


@pytest.fixture
def report_folder(tmp_path):
    folder = tmp_path / "report"
    folder.mkdir()
    report = {
        part: {"test_seen": {"en": {"all_correct": {**FIGURE, "value": value}}}}
        for part, value in (("alignment", 0.5), ("shuffled", 0.125), ("real", 0.75))
    }
    (folder / "metrics.json").write_text(json.dumps(report))
    (folder / "report.html").write_text("<p>Pictures</p>")
    return folder


@pytest.fixture
def any_folder(tmp_path):
    """A model folder that nobody loads: registering only reads its bytes."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.json").write_text('{"family": "none"}')
    (folder / "generator.keras").write_bytes(b"weights")
    return folder
