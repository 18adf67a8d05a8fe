"""Two models that draw turn by turn."""

import time

import pytest

from llmvis.model_registry import timing


class Drawer:
    """Sleeps for so many seconds a picture, and far longer the first time."""

    def __init__(self, seconds):
        self.seconds, self.calls = seconds, []

    def generate(self, prompts, seeds, sampling):
        time.sleep(len(prompts) * self.seconds * (1 if self.calls else 20))
        self.calls.append((prompts, seeds, sampling))


def test_each_is_timed_as_often_and_what_it_takes_to_start_does_not_count():
    slow, fast = Drawer(0.02), Drawer(0.002)
    pair = ((slow, "greedy"), (fast, "random"))
    seconds = timing.seconds_per_picture(pair, ["a bird", "a fish"])

    assert seconds == pytest.approx([0.02, 0.002], rel=0.9)
    assert seconds[0] > 2 * seconds[1]
    assert len(slow.calls) == len(fast.calls)
    assert set(map(str, slow.calls)) == {"(['a bird', 'a fish'], [0, 1], 'greedy')"}
