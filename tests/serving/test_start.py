import socket

import pytest

from llmvis import serving
from llmvis.errors import ServingError


def test_a_port_that_is_taken_is_named_before_any_model_is_loaded(settings, sampling):
    with (
        socket.create_server((settings.host, settings.port)),
        pytest.raises(
            ServingError, match=rf"{settings.port} .*in use.*--port {settings.port + 1}"
        ),
    ):
        serving.serve("models:/nobody@champion", settings, sampling)
