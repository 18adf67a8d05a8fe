"""The Prefect flow, run for real over a small DVC project."""

import signal

import numpy as np
import pandas as pd
import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness

from flows import native_output, overlay
from flows import pipeline as pipeline_module
from flows.pipeline import pipeline
from flows.promote import promote
from llmvis import evaluation, storage
from llmvis.errors import RegistryError, StageFailed
from llmvis.evaluation import alignment
from llmvis.model_registry import smoke_test, timing, trial, versions
from llmvis.model_registry.decisions import Contender
from llmvis.model_registry.provenance import Version
from llmvis.png import encode_png

VERSION = Version(name="llmvis", version=1, model_fingerprint="abc", run_id="run")

RUN = "import sys; from llmvis.cli import main; sys.argv = ['', 'pipeline']; main()"


# A model is what its weights say: how many of its 100 pictures are right.
TRAIN = """
from pathlib import Path
for name in ("model", "checkpoints"):
    Path("data", name).mkdir(parents=True, exist_ok=True)
Path("data/model/model.json").write_text("{}")
Path("data/model/generator.keras").write_text("RIGHT")
"""
EVALUATE = """
import shutil
from pathlib import Path
right = Path("data/model/generator.keras").read_text()
shutil.copytree(f"reports/{right}", "data/report")
"""


@pytest.fixture(scope="module")
def prefect():
    with (
        prefect_test_harness(server_startup_timeout=120),
        get_client(sync_client=True) as client,
    ):
        yield client


@pytest.fixture
def registered(monkeypatch):
    """Registers nothing; gives the versions that were asked for."""
    asked = []
    monkeypatch.setattr(
        pipeline_module, "register", lambda _: asked.append(1) or VERSION
    )
    monkeypatch.setattr(pipeline_module.runs, "run_url", lambda run: f"http://m/{run}")
    return asked


@pytest.mark.usefixtures("prefect")
def test_the_flow_runs_every_stage_and_then_registers(project, registered):
    version = pipeline()

    assert version == VERSION
    assert registered == [1]
    assert project.read("data/report/file") == "report"


@pytest.mark.usefixtures("project", "prefect")
def test_unattended_it_registers_again_when_the_server_was_away(
    registered, monkeypatch
):
    def fail_first(_):
        registered.append(1)
        if len(registered) == 1:
            raise RegistryError("No MLflow server answers.")
        return VERSION

    monkeypatch.setattr(pipeline_module, "register", fail_first)
    unattended = flow(pipeline_module.bring_all_up_to_date)

    assert unattended([0.0, 0.0]) == VERSION
    assert registered == [1, 1]


@pytest.mark.usefixtures("project", "registered")
def test_each_stage_shows_its_progress_and_the_flow_its_mlflow_run(prefect):
    pipeline()
    latest = {a.key: a for a in prefect.read_latest_artifacts()}

    assert {"ingest", "train", "evaluate", "mlflow-run"} <= latest.keys()
    assert latest["train"].data == 100.0
    assert "http://m/run" in latest["mlflow-run"].data


@pytest.mark.usefixtures("prefect", "registered")
def test_a_second_flow_runs_no_stage_again(project):
    pipeline()
    pipeline()

    assert project.read("runs.txt") == "ingest "


@pytest.mark.usefixtures("prefect")
def test_a_failing_stage_ends_the_flow_with_its_sentence(project, registered):
    project.write(
        "train.py", "from flows import progress; progress.fail('Out of ink.'); 1 / 0"
    )
    with pytest.raises(StageFailed, match=r"Out of ink\."):
        pipeline()

    assert registered == []


@pytest.fixture
def model(project, monkeypatch):
    """Makes the next run train a model with so many pictures right of 100."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{project.root}/mlflow.db")
    monkeypatch.setattr(native_output, "to_file", lambda _: None)
    monkeypatch.setattr(trial, "_drawn", _drawn)
    monkeypatch.setattr(trial, "_drawer", lambda *_: None)
    monkeypatch.setattr(timing, "seconds_per_picture", lambda *_: [0.004, 0.004])
    monkeypatch.setattr(smoke_test, "require_drawing", lambda _: None)
    project.write("data/judge/judge.json", "{}")
    project.write("evaluate.py", EVALUATE)

    def train(num_right):
        report = _contender("report", num_right)
        folder = project.root / "reports" / str(num_right)
        folder.mkdir(parents=True)
        storage.write_json(folder / "metrics.json", report.metrics)
        storage.write_json(folder / "facts.json", {"judge files": report.judge})
        png = encode_png(np.zeros((4, 4, 3), np.uint8))
        rows = report.rows.assign(image=[{"bytes": png}] * len(report.rows))
        rows.to_parquet(folder / "prompts.parquet")
        project.write("train.py", TRAIN.replace("RIGHT", str(num_right)))

    return train


def _drawn(champion, params, examples, judge, progress):  # noqa: ARG001
    progress(100, 100, "drawing pictures")
    share = champion.figures["alignment/test/en/r_precision"]
    return _contender(champion.label, round(100 * share)), None


def _contender(name, num_right):
    rows = pd.DataFrame(
        {
            "split": "test",
            "lang": "en",
            "prompt": f"prompt {i}",
            "example_id": str(i),
            "seed": i,
            "r_precision": float(i < num_right),
        }
        for i in range(100)
    )
    scores = evaluation.plain({"alignment": alignment.scores(rows, seed=0)})
    scores["cost"] = {"seconds_per_picture": 0.004, "parameters": 1000}
    return Contender(name=name, judge="judge", metrics=scores, rows=rows)


def test_a_model_becomes_the_champion_only_where_it_is_better(model, prefect, capsys):
    model(40)
    first = pipeline()
    assert first.aliases == ("challenger", "champion")
    assert pipeline() == first  # nothing changed, nothing is new

    model(20)
    worse = pipeline()
    assert (worse.version, worse.aliases) == (2, ("challenger",))
    assert worse.gate.startswith(
        "refused: alignment.test.en.r_precision changes by -20"
    )
    assert worse.gate in capsys.readouterr().err
    shown = {a.key: a for a in prefect.read_latest_artifacts()}["register"]
    assert (shown.data, shown.description) == (100.0, worse.gate)
    assert pipeline() == worse  # it is not asked again

    model(80)
    better = pipeline()
    assert (better.version, better.aliases) == (3, ("challenger", "champion"))
    assert better.gate.startswith("passed: alignment.test.en.r_precision rises by +40")
    assert [v.version for v in versions.list_versions("llmvis")] == [3, 2, 1]


@pytest.mark.usefixtures("prefect")
def test_a_person_approves_a_version_by_a_flow(model, project):
    project.write("params.yaml", overlay.merged({"gate": {"approval": "required"}}))
    model(40)
    waits = pipeline()
    assert waits.aliases == ("challenger",)
    assert waits.gate.startswith("awaits approval: It is the first model")
    assert pipeline() == waits

    approved = promote(1, "I looked at the pictures")
    assert approved.aliases == ("challenger", "champion")
    assert pipeline() == approved


def test_ctrl_c_leaves_no_process_and_no_half_output(project, monkeypatch, tmp_path):
    # With a server that the command starts itself.
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))

    stop_it(project, signal.SIGINT, code=130)


def test_termination_leaves_no_process_and_no_half_output(
    project, monkeypatch, prefect
):
    monkeypatch.setenv("PREFECT_API_URL", str(prefect.api_url))

    stop_it(project, signal.SIGTERM, code=143)


def stop_it(project, number, code):
    flow = project.start_hanging("-c", RUN)
    flow.send_signal(number)

    assert flow.wait(timeout=60) == code
    assert "Traceback" not in project.read("said.txt")
    assert project.processes() == []
    assert not (project.root / "data/model").exists()
    assert not (project.root / "data/.model.writing").exists()
