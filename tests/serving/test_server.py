"""A real server process, started once for all tests of this file."""

import base64
import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from llmvis.errors import RegistryError
from llmvis.model_registry import champions, history, provenance, standby, versions
from llmvis.model_registry import store as stores
from llmvis.png import decode_png

ROOT = Path(__file__).parents[2]


def _draw(client, **request):
    answer = client.post("/generate", json=request)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _pixels(picture):
    return decode_png(base64.b64decode(picture["png"]))


def _wait_for_version(client, label, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if client.get("/ready").json()["version"] == label:
            return
        time.sleep(0.05)
    pytest.fail(f"{label} does not serve: {client.get('/ready').json()}")


def test_the_images_route_answers_in_the_shape_that_clients_know(client):
    request = {"prompt": "a blue bird", "n": 2, "size": "32x32", "seed": 5}
    request |= {"model": "llmvis", "response_format": "b64_json", "user": "me"}
    answer = client.post("/v1/images/generations", json=request).json()

    assert [picture["seed"] for picture in answer["data"]] == [5, 6]
    assert abs(answer["created"] - time.time()) < 60
    for picture in answer["data"]:
        assert decode_png(base64.b64decode(picture["b64_json"])).shape == (32, 32, 3)


def test_the_client_of_openai_draws_here_too(client):
    address = str(client.base_url.join("/v1"))
    with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as people:
        answer = people.images.generate(
            model="llmvis", prompt="a blue bird", n=2, size="auto"
        )
        with pytest.raises(openai.BadRequestError, match="no words in it"):
            people.images.generate(model="llmvis", prompt="")

    for picture in answer.data:
        assert decode_png(base64.b64decode(picture.b64_json)).shape == (32, 32, 3)


_STRANGE = (
    *(None, True, -1, 0, 3, 2**31 - 1, 2**31, 10**30, 0.5, 1e308, float("nan")),
    *("", " ", "a bird", "\x00", "\ud800", "\u202e鸟", "'; --", "9" * 999, "auto"),
    *([], ["a bird"], {}, {"prompt": "a bird"}),
)


@pytest.mark.parametrize("route", ["/generate", "/v1/images/generations"])
def test_no_request_is_answered_with_an_error_of_the_server(client, route):
    rng = random.Random(0)
    fields = list(client.get("/openapi.json").json()["components"]["schemas"].items())
    known = {"guess"}.union(*(schema.get("properties", {}) for _, schema in fields))
    bodies = [{"prompt": strange} for strange in _STRANGE]
    for _ in range(150):
        names = rng.sample(sorted(known), k=3)
        body = {"prompt": "a bird"} | {name: rng.choice(_STRANGE) for name in names}
        bodies.append(body)
    for body in bodies:
        answer = client.post(
            route,
            content=json.dumps(body),
            headers={"content-type": "application/json"},
        )
        assert answer.status_code in {200, 400}, (body, answer.text)
        assert answer.json()


def test_the_same_prompt_seed_and_options_draw_the_same_picture(client):
    request = {"prompt": "一只蓝色的小鸟", "seed": 7, "guidance_scale": 1.0, "top_k": 3}
    alone = _draw(client, **request)["images"][0]
    together = _draw(client, **request, num_images=3)["images"]

    assert (_pixels(alone) == _pixels(together[0])).all()
    assert (_pixels(alone) != _pixels(together[1])).any()


def test_without_a_seed_every_request_draws_something_new(client):
    seeds = {_draw(client, prompt="a bird")["images"][0]["seed"] for _ in range(3)}
    assert len(seeds) == 3


def test_a_picture_carries_its_prompt_seed_and_version(client):
    picture = _draw(client, prompt="一只蓝色的小鸟", seed=7)["images"][0]
    words = provenance.read(base64.b64decode(picture["png"]))

    assert (words["prompt"], words["seed"]) == ("一只蓝色的小鸟", "7")
    assert words["version"] == picture["version"]


def test_words_that_training_never_met_are_named(client):
    answer = _draw(client, prompt="a zeppelin and a blue bird")
    assert "zeppelin" in answer["unknown_words"]


@pytest.mark.parametrize(
    ("request_body", "says"),
    [
        ({"prompt": ""}, "no words in it"),
        ({"prompt": "bird " * 150}, "150 tokens long"),
        ({"prompt": "x" * 1001}, "at most 1000"),
        ({"prompt": "a bird", "num_images": 5}, "one request may ask for 4"),
        (
            {"prompt": "a bird", "temper": 1},
            r"no option temper; there are.*temperature",
        ),
        (
            {"prompt": "a bird", "temperature": 0},
            "temperature: .*greater than or equal to 0.01",
        ),
        ({"prompt": "a bird", "seed": -1}, "seed: .*greater than or equal to 0"),
        ({}, "prompt: Field required"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(client, request_body, says):
    answer = client.post("/generate", json=request_body)

    assert answer.status_code == 400
    with pytest.raises(LookupError, match=says):
        raise LookupError(answer.json()["error"]["message"])


def test_a_size_that_the_model_does_not_draw_is_refused_with_its_own(client):
    request = {"prompt": "a bird", "size": "1024x1024"}
    error = client.post("/v1/images/generations", json=request).json()["error"]

    assert error["param"] == "size"
    assert "32x32" in error["message"]


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"\xff", 400), (b" " * 70_000, 413), (b" " * 900_000, 413)],
)
def test_a_body_that_is_no_request_is_refused(client, content, status):
    headers = {"content-type": "application/json"}
    answer = client.post("/generate", content=content, headers=headers)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_the_page_needs_nothing_from_elsewhere(client):
    page = client.get("/").text

    assert "<title>llmvis</title>" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_document_of_the_api_lists_every_route(client):
    paths = client.get("/openapi.json").json()["paths"]
    known = {"/health", "/ready", "/metrics", "/generate", "/v1/images/generations"}
    assert set(paths) == known


def test_requests_that_come_together_are_drawn_together(client):
    before = _counts(client)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: _draw(client, prompt="a", seed=n), range(12)))
    after = _counts(client)

    assert [answer["images"][0]["seed"] for answer in answers] == list(range(12))
    assert after["llmvis_pictures_total"] - before["llmvis_pictures_total"] == 12
    assert after["llmvis_batches_total"] - before["llmvis_batches_total"] < 12


def _counts(client):
    lines = client.get("/metrics").text.splitlines()
    pairs = [line.split() for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def test_requests_are_counted_by_route_and_status(client):
    before = _counts(client)
    _draw(client, prompt="a", seed=1)
    client.post("/generate", json={"prompt": "a", "top_k": -1})
    client.get("/no/such/route")
    after = _counts(client)

    for label in (
        'route="/generate",status="200"',
        'route="/generate",status="400"',
        'route="none",status="404"',
    ):
        name = f"llmvis_requests_total{{{label}}}"
        assert after[name] - before.get(name, 0) == 1
    name = 'llmvis_request_seconds_count{route="/generate"}'
    assert after[name] - before.get(name, 0) == 2


def test_the_server_follows_the_champion_and_no_request_fails(client, register):
    seen, failures, stop = set(), [], threading.Event()

    def ask():
        while not stop.is_set():
            answer = client.post("/generate", json={"prompt": "a blue bird"})
            if answer.status_code == 200:
                seen.add(answer.json()["images"][0]["version"])
            else:
                failures.append(answer.text)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        register("second")
        _wait_for_version(client, "llmvis 2", seconds=60)
        champions.rollback("llmvis")
        _wait_for_version(client, "llmvis 1", seconds=10)
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert failures == []
    assert seen == {"llmvis 1", "llmvis 2"}


def test_a_rollback_by_command_is_done_by_the_server_at_once(
    client, register, monkeypatch
):
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / name, ".")
    before = versions.champion("llmvis").label
    made = register("to be rolled back")
    code = "import sys; from llmvis.cli import app; app(standalone_mode=False); "
    code += "print('mlflow' in sys.modules)"
    command = [sys.executable, "-c", code, "rollback"]
    # MLflow sets it in the server, and nobody does where a person asks.
    with monkeypatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI")
        said = subprocess.check_output(command, text=True)

    assert said.splitlines() == [f"{before} is the champion.", "False"]
    assert history.read("llmvis")[0].why == f"rolled back from version {made.version}"
    _wait_for_version(client, before, seconds=60)


@pytest.mark.usefixtures("client")
def test_what_the_server_cannot_roll_back_it_says(monkeypatch):
    with pytest.raises(RegistryError, match="no registered model nobody"):
        standby.roll_back("nobody")

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///another.db")
    assert standby.roll_back("llmvis") is None


def test_a_champion_with_other_files_does_not_replace_the_one_that_serves(client):
    now = client.get("/ready").json()["version"]
    other, champion = _register_with_other_hashes(), versions.champion("llmvis")
    champions.appoint("llmvis", other, "a test", champion.version)

    end = time.monotonic() + 30
    while not (problem := client.get("/ready").json()["problem"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert "not the ones that were registered" in problem
    assert _draw(client, prompt="a bird")["images"][0]["version"] == now
    champions.rollback("llmvis")


def _register_with_other_hashes():
    store = stores.connect()
    first = store.get_model_version("llmvis", "1")
    tags = first.tags | {"llmvis.files": '{"generator.keras": "another hash"}'}
    made = store.create_model_version("llmvis", first.source, first.run_id, tags=tags)
    return int(made.version)


def test_ctrl_c_ends_the_server_in_order(server, client):
    client.get("/health")
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=30)

    assert server.returncode == 0
    assert "Traceback" not in errors
