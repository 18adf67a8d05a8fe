"""MLflow's own server, in a process of its own, on a version we registered."""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

from llmvis.model_registry import champions, provenance, versions
from llmvis.png import decode_png


def test_mlflow_serves_the_champion_without_any_pickle(
    store, tiny_model_folder, report_folder, sampling
):
    versions.register(tiny_model_folder, report_folder, "llmvis", sampling)
    champions.appoint("llmvis", 1, "a test", 0)
    port = _free_port()
    programs = Path(sys.executable).parent  # MLflow starts uvicorn by its name
    command = "mlflow models serve -m models:/llmvis@champion --env-manager local"
    server = subprocess.Popen(
        [*f"{programs}/{command} --host 127.0.0.1 --port".split(), str(port)],
        cwd=store,
        env={
            **os.environ,
            "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
            "PATH": f"{programs}:{os.environ['PATH']}",
        },
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(f"{address}/ping", server)
        request = {
            "dataframe_records": [{"prompt": "a blue bird", "seed": 5}],
            "params": {"temperature": 0.5},
        }
        answer = httpx.post(f"{address}/invocations", json=request, timeout=120)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()

    drawn = answer.json()["predictions"][0]
    png = base64.b64decode(drawn["image"])
    assert (drawn["seed"], drawn["version"]) == (5, "llmvis 1")
    assert decode_png(png).shape == (32, 32, 3)
    assert provenance.read(png)["prompt"] == "a blue bird"


def _wait_until_it_answers(address, server):
    while server.poll() is None:
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    raise AssertionError("The server ended before it answered.")


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
