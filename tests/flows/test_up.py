"""`llmvis up` with real processes: all services of a small project."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from flows import overlay
from flows.up import Addresses
from llmvis import config
from tests.flows.conftest import REPORT

LLMVIS = (sys.executable, "-c", "from llmvis.cli import main; main()")
PATIENCE = 600  # seconds


def free_ports(number):
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


@pytest.fixture
def services(project, monkeypatch):
    """Where the services of the project will be; a model that the gate refuses."""
    for name in ("PREFECT_API_URL", "PREFECT_HOME", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    mlflow, prefect, pictures = free_ports(3)
    changes = {
        "ingest": {"path": "raw"},
        "gate": {"minimum": 1.0},
        "serve": {"port": pictures},
        "up": {"settle": 1, "mlflow_port": mlflow, "prefect_port": prefect},
    }
    (project.root / "raw").mkdir()
    project.write("params.yaml", overlay.merged(changes))
    project.write("evaluate.py", REPORT)
    project.write(
        "train.py",
        project.read("train.py") + 'Path("data/model/model.json").write_text("{}")\n',
    )
    yield Addresses(config.read())
    subprocess.run([*LLMVIS, "down"], check=True)


def up(project):
    process = project.start(*LLMVIS[1:], "up")
    project.wait_until(
        lambda: "runs and versions" in project.read("said.txt"), PATIENCE
    )
    return process


def family(project):
    """Every process that was started in the project's folder, or by one that was."""
    found = set(project.processes())
    for process in list(found):
        found |= set(process.children(recursive=True))
    return found


def works(address):
    try:
        return httpx.get(address).is_success
    except httpx.HTTPError:
        return False


def states(services):
    runs = httpx.post(f"{services.prefect_api}/flow_runs/filter", json={}).json()
    due = [run for run in runs if not run["auto_scheduled"]]
    return [run["state"]["type"] for run in due]


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a busy machine starts four servers slowly
def test_changed_data_are_trained_on_a_champion_is_served_and_ctrl_c_ends_all(
    project, services, tiny_model_folder
):
    process = up(project)
    project.write("raw/cat.txt", "a picture")
    project.wait_until(lambda: states(services) == ["COMPLETED"], PATIENCE)
    name = {"name": "llmvis"}
    api = f"{services.mlflow}/api/2.0/mlflow"
    model = httpx.get(f"{api}/registered-models/get", params=name).json()
    assert model["registered_model"]["latest_versions"][0]["version"] == "1"
    assert not works(f"{services.pictures}/ready")  # there is no champion yet

    from llmvis.model_registry import champions, versions

    report = Path("data/report")
    sampling = config.read().sampling
    versions.register(tiny_model_folder, report, "llmvis", sampling)
    champions.appoint("llmvis", 2, "a test", 0)
    project.wait_until(lambda: works(f"{services.pictures}/ready"), PATIENCE)

    [tracking] = [p for p in family(project) if "mlflow" in p.cmdline()]
    tracking.kill()
    project.wait_until(lambda: not works(f"{services.mlflow}/health"), PATIENCE)
    project.wait_until(lambda: works(f"{services.mlflow}/health"), PATIENCE)

    everything = family(project)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 0
    assert "Traceback" not in project.read("said.txt")
    assert psutil.wait_procs(everything, timeout=1)[1] == []
    assert project.processes() == []


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a busy machine starts four servers slowly
def test_what_a_killed_up_left_is_ended_by_down(project, services):
    process = up(project)
    again = subprocess.run([*LLMVIS, "up"], capture_output=True, text=True, check=False)
    assert "`llmvis up` runs in this folder already" in again.stderr

    everything = family(project) - {psutil.Process(process.pid)}
    process.kill()
    process.wait()
    assert works(f"{services.prefect_api}/health")
    done = subprocess.run([*LLMVIS, "down"], capture_output=True, text=True, check=True)

    assert done.stdout == "All ended.\n"
    assert psutil.wait_procs(everything, timeout=1)[1] == []
    assert project.processes() == []


def test_a_port_that_is_taken_is_named_with_its_key(project, services):
    port = int(services.prefect.rsplit(":", 1)[1])
    with socket.create_server(("127.0.0.1", port)):
        done = subprocess.run(
            [*LLMVIS, "up"], capture_output=True, text=True, check=False
        )

    assert done.returncode == 2
    assert f"Port {port} of 127.0.0.1 cannot be had" in done.stderr
    assert "set up.prefect_port in params.yaml" in done.stderr
    assert project.processes() == []


@pytest.mark.usefixtures("services")
def test_without_up_nobody_retrains():
    done = subprocess.run(
        [*LLMVIS, "retrain"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "Start `llmvis up`" in done.stderr
