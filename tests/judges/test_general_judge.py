"""How many captions the general judge is trained on."""

from dataclasses import replace
from pathlib import Path

import pytest

from llmvis import config
from llmvis.judges.general_judge import _as_many_as_are_read

JUDGE = config.read(Path(__file__).parents[2] / "params.yaml").judge
CAPTIONS = [["a", "b", "c"], ["d"], ["e", "f", "g", "h"], ["i", "j"]]


@pytest.mark.parametrize(("num_steps", "most"), [(1, 1), (2, 1), (3, 2), (100, 4)])
def test_each_picture_keeps_as_many_captions_as_training_comes_to_it(num_steps, most):
    read = replace(JUDGE, general_num_steps=num_steps, general_batch_size=2)
    kept = _as_many_as_are_read(CAPTIONS, read)

    assert [len(of_one) for of_one in kept] == [min(most, len(c)) for c in CAPTIONS]
    assert all(len(set(of_one)) == len(of_one) for of_one in kept)
    assert all(set(k) <= set(c) for k, c in zip(kept, CAPTIONS, strict=True))
