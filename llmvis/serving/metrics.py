"""What Prometheus reads: requests and how long they took, pictures, who waits."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from llmvis.serving.batching import Batcher
from llmvis.serving.following import Following

_CLIENT_LEFT = 499  # as nginx has it: no answer was sent
_NO_ROUTE = "none"  # what people ask for is no label, or there would be no end of them
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """All figures of one server.

    Args:
        batcher: Knows what was drawn, and how many pictures wait.
        following: Knows the version that draws.
    """

    def __init__(self, batcher: Batcher, following: Following):
        self._batcher, self._following = batcher, following
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._requests = Counter(
            "llmvis_requests",
            "Requests, by route and status; 499 is a client that left.",
            ["route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "llmvis_request_seconds",
            "From a request to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )

    def collect(self) -> Iterator[Metric]:
        """Reads what others count, when Prometheus asks."""
        drawn, batches = self._batcher.num_drawn, self._batcher.num_batches
        waiting = self._batcher.num_waiting
        version = self._following.current.version.version
        yield CounterMetricFamily("llmvis_pictures", "Pictures drawn.", drawn)
        yield CounterMetricFamily("llmvis_batches", "Batches drawn.", batches)
        yield GaugeMetricFamily("llmvis_waiting", "Pictures in the queue.", waiting)
        yield GaugeMetricFamily("llmvis_version", "The version that draws.", version)

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Counts a request that is over."""
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Writes all figures in the exposition format of Prometheus."""
        return generate_latest(self._registry)


class CountRequests:
    """ASGI middleware that tells `Metrics` of every request.

    Args:
        app: What answers.
        metrics: What counts.
    """

    def __init__(self, app, metrics: Metrics):
        self._app, self._metrics = app, metrics

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = _CLIENT_LEFT, time.perf_counter()

        async def send_and_look(message):
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_and_look)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            self._metrics.answered(route, status, time.perf_counter() - started)
