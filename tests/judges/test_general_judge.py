"""How many captions the general judge is trained on."""

import pytest

from llmvis.config import JudgeConfig
from llmvis.judges.general_judge import _as_many_as_are_read

CAPTIONS = [["a", "b", "c"], ["d"], ["e", "f", "g", "h"], ["i", "j"]]


@pytest.mark.parametrize(("num_steps", "most"), [(1, 1), (2, 1), (3, 2), (100, 4)])
def test_each_picture_keeps_as_many_captions_as_training_comes_to_it(num_steps, most):
    config = JudgeConfig(
        num_steps=1,
        batch_size=1,
        learning_rate=0.001,
        general_num_steps=num_steps,
        general_batch_size=2,
        general_learning_rate=0.001,
        seed=0,
    )
    kept = _as_many_as_are_read(CAPTIONS, config)

    assert [len(of_one) for of_one in kept] == [min(most, len(c)) for c in CAPTIONS]
    assert all(len(set(of_one)) == len(of_one) for of_one in kept)
    assert all(set(k) <= set(c) for k, c in zip(kept, CAPTIONS, strict=True))
