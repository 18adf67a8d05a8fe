"""Work in several processes."""

import os

import numpy as np
import pytest

from llmvis.processes import map_chunks


def squares(chunk, add):
    return [int(number) ** 2 + add for number in chunk]


def who(chunk):
    return [os.getpid()] * len(chunk)


def fail(chunk):
    raise ValueError(f"not {chunk[0]}")


@pytest.mark.parametrize("num_processes", [1, 3])
def test_results_come_in_the_order_of_the_items(num_processes):
    numbers = np.arange(100)
    made = map_chunks(squares, numbers, 5, chunk_size=7, num_processes=num_processes)

    assert list(made) == [n**2 + 5 for n in range(100)]


def test_several_processes_work():
    workers = set(map_chunks(who, range(64), chunk_size=1, num_processes=3))

    assert os.getpid() not in workers
    assert 1 <= len(workers) <= 3


def test_an_error_reaches_who_asked():
    with pytest.raises(ValueError, match="not 0"):
        list(map_chunks(fail, range(9), chunk_size=2, num_processes=2))
