"""Waiting for pictures, for as long as somebody wants them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from fastapi import Request

from llmvis.model_registry.provenance import Version
from llmvis.records import Sample
from llmvis.serving.batching import Batcher, Order, QueueFull


class Refused(Exception):
    """A request that gets an error for an answer.

    Args:
        status: HTTP status.
        message: What is wrong and what to do, in a sentence.
        param: The field that is wrong, where it is one.
    """

    def __init__(self, status: int, message: str, param: str | None = None):
        super().__init__(message)
        self.status, self.message, self.param = status, message, param


async def draw(
    request: Request, batcher: Batcher, orders: Sequence[Order], timeout: float
) -> list[tuple[Sample, Version]]:
    """Queues orders and waits for all of them, or takes them back.

    Args:
        request: Whose client must still be there.
        batcher: Where to queue.
        orders: The pictures of this request.
        timeout: Seconds.

    Raises:
        Refused: The queue is full, the time is up, or the client has left.
    """
    try:
        batcher.submit(orders)
    except QueueFull:
        raise Refused(
            429, "Too many pictures are waiting. Come back in a second."
        ) from None
    drawn: asyncio.Future = asyncio.gather(
        *(asyncio.wrap_future(order.drawn) for order in orders)
    )
    leaving: asyncio.Future = asyncio.ensure_future(_disconnected(request))
    await asyncio.wait(
        {drawn, leaving}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
    )
    if drawn.done():
        leaving.cancel()
        return drawn.result()
    # Cancelling reaches the queue, where the place becomes free at once.
    drawn.cancel()
    with suppress(asyncio.CancelledError):
        await drawn
    if leaving.done():
        raise Refused(499, "The client has left.")
    leaving.cancel()
    raise Refused(503, f"Nothing was drawn within {timeout:g} s. Ask again later.")


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
