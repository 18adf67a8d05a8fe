"""Keeps the model in memory that an address in the registry stands for."""

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from llmvis.config import SamplingConfig
from llmvis.errors import RegistryError
from llmvis.model_registry import versions
from llmvis.model_registry.provenance import Version
from llmvis.records import Sample
from llmvis.serving.batching import Order, batch_sizes
from llmvis.text_to_image import TextToImage

_POLL_SECONDS = 0.3  # a look costs 2 ms, and a rollback is for emergencies
_RETRY_SECONDS = 30.0  # between attempts at a version that could not be loaded
_WARM_UP_PROMPT = "a blue bird standing on a red flower"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version in memory, ready to draw."""

    model: TextToImage
    version: Version
    sampling: SamplingConfig  # where a request says nothing else
    batch_size: int  # most pictures drawn at once

    def draw(self, orders: Sequence[Order]) -> list[tuple[Sample, Version]]:
        """Draws orders that share their options."""
        sizes = batch_sizes(self.batch_size)
        size = next(size for size in sizes if size >= len(orders))
        filled = [*orders, *[orders[0]] * (size - len(orders))]
        samples = self.model.generate(
            [order.prompt for order in filled],
            [order.seed for order in filled],
            orders[0].sampling or self.sampling,
        )
        return [(sample, self.version) for sample in samples[: len(orders)]]

    def warm_up(self, stop: threading.Event) -> None:
        """Draws once with each size of batch, so that no request meets the compiler.

        Args:
            stop: Ends it early.
        """
        order = Order(prompt=_WARM_UP_PROMPT, seed=0, sampling=None)
        for size in batch_sizes(self.batch_size):
            if not stop.is_set():
                self.draw([order] * size)


class Following:
    """Holds the current version, and replaces it when the alias moves.

    The next version is loaded and warmed beside the one that serves; the swap is one
    assignment between two batches. The one before stays in memory, so that a rollback
    takes effect at the next poll, and where the champion is followed its challenger
    too, so that a promotion does.

    Args:
        address: `models:/llmvis@champion`, `models:/llmvis/3` or a model folder.
        sampling: For a model that was not registered with one.
        batch_size: Most pictures drawn at once.

    Raises:
        LlmvisError: The address stands for nothing that can be loaded.
    """

    def __init__(self, address: str, sampling: SamplingConfig, batch_size: int):
        self._address, self._sampling = address, sampling
        self._batch_size = batch_size
        self._stop = threading.Event()
        self.current = self._load(address)
        self._previous: Loaded | None = None
        self._next: tuple[int, Future[Loaded]] | None = None  # the challenger
        self.problem = ""  # why the alias is not followed just now
        self._refused = 0  # the version that could not be loaded
        self._retry_at = 0.0
        # One for the champion, one for what may follow it. Python waits for them at its
        # end: it would crash beneath TensorFlow.
        self._loaders = ThreadPoolExecutor(2, "loading")
        self._thread = threading.Thread(
            target=self._follow, name="following", daemon=True
        )
        if "@" in address:
            self._thread.start()

    def draw(self, orders: Sequence[Order]) -> list[tuple[Sample, Version]]:
        return self.current.draw(orders)

    def stop(self) -> None:
        self._stop.set()
        self._loaders.shutdown(cancel_futures=True)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _follow(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            try:
                self._catch_up()
                self._look_ahead()
            except Exception as error:  # whatever it is, what serves goes on serving
                if str(error) != self.problem:
                    _log.warning("Still %s: %s", self.current.version.label, error)
                self.problem = str(error)

    def _catch_up(self) -> None:
        wanted = versions.resolve(self._address)
        if wanted.version == self.current.version.version:
            self.problem = ""
        elif wanted.version != self._refused or time.monotonic() > self._retry_at:
            # Held against it until it is in memory.
            self._refused = wanted.version
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            self._swap_to(wanted)
            self._refused, self.problem = 0, ""

    def _swap_to(self, wanted: Version) -> None:
        found = self._in_memory(wanted)
        # It may have been rolled back in the seconds that loading took.
        if versions.resolve(self._address).version == wanted.version:
            self._previous, self.current = self.current, found
            _log.info("Now serving %s", found.version.label)

    def _in_memory(self, wanted: Version) -> Loaded:
        kept = self._previous
        if kept is not None and kept.version.version == wanted.version:
            return kept
        if self._next is not None and self._next[0] == wanted.version:
            (_, loading), self._next = self._next, None
            return loading.result()
        return self._load_beside(wanted.uri).result()

    def _look_ahead(self) -> None:
        name, _, alias = self._address.partition("@")
        if alias != versions.CHAMPION:
            return
        try:
            challenger = versions.resolve(f"{name}@{versions.CHALLENGER}")
        except RegistryError:  # there is none
            self._next = None
            return
        in_memory = {self.current.version.version}
        if self._previous is not None:
            in_memory.add(self._previous.version.version)
        if challenger.gate.startswith("refused") or challenger.version in in_memory:
            self._next = None
        elif self._next is None or self._next[0] != challenger.version:
            self._next = challenger.version, self._load_beside(challenger.uri)

    def _load_beside(self, address: str) -> Future[Loaded]:
        return self._loaders.submit(self._load, address)

    def _load(self, address: str) -> Loaded:
        model, version = versions.load(address)
        sampling = version.sampling or self._sampling
        loaded = Loaded(model, version, sampling, self._batch_size)
        loaded.warm_up(self._stop)
        return loaded
