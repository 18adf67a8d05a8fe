import numpy as np
import pytest

from llmvis.errors import DataError, ShapeError
from llmvis.judges.pictures import blocks, check, is_flat


def test_pixels_that_are_not_numbers_are_counted_and_refused():
    images = np.zeros((3, 16, 16, 3), np.float32)
    images[1, 0, 0, 0] = np.nan
    with pytest.raises(DataError, match="1 of 3 pictures have pixels that are not num"):
        check(images)


def test_pixels_out_of_range_are_refused():
    with pytest.raises(DataError, match="from 0 to 255"):
        check(np.array([0.0, 255.0] * 384).reshape(1, 16, 16, 3))


def test_no_picture_at_all_is_refused():
    with pytest.raises(DataError, match="no pictures"):
        check(np.zeros((0, 16, 16, 3), np.uint8))


@pytest.mark.parametrize("shape", [(16, 16, 3), (1, 16, 16, 4)])
def test_another_shape_is_refused_by_name(shape):
    with pytest.raises(ShapeError, match="A judge reads"):
        check(np.zeros(shape, np.uint8))


def test_only_pictures_of_one_colour_are_flat():
    black, drawn = np.zeros((2, 16, 16, 3), np.uint8)
    drawn = drawn.copy()
    drawn[4:8, 4:8] = 200
    assert is_flat(np.stack([black, drawn])).tolist() == [True, False]
    assert is_flat(np.stack([black, drawn]) / 255).tolist() == [True, False]


def test_blocks_have_one_size_and_lose_no_picture():
    images = np.arange(300, dtype=np.uint8)[:, None, None, None]
    cut = list(blocks(images))
    assert {len(block) for block in cut} == {128}
    assert np.array_equal(np.concatenate(cut)[:300], images)
