"""One thread that draws, and draws together what waits together.

While one batch is drawn the next one gathers, so a lone request never waits for
company and a crowd is drawn at the model's best speed.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from llmvis.config import SamplingConfig
from llmvis.model_registry.provenance import Version
from llmvis.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One picture to draw; cancel `drawn` to take it back."""

    prompt: str
    seed: int
    sampling: SamplingConfig | None  # None: as the version was registered
    drawn: Future[tuple[Sample, Version]] = field(default_factory=Future)


Draw = Callable[[Sequence[Order]], list[tuple[Sample, Version]]]


class QueueFull(Exception):
    """More pictures wait than may."""


class Batcher:
    """Queues orders and draws those with equal options together.

    Args:
        draw: Draws orders that all have the same `sampling`.
        max_batch_size: Most orders given to `draw` at once.
        max_waiting: Most orders that may wait.
    """

    def __init__(self, draw: Draw, *, max_batch_size: int, max_waiting: int):
        self._draw, self._max_batch_size = draw, max_batch_size
        self._max_waiting = max_waiting
        self._waiting: deque[Order] = deque()
        self._changed = threading.Condition()
        self._stopped = False
        self.num_drawn = self.num_batches = 0
        self._thread = threading.Thread(target=self._work, name="drawing", daemon=True)
        self._thread.start()

    def submit(self, orders: Sequence[Order]) -> None:
        """Queues orders, all or none.

        Raises:
            QueueFull: They would not fit.
        """
        with self._changed:
            if self.num_waiting + len(orders) > self._max_waiting:
                raise QueueFull
            self._waiting.extend(orders)
            self._changed.notify()

    @property
    def num_waiting(self) -> int:
        return sum(not order.drawn.cancelled() for order in self._waiting)

    def stop(self) -> None:
        """Ends the thread after the batch in hand; what waits is cancelled."""
        with self._changed:
            self._stopped = True
            for order in self._waiting:
                order.drawn.cancel()
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                batch = self._take()
            if batch:
                self._answer(batch)

    def _take(self) -> list[Order]:
        """Takes the oldest order, and those like it, from the queue."""
        taken: list[Order] = []
        left: deque[Order] = deque()
        for order in self._waiting:
            fits = len(taken) < self._max_batch_size and (
                not taken or order.sampling == taken[0].sampling
            )
            if not fits:
                left.append(order)
            elif order.drawn.set_running_or_notify_cancel():
                taken.append(order)
        self._waiting = left
        return taken

    def _answer(self, batch: Sequence[Order]) -> None:
        try:
            for order, result in zip(batch, self._draw(batch), strict=True):
                order.drawn.set_result(result)
            self.num_drawn += len(batch)
            self.num_batches += 1
        except Exception as error:  # the requests answer for it
            for order in batch:
                if not order.drawn.done():
                    order.drawn.set_exception(error)
