"""Which caption a picture comes with."""

import numpy as np

from llmvis.training.caption_choice import CaptionChoice

USUAL, RARE = [1, 5, 2], [1, 6, 2]


def test_a_caption_with_a_rare_word_comes_more_often():
    # 100 pictures, each with three usual captions and one that says it otherwise.
    rows = [USUAL, USUAL, USUAL, RARE] * 100
    choice = CaptionChoice(np.array(rows), np.arange(0, 401, 4))

    drawn = choice.draw(np.repeat(np.arange(100), 100), np.random.default_rng(0))

    # Three that are three times as common: the weights are as 1, 1, 1 and root of 3.
    expected = 3**0.5 / (3 + 3**0.5)
    assert abs(np.mean(drawn % 4 == 3) - expected) < 0.02
    assert len(np.unique(drawn)) == 400


def test_each_picture_gets_a_caption_of_its_own():
    starts = np.array([0, 1, 4, 6])
    choice = CaptionChoice(np.array([USUAL, RARE, USUAL, USUAL, RARE, USUAL]), starts)
    examples = np.tile([2, 0, 1], 500)

    drawn = choice.draw(examples, np.random.default_rng(1))

    assert (drawn >= starts[examples]).all()
    assert (drawn < starts[examples + 1]).all()
