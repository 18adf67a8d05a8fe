"""The HTTP server that draws pictures, and follows the champion."""

import ipaddress
import logging
import os
import socket
import sys
from contextlib import suppress

import uvicorn

from llmvis.config import SamplingConfig, ServeConfig
from llmvis.errors import ServingError
from llmvis.model_registry import standby
from llmvis.serving import keys

_MOST_THREADS = 4  # that draw; each batch has all cores for its larger products

_log = logging.getLogger(__name__)  # and of the modules below this one


def serve(model_uri: str, settings: ServeConfig, sampling: SamplingConfig) -> None:
    """Serves a model until Ctrl-C.

    Args:
        model_uri: `models:/llmvis@champion`, which is followed when it moves,
            `models:/llmvis/3`, or a model folder.
        settings: Where, and the limits of requests.
        sampling: For a model folder; a version has its own.

    Raises:
        ServingError: The port cannot be had, or there are no keys where they should be.
        RegistryError: There is no such model or version.
        MissingStage: There is no such folder.
    """
    _log_to_terminal()
    api_keys = keys.read(settings.api_keys_file)
    with _listen(settings.host, settings.port) as listener:
        host, port = listener.getsockname()[:2]
        if not api_keys:
            _warn_of_strangers(host)
        _log.info("Loading %s ...", model_uri)
        # Here, because TensorFlow takes ten seconds and the port may be taken.
        from llmvis.serving import app, batching, following

        followed = following.Following(model_uri, sampling, settings.max_batch_size)
        batcher = batching.Batcher(
            followed.draw,
            max_batch_size=settings.max_batch_size,
            max_waiting=settings.max_waiting,
            num_threads=min(_MOST_THREADS, os.cpu_count() or 1),
        )
        label = followed.current.version.label
        _log.info("Serving %s at http://%s:%s (Ctrl-C ends it)", label, host, port)
        pictures = app.Pictures(followed, batcher, settings)
        config = uvicorn.Config(app.create(pictures, api_keys), log_level="warning")
        try:
            with suppress(KeyboardInterrupt), standby.standing_by():
                uvicorn.Server(config).run(sockets=[listener])
        finally:
            followed.stop()
            batcher.stop()


def _log_to_terminal() -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    _log.setLevel(logging.INFO)
    _log.addHandler(handler)


def _warn_of_strangers(host: str) -> None:
    if not ipaddress.ip_address(host).is_loopback:
        _log.warning(
            "Whoever reaches %s may draw. Set serve.api_keys_file to a file with a "
            "key, or listen at 127.0.0.1.",
            host,
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        reason = str(error.strerror).split(" (")[0]
        raise ServingError(
            f"Port {port} of {host} cannot be had: {reason}. Stop what uses "
            f"it, or choose another: `llmvis serve --port {port % 65535 + 1}`."
        ) from error
    # An answer in two parts would wait 40 ms for the client to confirm the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
