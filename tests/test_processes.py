"""Work in several processes."""

import os
from pathlib import Path

import numpy as np
import pytest

from llmvis.errors import MissingStage
from llmvis.processes import beside, map_chunks


def squares(chunk, add):
    return [int(number) ** 2 + add for number in chunk]


def who(chunk):
    return [os.getpid()] * len(chunk)


def fail(chunk):
    raise ValueError(f"not {chunk[0]}")


def miss(path):
    raise MissingStage(path, "finish")


def process_number():
    return os.getpid()


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


def test_a_call_beside_is_made_in_another_process():
    with beside(process_number) as called:
        assert called.result() != os.getpid()


def test_an_error_beside_arrives_whole():
    with beside(miss, Path("data/model")) as called, pytest.raises(MissingStage) as it:
        called.result()

    assert it.value.path == Path("data/model")
    assert "run `llmvis finish` first" in str(it.value)
