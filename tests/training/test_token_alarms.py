"""Alarms over the codes of held-out pictures."""

import numpy as np

from llmvis.training.token_alarms import token_alarms


class Tokenizer:
    """Has one digit of ten values, and rebuilds every picture the same."""

    def __init__(self, name, rebuilt):
        self.name, self._rebuilt = name, rebuilt

    def codebooks(self, codes):
        return [(codes.reshape(-1), 10)]

    def decode(self, codes):
        return np.full((len(codes), 8, 8, 3), self._rebuilt / 255, "float32")


def alarms_of(*, name="layers", rebuilt=255, values=10, draws=200):
    """The pictures are white; codes take so many values in turn."""
    codes = (np.arange(draws) % values).astype("uint8").reshape(-1, 2)
    pixels = np.full((len(codes), 8, 8, 3), 255, "uint8")
    return token_alarms(Tokenizer(name, rebuilt), pixels, codes)


def test_codes_in_use_and_rebuilt_pictures_alarm_nobody():
    assert alarms_of() == alarms_of(values=8) == alarms_of(rebuilt=240) == []


def test_codes_that_never_occur_are_a_collapse_that_says_how_many_do():
    [alarm] = alarms_of(values=7)

    assert "70% of them occur" in alarm
    assert "tokenize.num_steps" in alarm


def test_too_few_draws_to_see_every_code_tell_nothing():
    assert alarms_of(values=7, draws=98) == []


def test_pictures_that_layers_lose_call_for_a_sketch_with_the_decibels():
    [alarm] = alarms_of(rebuilt=200)  # 20 * log10(255 / 55)

    assert "less than 13.3 dB" in alarm
    assert "tokenize.image_tokenizer: sketch" in alarm


def test_a_sketch_is_not_told_to_become_one():
    assert alarms_of(name="sketch", rebuilt=200) == []
