"""The Prefect flow, run for real over a small DVC project."""

import signal

import pytest
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness

from flows import pipeline as pipeline_module
from flows.pipeline import pipeline
from llmvis.errors import StageFailed
from llmvis.model_registry.provenance import Version

VERSION = Version(name="llmvis", version=1, model_fingerprint="abc", run_id="run")

RUN = "import sys; from llmvis.cli import main; sys.argv = ['', 'pipeline']; main()"


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
