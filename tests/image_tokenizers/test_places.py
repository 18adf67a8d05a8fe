import numpy as np
import pytest

from llmvis.image_tokenizers.places import to_boxes, to_places

SCALE = {"unit": 1, "size": 64, "most": 224}
BOXES = np.array([[[20, 5, 31, 20], [16, 20, 36, 50], [0, 60, 64, 64]]])


def test_places_become_the_same_boxes():
    there = np.ones(BOXES.shape[:2], "int32")
    boxes = np.asarray(to_boxes(to_places(BOXES, **SCALE), there, **SCALE))
    assert boxes.tolist() == BOXES.tolist()


def test_what_stands_on_something_has_the_same_place_everywhere():
    moved = BOXES + np.array([7, 9, 7, 9])
    on, on_moved = to_places(BOXES, **SCALE), to_places(moved, **SCALE)
    assert on[0, 1:].tolist() == on_moved[0, 1:].tolist()
    assert on[0, 1, 3] == SCALE["most"] // 2  # nothing between them


def test_no_thing_has_no_size_and_moves_nothing():
    places = to_places(BOXES, **SCALE)
    there = np.array([[1, 0, 1]], "int32")
    boxes = np.asarray(to_boxes(places, there, **SCALE))
    assert (boxes[0, 1, 2:] == boxes[0, 1, :2]).all()
    assert boxes[0, 0].tolist() == BOXES[0, 0].tolist()


@pytest.mark.parametrize("size", [128, 256])
def test_large_pictures_keep_places_within_a_step(size):
    unit = -(-2 * size // 224)
    scale = {"unit": unit, "size": size, "most": 224}
    boxes = BOXES * size // 64
    there = np.ones(boxes.shape[:2], "int32")
    again = np.asarray(to_boxes(to_places(boxes, **scale), there, **scale))
    assert np.abs(again - boxes).max() <= unit
