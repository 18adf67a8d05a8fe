"""The services of compose.yaml, without Docker: its commands, side by side here."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from flows import overlay
from llmvis import sections
from tests.flows.conftest import REPORT

ROOT = Path(__file__).parents[2]
PATIENCE = 600  # seconds
PORTS = {"mlflow": 5000, "prefect": 4200, "pictures": 8000}
TRAIN = """
import shutil
from pathlib import Path
shutil.copytree("tiny", "data/model")
Path("data/checkpoints").mkdir(exist_ok=True)
"""


class Team:
    """Starts services of compose.yaml at other addresses.

    Args:
        addresses: What stands in compose.yaml -> what is meant here.
        folder: The project.
    """

    def __init__(self, addresses, folder):
        self._addresses, self._folder = addresses, folder
        self._services = sections.read_yaml(ROOT / "compose.yaml")["services"]
        self._started = []

    def start(self, name, *more):
        service = self._services[name]
        words = shlex.split(self._meant(service["command"]))
        environment = {k: self._meant(v) for k, v in service["environment"].items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with (self._folder.parent / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                [*words, *more],
                cwd=self._folder,
                env={**os.environ, **environment, "PATH": path},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def stop(self):
        family = []
        for process in self._started:
            if process.poll() is None:
                family += psutil.Process(process.pid).children(recursive=True)
                process.terminate()
        _, living = psutil.wait_procs(family, timeout=20)
        for process in [*self._started, *living]:
            process.kill()

    def _meant(self, text):
        # At once, because what is meant may hold what is written elsewhere.
        written = "|".join(map(re.escape, self._addresses))
        return re.sub(written, lambda found: self._addresses[found[0]], text)


@pytest.fixture
def ports():
    listeners = {name: socket.create_server(("127.0.0.1", 0)) for name in PORTS}
    found = {name: one.getsockname()[1] for name, one in listeners.items()}
    for listener in listeners.values():
        listener.close()
    return found


@pytest.fixture
def team(project, postgres, ports, tmp_path, tiny_model_folder, monkeypatch):
    """The services, with a project whose stages are a few lines; it is a clone."""
    for name in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    for name in ("flows", "prefect.yaml"):
        (project.root / name).symlink_to(ROOT / name)
    (project.root / "tiny").symlink_to(tiny_model_folder)
    (project.root / "raw").mkdir()
    changes = {"ingest": {"path": "raw"}, "up": {"settle": 1, "cron": None}}
    project.write("params.yaml", overlay.merged(changes))
    project.write("evaluate.py", REPORT)
    project.write("train.py", TRAIN)
    addresses = {
        "@postgres/": f"@127.0.0.1:{postgres.port}/",
        ":${POSTGRES_PASSWORD}": "",
        "0.0.0.0": "127.0.0.1",
        "${LLMVIS_API_KEYS:-}": "a-key",
        "/artifacts": str(tmp_path / "artifacts"),
        "/project": str(project.root),
    }
    for name, port in PORTS.items():
        addresses[f"{name}:{port}"] = f"127.0.0.1:{ports[name]}"
        addresses[f"127.0.0.1:{port}"] = f"127.0.0.1:{ports[name]}"
        addresses[f"--port {port}"] = f"--port {ports[name]}"
    services = Team(addresses, project.root)
    yield services
    services.stop()


def answers(address):
    try:
        return httpx.get(address, timeout=5).is_success
    except httpx.HTTPError:
        return False


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_team_retrains_when_pictures_come_and_serves_the_champion(
    team, project, ports
):
    at = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    team.start("mlflow")
    team.start("prefect")
    project.wait_until(lambda: answers(f"{at['mlflow']}/health"), PATIENCE)
    project.wait_until(lambda: answers(f"{at['prefect']}/api/health"), PATIENCE)
    assert team.start("deploy").wait(PATIENCE) == 0
    team.start("worker")
    watched = project.root / ".llmvis/watched"
    project.wait_until(watched.exists, PATIENCE)
    time.sleep(5)
    project.write("raw/cat.txt", "a picture")
    alias = f"{at['mlflow']}/api/2.0/mlflow/registered-models/alias"
    champion = f"{alias}?name=llmvis&alias=champion"
    project.wait_until(lambda: answers(champion), PATIENCE)
    team.start("pictures", "--port", str(ports["pictures"]))
    project.wait_until(lambda: answers(f"{at['pictures']}/ready"), PATIENCE)

    asked = {"prompt": "a bird", "seed": 1}
    drawn = [
        httpx.post(f"{at['pictures']}/generate", json=asked, headers=key, timeout=60)
        for key in ({}, {"Authorization": "Bearer a-key"})
    ]
    assert [answer.status_code for answer in drawn] == [401, 200]
    assert drawn[1].json()["images"][0]["version"] == "llmvis 1"
