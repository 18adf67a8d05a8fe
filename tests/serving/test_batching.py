import threading
import time

import numpy as np
import pytest

from llmvis.config import SamplingConfig
from llmvis.model_registry.provenance import Version
from llmvis.records import Sample
from llmvis.serving.batching import Batcher, Order, QueueFull

VERSION = Version(name="llmvis", version=1, model_fingerprint="f00d")
WARM = SamplingConfig(
    guidance_scale=1.0,
    temperature=2.0,
    top_k=0,
    num_steps=1,
    top_p=1.0,
    num_candidates=1,
)
PIXELS = np.zeros((1, 1, 3), "uint8")


class Artist:
    """Draws nothing, when told to, and remembers what was drawn together."""

    def __init__(self):
        self.batches = []
        self.may_draw = threading.Event()
        self.is_drawing = threading.Event()

    def draw(self, orders):
        self.is_drawing.set()
        assert self.may_draw.wait(10)
        self.batches.append([order.seed for order in orders])
        if any(order.prompt == "impossible" for order in orders):
            raise ValueError("impossible")
        return [
            (
                Sample(prompt=o.prompt, seed=o.seed, image=PIXELS, unknown_words=()),
                VERSION,
            )
            for o in orders
        ]


class Tireless:
    """Draws nothing, in no time, but for the first order, which takes long."""

    def __init__(self):
        self.batches = []
        self.first_is_done = threading.Event()

    def draw(self, orders):
        self.batches.append([order.seed for order in orders])
        if orders[0].seed == 0:
            assert self.first_is_done.wait(10)
        sample = Sample(prompt="", seed=0, image=PIXELS, unknown_words=())
        return [(sample, VERSION) for _ in orders]


@pytest.fixture
def artist():
    return Artist()


@pytest.fixture
def batcher(artist):
    made = Batcher(artist.draw, max_batch_size=4, max_waiting=8)
    yield made
    artist.may_draw.set()
    made.stop()


def _order(seed, prompt="a bird", sampling=None):
    return Order(prompt=prompt, seed=seed, sampling=sampling)


def _hold(batcher, artist):
    """Gives the artist one order and waits until it is in hand."""
    first = _order(0)
    batcher.submit([first])
    assert artist.is_drawing.wait(10)
    return first


def test_what_waits_is_drawn_together_in_order_and_in_portions(batcher, artist):
    _hold(batcher, artist)
    orders = [_order(seed) for seed in range(1, 7)]
    batcher.submit(orders)
    artist.may_draw.set()

    assert [order.drawn.result(10)[0].seed for order in orders] == [1, 2, 3, 4, 5, 6]
    assert artist.batches == [[0], [1, 2, 3, 4], [5, 6]]


def test_orders_with_other_options_are_drawn_apart(batcher, artist):
    _hold(batcher, artist)
    orders = [_order(1), _order(2, sampling=WARM), _order(3), _order(4, sampling=WARM)]
    batcher.submit(orders)
    artist.may_draw.set()
    for order in orders:
        order.drawn.result(10)

    assert artist.batches == [[0], [1, 3], [2, 4]]


def test_a_full_queue_takes_all_of_a_request_or_nothing(batcher, artist):
    _hold(batcher, artist)
    batcher.submit([_order(seed) for seed in range(6)])
    with pytest.raises(QueueFull):
        batcher.submit([_order(seed) for seed in range(3)])

    assert batcher.num_waiting == 6


def test_an_order_that_is_taken_back_frees_its_place_and_is_not_drawn(batcher, artist):
    _hold(batcher, artist)
    unwanted, wanted = _order(1), _order(2)
    batcher.submit([unwanted, wanted])
    unwanted.drawn.cancel()
    assert batcher.num_waiting == 1
    artist.may_draw.set()

    assert wanted.drawn.result(10)[0].seed == 2
    assert artist.batches == [[0], [2]]


def test_threads_draw_beside_each_other_and_share_what_waits():
    both_draw, batches = threading.Barrier(2), []

    def draw(orders):
        both_draw.wait(10)
        batches.append(len(orders))
        return [(PIXELS, VERSION)] * len(orders)

    batcher = Batcher(draw, max_batch_size=4, max_waiting=8, num_threads=2)
    for orders in ([_order(0), _order(1)], [_order(seed) for seed in range(4)]):
        while batcher._num_idle < 2:
            time.sleep(0.01)
        batcher.submit(orders)
        for order in orders:
            order.drawn.result(10)
    batcher.stop()

    assert batches == [1, 1, 2, 2]
    assert batcher.num_drawn == 6


def test_an_error_reaches_those_it_concerns_and_drawing_goes_on(batcher, artist):
    artist.may_draw.set()
    bad, good = _order(1, prompt="impossible"), _order(2)
    batcher.submit([bad])
    with pytest.raises(ValueError, match="impossible"):
        bad.drawn.result(10)
    batcher.submit([good])

    assert good.drawn.result(10)[0].seed == 2


def test_stopping_cancels_what_waits(artist):
    batcher = Batcher(artist.draw, max_batch_size=4, max_waiting=8)
    held, waiting = _hold(batcher, artist), _order(1)
    batcher.submit([waiting])
    stopping = threading.Thread(target=batcher.stop)
    stopping.start()
    artist.may_draw.set()
    stopping.join(10)

    assert held.drawn.result(10)[0].seed == 0
    assert waiting.drawn.cancelled()


def test_orders_that_come_one_by_one_while_others_are_drawn_make_one_batch():
    tireless = Tireless()
    batcher = Batcher(tireless.draw, max_batch_size=8, max_waiting=9, num_threads=2)
    try:
        batcher.submit([_order(0)])
        while not tireless.batches:
            time.sleep(0.001)
        orders = [_order(seed) for seed in range(1, 9)]
        for order in orders:
            batcher.submit([order])
        for order in orders:
            order.drawn.result(10)
    finally:
        tireless.first_is_done.set()
        batcher.stop()

    assert tireless.batches == [[0], list(range(1, 9))]


def test_a_batch_that_would_be_half_empty_is_left_to_the_next(artist):
    batcher = Batcher(artist.draw, max_batch_size=16, max_waiting=21)
    try:
        _hold(batcher, artist)
        orders = [_order(seed) for seed in range(1, 22)]
        batcher.submit(orders)
        artist.may_draw.set()
        for order in orders:
            order.drawn.result(10)
    finally:
        batcher.stop()

    assert [len(batch) for batch in artist.batches] == [1, 16, 4, 1]
