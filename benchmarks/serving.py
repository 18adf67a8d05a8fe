"""How fast a registered version answers: our server, and MLflow's own beside it.

    uv run python benchmarks/serving.py
    uv run python benchmarks/serving.py --model models:/llmvis/3 --pictures 160

Each server runs alone, in processes of its own on the loopback address. Latency is of
one client that asks again and again; throughput is of 8, 16 and 32 clients. They share
the cores with the server, so they are threads with a connection each and do little.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import httpx
import psutil

PROMPT = "a blue bird standing on a red flower"
PROGRAMS = Path(sys.executable).parent
CLIENTS = (1, 8, 16, 32)
_JSON = {"Content-Type": "application/json"}


def ours(model, port):
    """Gives command, readiness route, request route and request of `llmvis serve`."""
    command = ["llmvis", "serve", "--model", model, "--port", str(port)]
    return command, "/ready", "/generate", lambda seed: {"prompt": PROMPT, "seed": seed}


def mlflows(model, port):
    """Gives the same of `mlflow models serve`."""
    command = ["mlflow", "models", "serve", "--env-manager", "local", "-m", model]
    command += ["--host", "127.0.0.1", "--port", str(port)]

    def request(seed):
        return {"dataframe_records": [{"prompt": PROMPT, "seed": seed}]}

    return command, "/ping", "/invocations", request


@contextmanager
def running(command, address):
    """Runs a server, and gives its process and the seconds until it was ready."""
    start = time.perf_counter()
    path = f"{PROGRAMS}:{os.environ['PATH']}"  # MLflow starts uvicorn by its name
    errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed below
    process = subprocess.Popen(
        [PROGRAMS / command[0], *command[1:]],
        env={**os.environ, "PATH": path},
        stdout=subprocess.DEVNULL,
        stderr=errors,
        start_new_session=True,
    )
    try:
        while not _is_ready(address):
            if process.poll() is not None:
                errors.seek(0)
                sys.exit(f"{' '.join(command)} ended:\n{errors.read()[-1000:]}")
            time.sleep(0.1)
        yield process, time.perf_counter() - start
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        errors.close()


def _is_ready(address):
    try:
        return httpx.get(address, timeout=2).is_success
    except httpx.TransportError:
        return False


def measure(name, server, model, pictures):
    """Prints one row: start, latency, throughput, failures and memory.

    Returns:
        Pictures a second, of 32 clients.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command, ready, route, request = server(model, port)
    address = f"http://127.0.0.1:{port}"
    with running(command, address + ready) as (process, start):
        own = threading.local()

        def ask(seed):
            if not hasattr(own, "connection"):
                own.connection = HTTPConnection("127.0.0.1", port, timeout=300)
            body = json.dumps(request(seed)).encode()
            before = time.perf_counter()
            own.connection.request("POST", route, body, _JSON)
            answer = own.connection.getresponse()
            answer.read()
            return time.perf_counter() - before, answer.status == 200

        ask(0)
        runs = {
            n: _load(ask, n, pictures // 8 if n == 1 else pictures) for n in CLIENTS
        }
        family = [process_ for process_ in psutil.Process(process.pid).children(True)]
        used = sum(p.memory_info().rss for p in [psutil.Process(process.pid), *family])
    latencies, _, _ = runs[1]
    rates = " | ".join(f"{runs[n][1]:.1f}" for n in CLIENTS)
    failed = sum(runs[n][2] for n in runs)
    print(
        f"| {name} | {start:.0f} | {1000 * statistics.median(latencies):.0f} | {rates} "
        f"| {1000 * _p99(runs[16][0]):.0f} | {1000 * _p99(runs[32][0]):.0f} | {failed} "
        f"| {used / 2**30:.1f} |"
    )
    return runs[32][1]


def _load(ask, clients, pictures):
    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(ask, range(pictures)))
    seconds = time.perf_counter() - start
    failed = sum(not success for _, success in answers)
    return [latency for latency, _ in answers], pictures / seconds, failed


def _p99(latencies):
    return sorted(latencies)[int(0.99 * len(latencies))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="models:/llmvis@champion")
    parser.add_argument("--pictures", type=int, default=960)
    chosen = parser.parse_args()
    print(
        "| server | start, s | median, ms | 1 client, pictures/s | 8 clients | "
        "16 clients | 32 clients | p99 of 16, ms | p99 of 32, ms | failed | memory, "
        "GiB |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    rates = [
        measure(name, server, chosen.model, chosen.pictures)
        for name, server in (("llmvis serve", ours), ("mlflow models serve", mlflows))
    ]
    print(f"\nof 32 clients: {rates[0] / rates[1]:.1f} times as many pictures a second")
