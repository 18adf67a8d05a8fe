"""Pictures that are given out larger than they are drawn."""

import asyncio
import base64
import dataclasses
import io
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from PIL import Image

from llmvis import config
from llmvis.finishing.finisher import Finisher
from llmvis.model_registry import versions
from llmvis.serving import app
from llmvis.serving.batching import Batcher
from llmvis.serving.following import Loaded

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")


@pytest.fixture(scope="module")
def ask(tiny_model_folder, sampling, settings):
    """Sends a request to a server whose model doubles its pictures of 32 pixels."""
    model, version = versions.load(str(tiny_model_folder))
    model.finisher = Finisher(dataclasses.replace(PARAMS.finishing, upsample=2))
    loaded = Loaded(model, version, sampling, batch_size=1)
    batcher = Batcher(loaded.draw, max_batch_size=1, max_waiting=4)
    following = SimpleNamespace(current=loaded, problem="")
    pictures = app.Pictures(following, batcher, settings)

    async def send(method, path, body):
        transport = httpx.ASGITransport(app.create(pictures))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
            return await http.request(method, path, json=body)

    yield lambda *request: asyncio.run(send(*request))
    batcher.stop()


def test_the_finished_size_may_be_asked_for(ask):
    body = {"prompt": "a blue bird", "size": "64x64", "seed": 1}
    answer = ask("POST", "/v1/images/generations", body)
    png = base64.b64decode(answer.json()["data"][0]["b64_json"])

    assert Image.open(io.BytesIO(png)).size == (64, 64)


def test_the_size_before_finishing_is_refused(ask):
    body = {"prompt": "a blue bird", "size": "32x32"}
    answer = ask("POST", "/v1/images/generations", body)

    assert answer.status_code == 400
    assert "draws 64x64" in answer.json()["error"]["message"]


def test_the_state_names_the_finished_size(ask):
    assert ask("GET", "/ready", None).json()["image_size"] == 64
