"""The services of one machine: tracking, Prefect, the retraining, the pictures."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx

from flows import progress, running, services
from flows.services import Service, answers
from llmvis.config import Params
from llmvis.errors import ServingError
from llmvis.model_registry import place, store

_HOST = "127.0.0.1"  # what has no password is not for other machines
_LLMVIS = (sys.executable, "-c", "from llmvis.cli import main; main()")
_DEPLOYMENT = f"deployments/name/{running.DEPLOYMENT}"
_PATIENCE = 180.0  # seconds


class Addresses:
    """Where the services of a project are reached.

    Args:
        params: Sections `up` and `serve`.
    """

    def __init__(self, params: Params):
        tracking = os.environ.get("MLFLOW_TRACKING_URI", "")
        # A tracking server of the user's own stays the one that is used.
        self.own_mlflow = not tracking.startswith("http")
        own = f"http://{_HOST}:{params.up.mlflow_port}"
        self.mlflow = own if self.own_mlflow else tracking.rstrip("/")
        self.prefect = f"http://{_HOST}:{params.up.prefect_port}"
        self.prefect_api = f"{self.prefect}/api"
        self.pictures = f"http://{params.serve.host}:{params.serve.port}"

    def has_champion(self, name: str) -> bool:
        alias = {"name": name, "alias": "champion"}
        try:
            return httpx.get(
                f"{self.mlflow}/api/2.0/mlflow/registered-models/alias", params=alias
            ).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def started(params: Params, addresses: Addresses) -> Iterator[services.Services]:
    """Starts every service, and waits until all work; none is left afterwards.

    The model server starts when there is a champion to serve.

    Raises:
        BusyError: They run in this folder already.
        ServingError: A port is taken.
    """
    with running.registered(addresses.prefect_api):
        _require_ports(params, addresses)
        store.connect()  # makes the default store, before two processes meet none
        kept = services.Services(list(_services(params, addresses)))
        try:
            _wait_until_all_work(kept)
            yield kept
        finally:
            kept.stop()
            running.end_leftovers()


def _wait_until_all_work(kept: services.Services) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        kept.keep_up()
        missing = kept.missing()
        if not missing:
            return
        if time.monotonic() > deadline:
            # The others may be what mends it: a retraining makes a new champion.
            progress.say(
                f"{', '.join(missing)} did not come to work within {_PATIENCE:.0f} s, "
                f"see {running.FOLDER / 'logs'}. It is tried again and again."
            )
            return


def _services(params: Params, addresses: Addresses) -> Iterator[Service]:
    prefect_works = partial(answers, f"{addresses.prefect_api}/health")
    environment = running.environment() | {
        "PREFECT_API_URL": addresses.prefect_api,
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        # A queue of its own for jobs that llmvis does not have.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    environment.setdefault("PREFECT_HOME", str((running.FOLDER / "prefect").resolve()))
    new = partial(_service, environment)
    if addresses.own_mlflow:
        yield new(
            "mlflow", _mlflow(params), partial(answers, f"{addresses.mlflow}/health")
        )
    port = str(params.up.prefect_port)
    command = [sys.executable, "-m", "prefect", "server", "start"]
    yield new("prefect", [*command, "--host", _HOST, "--port", port], prefect_works)
    yield new(
        "retraining",
        [sys.executable, "-m", "flows.serve"],
        partial(_retraining_works, addresses),
        prefect_works,
    )
    yield new(
        "pictures",
        [*_LLMVIS, "serve"],
        partial(answers, f"{addresses.pictures}/ready"),
        partial(addresses.has_champion, params.register.name),
    )


def _service(environment, name, command, works, may_start=lambda: True) -> Service:
    return Service(
        name=name,
        command=command,
        works=works,
        may_start=may_start,
        log=running.FOLDER / "logs" / f"{name}.log",
        environment=environment,
    )


def _mlflow(params: Params) -> list[str]:
    root = place.project_root()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"
    return [
        *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
        *("--host", _HOST, "--port", str(params.up.mlflow_port)),
        *("--backend-store-uri", uri),
        *("--artifacts-destination", str(root / "mlartifacts")),
    ]


def _retraining_works(addresses: Addresses) -> bool:
    try:
        answer = httpx.get(f"{addresses.prefect_api}/{_DEPLOYMENT}")
        return answer.is_success and answer.json()["status"] == "READY"
    except httpx.HTTPError:
        return False


def retrain(prefect_api: str) -> str:
    """Asks for a retraining now; gives the name of its run.

    Raises:
        ServingError: Nobody there would do it.
    """
    try:
        deployment = httpx.get(f"{prefect_api}/{_DEPLOYMENT}").raise_for_status()
        path = f"{prefect_api}/deployments/{deployment.json()['id']}/create_flow_run"
        return httpx.post(path, json={}).raise_for_status().json()["name"]
    except httpx.HTTPError as error:
        raise ServingError(
            f"Nobody retrains at {prefect_api} ({error}). Start `llmvis up`, or run "
            "`llmvis pipeline` yourself."
        ) from error


def _require_ports(params: Params, addresses: Addresses) -> None:
    ports = {
        "up.prefect_port": (_HOST, params.up.prefect_port),
        "serve.port": (params.serve.host, params.serve.port),
    }
    if addresses.own_mlflow:
        ports["up.mlflow_port"] = (_HOST, params.up.mlflow_port)
    for key, (host, port) in ports.items():
        try:
            socket.create_server((host, port)).close()
        except OSError as error:
            raise ServingError(
                f"Port {port} of {host} cannot be had: {error.strerror}. Stop what "
                f"uses it, or set {key} in params.yaml to another."
            ) from error
