import numpy as np
import pytest

from llmvis.image_tokenizers.places import (
    ABOVE,
    BELOW,
    LEFT,
    RIGHT,
    in_order,
    to_boxes,
    to_places,
)

SCALE = {"unit": 1, "size": 64, "most": 224}
ZERO = SCALE["most"] // 2
BOXES = np.array([[[20, 5, 31, 20], [16, 20, 36, 50], [0, 60, 64, 64]]])
EACH_BY_THE_LAST = np.zeros((1, 3), int)


def there_and_back(boxes, between, scale=SCALE):
    places = to_places(boxes, between, **scale)
    there = np.ones(boxes.shape[:2], "int32")
    return np.asarray(to_boxes(places, between, there, **scale))


def test_places_become_the_same_boxes():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 40, (200, 4, 2))
    boxes = np.concatenate([corners, corners + rng.integers(4, 25, (200, 4, 2))], -1)
    between = rng.integers(0, [1, 1, 2, 3], (200, 4))
    sides = to_places(boxes, between, **SCALE)[..., 0]
    assert set(sides.ravel()) == {ABOVE, BELOW, LEFT, RIGHT}
    assert there_and_back(boxes, between).tolist() == boxes.tolist()


def test_what_stands_on_something_has_the_same_place_everywhere():
    moved = BOXES + np.array([7, 9, 7, 9])
    on, on_moved = (to_places(b, EACH_BY_THE_LAST, **SCALE) for b in (BOXES, moved))
    assert on[0, 1:].tolist() == on_moved[0, 1:].tolist()
    side, _, _, gap, shift = on[0, 1]
    assert (side, gap, shift) == (BELOW, ZERO, ZERO + 1)


def test_beside_is_told_by_the_gap_and_the_ground():
    boxes = np.array([[[10, 30, 20, 40], [25, 10, 45, 42], [2, 30, 8, 40]]])
    _, right, left = to_places(boxes, np.array([[0, 0, 1]]), **SCALE)[0]
    assert (right[0], right[3], right[4]) == (RIGHT, ZERO + 5, ZERO + 2)
    assert (left[0], left[3], left[4]) == (LEFT, ZERO + 2, ZERO)


def test_no_thing_has_no_size():
    places = to_places(BOXES, EACH_BY_THE_LAST, **SCALE)
    there = np.array([[1, 1, 0]], "int32")
    boxes = np.asarray(to_boxes(places, EACH_BY_THE_LAST, there, **SCALE))
    assert boxes[0, :2].tolist() == BOXES[0, :2].tolist()
    assert (boxes[0, 2, 2:] == boxes[0, 2, :2]).all()


def test_what_points_before_the_first_thing_means_it():
    boxes = there_and_back(BOXES, np.array([[0, 9, 9]]))
    assert boxes.tolist() == BOXES.tolist()


@pytest.mark.parametrize("size", [128, 256])
def test_large_pictures_keep_places_within_a_step(size):
    unit = -(-2 * size // 224)
    scale = {"unit": unit, "size": size, "most": 224}
    boxes = BOXES * size // 64
    again = there_and_back(boxes, EACH_BY_THE_LAST, scale)
    assert np.abs(again - boxes).max() <= unit


LEFTMOST, MIDDLE, RIGHTMOST = (2, 40, 12, 50), (16, 40, 26, 50), (30, 20, 40, 52)
ON_THE_MIDDLE = (16, 31, 26, 41)


def test_the_order_starts_at_the_thing_that_most_others_stand_by():
    boxes = [RIGHTMOST, LEFTMOST, ON_THE_MIDDLE, MIDDLE]
    order, between = in_order(boxes)
    assert order == [3, 2, 1, 0]  # the nearest next
    assert between == [0, 0, 1, 2]  # all of them stand by the middle one


def test_several_of_a_kind_come_together():
    row = [(2 + 11 * i, 40, 12 + 11 * i, 50) for i in range(3)]
    above_the_last = (24, 20, 34, 32)
    order, _ = in_order([above_the_last, *row])
    assert order[-1] == 0


@pytest.mark.parametrize("higher", [-2, 0, 2])
def test_what_is_left_of_another_comes_first_however_high_it_is(higher):
    assert in_order([(16, 40 - higher, 26, 50 - higher), LEFTMOST])[0] == [1, 0]


@pytest.mark.parametrize(("boxes", "order"), [([], []), ([MIDDLE], [0])])
def test_few_things_have_an_order_too(boxes, order):
    assert in_order(boxes) == (order, [0] * len(order))
