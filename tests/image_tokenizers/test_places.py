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


def all_different(boxes):
    return np.tile(np.eye(boxes.shape[1], dtype=bool), (len(boxes), 1, 1))


def there_and_back(boxes, between, scale=SCALE, alike=None):
    alike = all_different(boxes) if alike is None else alike
    places = to_places(boxes, between, alike, **scale)
    there = np.ones(boxes.shape[:2], "int32")
    return np.asarray(to_boxes(places, between, there, alike.astype("int32"), **scale))


def test_places_become_the_same_boxes():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 40, (200, 4, 2))
    boxes = np.concatenate([corners, corners + rng.integers(4, 25, (200, 4, 2))], -1)
    between = rng.integers(0, [1, 1, 2, 3], (200, 4))
    labels = rng.integers(0, 2, (200, 4))
    alike = labels[:, :, None] == labels[:, None]
    sides = to_places(boxes, between, alike, **SCALE)[..., 0]
    assert set(sides.ravel()) == {ABOVE, BELOW, LEFT, RIGHT}
    assert there_and_back(boxes, between).tolist() == boxes.tolist()
    assert there_and_back(boxes, between, alike=alike).tolist() == boxes.tolist()


def test_what_stands_on_something_has_the_same_place_everywhere():
    moved = BOXES + np.array([7, 9, 7, 9])
    on, on_moved = (
        to_places(b, EACH_BY_THE_LAST, all_different(b), **SCALE)
        for b in (BOXES, moved)
    )
    assert on[0, 1:].tolist() == on_moved[0, 1:].tolist()
    side, _, _, gap, shift = on[0, 1]
    assert (side, gap, shift) == (BELOW, ZERO, ZERO + 1)


def test_beside_is_told_by_the_gap_and_the_ground():
    boxes = np.array([[[10, 30, 20, 40], [25, 10, 45, 42], [2, 30, 8, 40]]])
    _, right, left = to_places(
        boxes, np.array([[0, 0, 1]]), all_different(boxes), **SCALE
    )[0]
    assert (right[0], right[3], right[4]) == (RIGHT, ZERO + 5, ZERO + 2)
    assert (left[0], left[3], left[4]) == (LEFT, ZERO + 2, ZERO)


def test_no_thing_has_no_size():
    alike = all_different(BOXES)
    places = to_places(BOXES, EACH_BY_THE_LAST, alike, **SCALE)
    there = np.array([[1, 1, 0]], "int32")
    alike = alike.astype("int32")
    boxes = np.asarray(to_boxes(places, EACH_BY_THE_LAST, there, alike, **SCALE))
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
    order, between = in_order(boxes, np.eye(4, dtype=bool))
    assert order == [3, 2, 1, 0]  # the nearest next
    assert between == [0, 0, 1, 2]  # all of them stand by the middle one


PAIR = [(10, 40, 20, 50), (40, 40, 50, 50)]


def test_copies_of_one_thing_come_together_though_another_is_nearer():
    between_them = (24, 40, 36, 50)
    alike = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], bool)
    order, between = in_order([PAIR[0], between_them, PAIR[1]], alike)
    assert order == [0, 2, 1]
    assert between == [0, 0, 0]


@pytest.mark.parametrize("apart", [0, 8])
def test_on_two_copies_has_the_same_place_however_far_apart_they_are(apart):
    left, right = PAIR[0], (22 + apart, 40, 32 + apart, 50)
    middle = (left[0] + right[2]) // 2
    on_both = (middle - 6, 28, middle + 6, 40)
    boxes = np.array([[left, right, on_both]])
    alike = np.array([[[1, 1, 0], [1, 1, 0], [0, 0, 1]]], bool)
    side, _, _, gap, shift = to_places(boxes, EACH_BY_THE_LAST, alike, **SCALE)[0, 2]
    assert (side, gap, shift) == (ABOVE, ZERO, ZERO)


def test_the_copy_nearest_to_what_they_stand_by_comes_first():
    house, birds = (40, 20, 60, 50), [(5, 40, 15, 50), (28, 40, 38, 50)]
    alike = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1]], bool)
    far_away = (40, 0, 60, 10)  # makes the house the one that most are joined to
    alike = np.pad(alike, (0, 1))
    alike[3, 3] = True
    assert in_order([house, *birds, far_away], alike)[0] == [0, 2, 1, 3]


@pytest.mark.parametrize("higher", [-2, 0, 2])
def test_what_is_left_of_another_comes_first_however_high_it_is(higher):
    boxes = [(16, 40 - higher, 26, 50 - higher), LEFTMOST]
    assert in_order(boxes, np.eye(2, dtype=bool))[0] == [1, 0]


@pytest.mark.parametrize(("boxes", "order"), [([], []), ([MIDDLE], [0])])
def test_few_things_have_an_order_too(boxes, order):
    alike = np.eye(len(boxes), dtype=bool)
    assert in_order(boxes, alike) == (order, [0] * len(order))
