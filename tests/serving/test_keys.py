"""The keys of a server: where they are written, and which requests need one."""

import asyncio
import dataclasses
from types import SimpleNamespace

import httpx
import pytest

from llmvis import serving
from llmvis.errors import RegistryError, ServingError
from llmvis.model_registry import versions
from llmvis.serving import app, keys
from llmvis.serving.batching import Batcher
from llmvis.serving.following import Loaded


@pytest.fixture(scope="module")
def ask(tiny_model_folder, sampling, settings):
    """Asks a server that has two keys: `ask(method, path, key)`."""
    loaded = Loaded(*versions.load(str(tiny_model_folder)), sampling, batch_size=1)
    batcher = Batcher(loaded.draw, max_batch_size=1, max_waiting=4)
    following = SimpleNamespace(current=loaded, problem="")
    served = app.create(app.Pictures(following, batcher, settings), ("first", "second"))

    def ask(method, path, authorization=None):
        async def ask_once():
            transport = httpx.ASGITransport(served)
            key = authorization and authorization.encode("latin-1")
            headers = {"Authorization": key} if key else {}
            body = {"prompt": "a bird"} if method == "POST" else None
            async with httpx.AsyncClient(transport=transport) as http:
                return await http.request(
                    method, f"http://t{path}", json=body, headers=headers
                )

        return asyncio.run(ask_once())

    yield ask
    batcher.stop()


@pytest.mark.parametrize("key", ["first", "second"])
def test_every_key_of_the_server_draws(ask, key):
    assert ask("POST", "/generate", f"Bearer {key}").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer third", "Bearer ", "Bearer fir", "Basic first", "Bearer é"],
)
def test_without_one_the_answer_is_401_in_the_shape_that_clients_know(
    ask, authorization
):
    answer = ask("POST", "/v1/images/generations", authorization)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    error = answer.json()["error"]
    assert "Authorization: Bearer KEY" in error["message"]
    assert (error["type"], error["code"]) == (
        "invalid_request_error",
        "invalid_api_key",
    )


def test_of_all_routes_those_that_draw_need_a_key_and_no_other(ask):
    paths = ask("GET", "/openapi.json").json()["paths"]
    routes = [(method.upper(), path) for path in paths for method in paths[path]]
    refused = {
        (method, path) for method, path in routes if ask(method, path).is_client_error
    }

    assert refused == {route for route in routes if route[0] == "POST"}


def test_keys_are_read_from_a_file_or_from_the_environment(tmp_path, monkeypatch):
    file = tmp_path / "keys"
    file.write_text("first\n\n second \n")
    monkeypatch.setenv(keys.VARIABLE, "third, fourth")

    assert keys.read(str(file)) == ("first", "second")
    assert keys.read(None) == ("third", "fourth")
    monkeypatch.delenv(keys.VARIABLE)
    assert keys.read(None) == ()


def test_a_file_without_a_key_opens_the_server_to_nobody(tmp_path):
    file = tmp_path / "keys"
    with pytest.raises(ServingError, match=r"cannot be read.*openssl rand"):
        keys.read(str(file))
    file.write_text("\n")
    with pytest.raises(ServingError, match="has no key in it"):
        keys.read(str(file))


@pytest.fixture
def start(settings, sampling, monkeypatch, tmp_path):
    """Starts a server of a model that does not exist, at a host, with these keys."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.setattr(serving, "_log_to_terminal", lambda: None)

    def start(host, api_keys):
        monkeypatch.setenv(keys.VARIABLE, api_keys)
        reached = dataclasses.replace(settings, host=host)
        with pytest.raises(RegistryError):
            serving.serve("models:/nobody@champion", reached, sampling)

    return start


@pytest.mark.parametrize(
    ("host", "api_keys", "warned"),
    [("0.0.0.0", "", True), ("0.0.0.0", "a key", False), ("127.0.0.1", "", False)],
)
def test_a_server_that_others_reach_without_a_key_warns(
    start, caplog, host, api_keys, warned
):
    start(host, api_keys)

    assert ("Whoever reaches 0.0.0.0 may draw" in caplog.text) is warned
