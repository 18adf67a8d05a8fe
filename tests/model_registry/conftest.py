"""A store of its own for each test module, and a report to register."""

import json

import pytest

from llmvis.config import SamplingConfig

SAMPLING = SamplingConfig(guidance_scale=2.0, temperature=1.0, top_k=0, num_steps=4)
FIGURE = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 200}


@pytest.fixture
def sampling():
    return SAMPLING


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Points MLflow to a new sqlite file, and gives its folder."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def report_folder(tmp_path):
    folder = tmp_path / "report"
    folder.mkdir()
    report = {"test_seen": {"en": {"all_correct": FIGURE}}, "seconds": 3}
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
