import numpy as np
import pandas as pd
import pytest
from PIL import ImageFont

from llmvis.evaluation import grid

ROWS = pd.DataFrame(
    {
        "split": ["test_seen", "test_seen", "test_unseen_scene"],
        "lang": ["en", "en", "en"],
        "prompt": ["a blue bird", "a blue bird", "a red flower"],
    }
)
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], dtype="uint8")
PICTURES = np.broadcast_to(COLOURS[:, None, None], (3, 16, 16, 3))


def test_a_prompt_is_shown_once_and_splits_take_turns():
    sheet = np.asarray(grid.sample_grid(ROWS, PICTURES))
    shown = [np.all(sheet == colour, axis=-1).any() for colour in COLOURS]

    assert shown == [True, False, True]


@pytest.mark.parametrize("has_chinese", [True, False])
def test_chinese_prompts_are_left_out_only_where_no_font_has_them(
    monkeypatch, has_chinese
):
    font = ImageFont.load_default(15)
    monkeypatch.setattr(grid, "_font", lambda _: (font, has_chinese))
    mixed = ROWS.assign(prompt=["a blue bird", "一只蓝色的小鸟", "a red flower"])
    sheet = np.asarray(grid.sample_grid(mixed, PICTURES))

    assert np.all(sheet == COLOURS[1], axis=-1).any() == has_chinese
