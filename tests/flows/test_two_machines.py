"""Two folders that retrain at once into one registry, as two machines do."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from prefect.settings import get_current_settings
from prefect.testing.utilities import prefect_test_harness

from llmvis.model_registry import history, versions

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NUM_ROUNDS = 3


@pytest.fixture
def mlflow(tmp_path, monkeypatch):
    """An MLflow server of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "2"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(tmp_path / "artifacts")]
    monkeypatch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    with (tmp_path / "mlflow.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    while not answers(f"{address}/health"):
        assert process.poll() is None, (tmp_path / "mlflow.log").read_text()
        time.sleep(0.2)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    yield
    process.terminate()
    process.wait()


def answers(address):
    try:
        return httpx.get(address).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture
def prefect(monkeypatch):
    """A Prefect server of its own."""
    with prefect_test_harness(server_startup_timeout=120):
        monkeypatch.setenv("PREFECT_API_URL", get_current_settings().api.url)
        yield


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("mlflow", "prefect")
def test_two_machines_on_one_registry_leave_one_champion_and_lose_no_version(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(BENCHMARKS)
    from small_project import SmallProject

    machines = []
    for name in ("first", "second"):
        monkeypatch.chdir((tmp_path / name).mkdir() or tmp_path / name)
        machines.append(SmallProject(Path.cwd(), (5000, 4200, 8000)))
        machines[-1].prepare()
    machines[1].add_picture()  # or both would make the same model
    for _ in range(NUM_ROUNDS):
        at_once = [start(machine) for machine in machines]
        codes = [process.wait() for process in at_once]
        # Whose promotion came second is told, and meets the new champion next time.
        for machine, code in zip(machines, codes, strict=True):
            said = (machine.root / "said.txt").read_text()
            assert code == 0 or "became the champion meanwhile" in said, said
            assert code == 0 or start(machine).wait() == 0
        for machine in machines:
            machine.add_picture()
            machine.add_picture()

    found = versions.list_versions("llmvis")
    assert len(found) == 2 * NUM_ROUNDS
    assert all(version.gate for version in found)
    assert sum("champion" in version.aliases for version in found) == 1
    lines = list(reversed(history.read("llmvis")))
    assert [line.before for line in lines] == [0, *(line.after for line in lines[:-1])]
    assert {line.after for line in lines} == {v.version for v in found if v.reason}


def start(machine):
    with (machine.root / "said.txt").open("w") as said:
        return subprocess.Popen(
            [sys.executable, machine.RUN], cwd=machine.root, stdout=said, stderr=said
        )
