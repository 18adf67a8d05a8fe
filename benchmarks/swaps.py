"""What clients notice while the champion changes: nothing, and how soon it is seen.

    uv run python benchmarks/swaps.py
    uv run python benchmarks/swaps.py --model data/model --swaps 20 --clients 8

A model folder is registered as two versions in a store of its own. Clients ask without
a pause while the alias goes from one to the other and back by `rollback`; the last time
by the command `llmvis rollback`, from its start until the server says so.
"""

import argparse
import os
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from serving import PROGRAMS, ours, running

from llmvis import config, storage
from llmvis.model_registry import champions, versions
from llmvis.model_registry.provenance import Version

NAME = "swaps"
GATE_SECONDS = 30  # that judging a challenger takes at the least


def main(model: Path, swaps: int, clients: int) -> None:
    """Prints seconds until each swap served, and how many requests failed."""
    params = config.read()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        register(model, 1, params.sampling)
        champions.appoint(NAME, 1, "a benchmark", 0)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        command, ready, route, request = ours(f"models:/{NAME}@champion", port)
        address = f"http://127.0.0.1:{port}"
        with running(command, address + ready):
            load = Load(address + route, request, clients)
            register(model, 2, params.sampling)
            time.sleep(GATE_SECONDS)
            known = swap(address + ready, lambda: appoint(2))
            register(model, 3, params.sampling)
            new = swap(address + ready, lambda: appoint(3))
            back = [
                swap(address + ready, lambda: champions.rollback(NAME))
                for _ in range(swaps - 2)
            ]
            by_command = swap_by_command(address + ready)
            load.stop()
    print(f"swaps             {swaps}")
    print(f"promotion         seen after {known:.2f} s, of a judged challenger")
    print(f"at once           seen after {new:.2f} s, of a version just registered")
    print(f"rollback          seen after {_spread(back)} s")
    print(f"by command        seen {by_command:.2f} s after `llmvis rollback` began")
    print(f"requests          {load.num_asked} of {clients} clients")
    print(f"failed            {load.num_failed}")


def register(model: Path, number: int, sampling: config.SamplingConfig) -> None:
    """Registers the model as version `number`, which is the challenger."""
    with tempfile.TemporaryDirectory() as folder:
        storage.write_json(Path(folder, "metrics.json"), {"remark": number})
        versions.register(model, Path(folder), NAME, sampling)


def appoint(number: int) -> Version:
    """Makes version `number` the champion after the one before."""
    return champions.appoint(NAME, number, "a benchmark", number - 1)


def swap(ready: str, decide: Callable[[], Version]) -> float:
    """Changes the champion, and gives the seconds until the server says so."""
    start = time.perf_counter()
    label = decide().label
    decided = time.perf_counter()
    print(f"  decided in {decided - start:.2f} s")
    _wait(lambda: _version(ready) == label)
    return time.perf_counter() - decided


def swap_by_command(ready: str) -> float:
    """Gives the seconds from the start of the command until the server says so."""
    before = _version(ready)
    start = time.perf_counter()
    with subprocess.Popen(
        [PROGRAMS / "llmvis", "rollback", "--name", NAME], stdout=subprocess.DEVNULL
    ):
        _wait(lambda: _version(ready) != before)
        return time.perf_counter() - start


def _version(ready):
    return httpx.get(ready, timeout=60).json()["version"]


def _wait(holds):
    while not holds():
        time.sleep(0.02)


class Load:
    """Clients that ask again and again.

    Args:
        address: Where.
        request: Makes the body for a seed.
        clients: How many.
    """

    def __init__(self, address, request, clients):
        self._address, self._request = address, request
        self.num_asked = self.num_failed = 0
        self._counting = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Ends all, and returns when none waits for an answer any more."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self):
        with httpx.Client(timeout=300) as client:
            while not self._ended.is_set():
                try:
                    body = self._request(self.num_asked)
                    success = client.post(self._address, json=body).is_success
                except httpx.HTTPError:
                    success = False
                with self._counting:
                    self.num_asked += 1
                    self.num_failed += not success


def _spread(seconds):
    return f"{statistics.median(seconds):.2f} (at most {max(seconds):.2f})"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path("data/model"))
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--clients", type=int, default=8)
    chosen = parser.parse_args()
    main(chosen.model, chosen.swaps, chosen.clients)
