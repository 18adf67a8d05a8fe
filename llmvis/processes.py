"""Work on many items in several processes, results in the order of the items."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

AHEAD = 8  # chunks for each that works: bounded memory, and nobody waits


def map_chunks(
    function: Callable[..., list],
    items: Sequence[Any] | np.ndarray,
    *arguments: Any,
    chunk_size: int,
    num_processes: int,
) -> Iterator[Any]:
    """Yields what `function(chunk, *arguments)` gives for every chunk, one by one.

    Args:
        function: From a chunk of items to a list of results; a module's own function.
        items: What to work on; a slice of it is a chunk.
        arguments: Passed on with every chunk.
        chunk_size: Items of a chunk.
        num_processes: How many work at a time; 1 works in this process.
    """
    starts = range(0, len(items), chunk_size)
    chunks = [items[i : i + chunk_size] for i in starts]
    if num_processes == 1 or len(chunks) <= 1:
        for chunk in chunks:
            yield from function(chunk, *arguments)
        return
    # Children of a fork server have no threads or locks of ours to get stuck on.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([function.__module__])
    pool = ProcessPoolExecutor(num_processes, context, _end_with_parent)
    try:
        yield from in_order(
            lambda chunk: pool.submit(function, chunk, *arguments),
            chunks,
            ahead=AHEAD * num_processes,
        )
    finally:
        pool.shutdown(cancel_futures=True)


class Call:
    """A call that another process makes."""

    def __init__(self, answers: Connection):
        self._answers = answers

    def result(self) -> Any:
        """Waits for what it gives, or raises what it raised.

        Raises:
            ChildProcessError: The process ended before it was done.
        """
        try:
            is_whole, answer = self._answers.recv()
        except EOFError as error:
            raise ChildProcessError(
                "A process that was to help ended before it was done, most often for "
                "want of memory. Run the command again"
            ) from error
        if is_whole:
            return answer
        raise answer


@contextmanager
def beside(function: Callable[..., Any], *arguments: Any) -> Iterator[Call]:
    """Has one call made in another process, which lasts no longer than the body.

    Args:
        function: A module's own; what that module imports, this process imports too.
        arguments: Passed on.
    """
    context = multiprocessing.get_context("spawn")
    answers, answer = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(answer, function, arguments))
    process.start()
    answer.close()
    try:
        yield Call(answers)
    finally:
        process.terminate()
        process.join()
        answers.close()


def _answer(
    answer: Connection, function: Callable[..., Any], arguments: Sequence[Any]
) -> None:
    _end_with_parent()
    try:
        answer.send((True, function(*arguments)))
    except Exception as error:  # whatever it is, who asked is to hear of it
        answer.send((False, error))


def in_order(
    submit: Callable[[Any], Any], chunks: Iterable[Any], *, ahead: int
) -> Iterator[Any]:
    """Yields the results of chunks one by one, in the order of the chunks.

    Args:
        submit: Starts the work on a chunk, and gives the future of a list of results.
        chunks: What to work on.
        ahead: Chunks that are started before the result of the first is taken.
    """
    waiting: deque[Any] = deque()
    for chunk in chunks:
        waiting.append(submit(chunk))
        if len(waiting) > ahead:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def _end_with_parent() -> None:
    """Leaves Ctrl-C to the parent, and ends as soon as the parent is gone.

    Processes share the cores, so matrix products in one get one thread.
    """
    threadpool_limits(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
