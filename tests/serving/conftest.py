"""A real server that follows the champion of a store of its own."""

import dataclasses
import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from llmvis import config

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
SERVE = """
import json, sys
from llmvis import config, serving
settings, sampling = json.loads(sys.argv[1])
serving.serve(
    "models:/llmvis@champion",
    config.ServeConfig(**settings),
    config.SamplingConfig(**sampling),
)
"""


@pytest.fixture(scope="session")
def settings():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    few = {"max_batch_size": 4, "max_waiting": 16, "max_images": 4, "timeout": 30}
    return dataclasses.replace(PARAMS.serve, port=port, **few)


@pytest.fixture(scope="module")
def register(tiny_model_folder, tmp_path_factory, sampling):
    """Registers the tiny model again, as another version, and promotes it."""
    from llmvis.model_registry import champions, versions

    folder = tmp_path_factory.mktemp("store")
    report = folder / "report"
    report.mkdir()

    def register(remark):
        (report / "metrics.json").write_text(json.dumps({"remark": remark}))
        made = versions.register(tiny_model_folder, report, "llmvis", sampling)
        now = versions.champion("llmvis")
        return champions.appoint(
            "llmvis", made.version, remark, now.version if now else 0
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.chdir(folder)
        register("first")
        yield register


@pytest.fixture(scope="module")
def server(register, settings, sampling):  # noqa: ARG001 - there has to be a champion
    """A server process that is ready; it is gone afterwards."""
    texts = json.dumps([dataclasses.asdict(settings), dataclasses.asdict(sampling)])
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, texts], stderr=subprocess.PIPE, text=True
    )
    try:
        _wait_until_ready(process, f"http://127.0.0.1:{settings.port}/ready")
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def client(server, settings):  # noqa: ARG001
    address = f"http://127.0.0.1:{settings.port}"
    with httpx.Client(base_url=address, timeout=30) as client:
        yield client


def _wait_until_ready(process, address):
    while process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(address, timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    pytest.fail(f"The server ended: {process.communicate()[1]}")
