"""A real server, asked what nobody would: whatever comes, it answers for itself."""

import base64
import dataclasses
import socket

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
)

from llmvis.png import decode_png

# The same examples every time, and no time limit of a machine that is busy.
THOROUGH = hypothesis.settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
RIGHT = schemathesis.GenerationMode.POSITIVE
WRONG = schemathesis.GenerationMode.NEGATIVE  # where the document says otherwise
CHECKS = (not_a_server_error, response_schema_conformance, content_type_conformance)

PATIENCE = 600  # seconds: each kind of draw is compiled once, and a machine may be busy

_PIECES = (
    *("a", "two", "999", "blue", "bird", "standing on", "the red flower", "and", ","),
    *("一只", "蓝色的", "小鸟", "站在", "红色的花朵上", "，", "。", "\u3000", "１２"),
    *(
        "\x00",
        "\n",
        "\t",
        "\u202e",
        "\ufeff",
        "\U0001f426",
        "e\u0301",
        "\\",
        "%s",
        "<s>",
    ),
)
PROMPTS = st.one_of(
    st.text(max_size=1100),
    st.lists(st.sampled_from(_PIECES), max_size=60).map(" ".join),
    st.lists(st.sampled_from(_PIECES), max_size=200).map("".join),
)


@pytest.fixture(scope="module")
def settings(settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return dataclasses.replace(settings, port=port, timeout=PATIENCE)


@pytest.fixture(scope="module")
def routes(client):
    """Every route of the document of the API, by method and path."""
    api = schemathesis.openapi.from_url(str(client.base_url.join("/openapi.json")))
    found = [route.ok() for route in api.get_all_operations()]
    return {f"{route.method.upper()} {route.path}": route for route in found}


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("GET /health", RIGHT),
        ("GET /ready", RIGHT),
        ("GET /metrics", RIGHT),
        ("POST /generate", RIGHT),
        ("POST /generate", WRONG),
        ("POST /v1/images/generations", RIGHT),
        ("POST /v1/images/generations", WRONG),
    ],
)
def test_every_route_keeps_to_its_document_and_never_fails(routes, name, mode):
    @THOROUGH
    @hypothesis.given(routes[name].as_strategy(generation_mode=mode))
    def ask(case):
        case.validate_response(case.call(timeout=PATIENCE), checks=CHECKS)

    ask()


@THOROUGH
@hypothesis.given(prompt=PROMPTS)
def test_any_prompt_is_drawn_or_refused_in_a_sentence(client, prompt):
    request = {"prompt": prompt, "seed": 0}
    answer = client.post("/generate", json=request, timeout=PATIENCE)

    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 200:
        [picture] = answer.json()["images"]
        assert decode_png(base64.b64decode(picture["png"])).shape == (32, 32, 3)
    else:
        error = answer.json()["error"]
        assert error["param"] == "prompt"
        assert error["message"].endswith(".")
