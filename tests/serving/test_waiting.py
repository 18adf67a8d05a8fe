import asyncio
import dataclasses
import time
from types import SimpleNamespace

import httpx
import pytest

from llmvis.model_registry import versions
from llmvis.serving import app, waiting
from llmvis.serving.batching import Batcher, Order
from llmvis.serving.following import Loaded


@pytest.fixture(scope="module")
def loaded(tiny_model_folder, sampling):
    model, version = versions.load(str(tiny_model_folder))
    return Loaded(model, version, sampling, batch_size=2)


@pytest.fixture
def slow(loaded):
    """Draws half a second longer than the model, and holds 4 pictures in its queue."""

    def draw(orders):
        time.sleep(0.5)
        return loaded.draw(orders)

    batcher = Batcher(draw, max_batch_size=1, max_waiting=4)
    yield batcher
    batcher.stop()


def _ask(loaded, batcher, settings, prompts):
    """Sends one request for each prompt at the same time."""
    following = SimpleNamespace(current=loaded, problem="")
    pictures = app.Pictures(following, batcher, settings)

    async def ask_all():
        transport = httpx.ASGITransport(app.create(pictures))
        async with httpx.AsyncClient(transport=transport, base_url="http://t") as http:
            asked = [http.post("/generate", json={"prompt": p}) for p in prompts]
            return await asyncio.gather(*asked)

    return asyncio.run(ask_all())


def test_more_than_may_wait_are_told_when_to_come_back(loaded, slow, settings):
    answers = _ask(loaded, slow, settings, ["a bird"] * 8)

    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert all(answer.headers["Retry-After"] == "1" for answer in refused)


def test_a_request_that_waits_too_long_is_given_up(loaded, slow, settings):
    hurried = dataclasses.replace(settings, timeout=1)
    answers = _ask(loaded, slow, hurried, ["a bird"] * 4)

    assert {answer.status_code for answer in answers} == {200, 503}
    assert slow.num_waiting == 0


def test_a_client_that_leaves_frees_its_place(slow):
    class Gone:
        async def receive(self):
            return {"type": "http.disconnect"}

    busy = Order(prompt="a bird", seed=0, sampling=None)
    unwanted = Order(prompt="a bird", seed=1, sampling=None)
    slow.submit([busy])

    with pytest.raises(waiting.Refused) as refused:
        asyncio.run(waiting.draw(Gone(), slow, [unwanted], 30))
    assert refused.value.status == 499
    assert unwanted.drawn.cancelled()
