import numpy as np

from llmvis.evaluation.confusion import NOTHING, as_matrix, confusions
from llmvis.records import Scene, Thing


def scene(*things):
    return Scene(
        things=tuple(
            Thing(kind=kind, color=color, size=None, count=1) for color, kind in things
        ),
        relations=(),
        background=None,
    )


def test_right_things_are_paired_whatever_their_order():
    asked = scene(("blue", "bird"), ("red", "flower"))
    kinds, colors = confusions([asked], [scene(("red", "flower"), ("blue", "bird"))])

    assert kinds == {("bird", "bird"): 1, ("flower", "flower"): 1}
    assert colors == {("blue", "blue"): 1, ("red", "red"): 1}


def test_what_stands_in_the_place_of_a_thing_is_taken_for_it():
    asked = scene(("blue", "bird"), ("red", "flower"))
    kinds, colors = confusions([asked], [scene(("blue", "fish"), ("pink", "flower"))])

    assert kinds == {("bird", "fish"): 1, ("flower", "flower"): 1}
    assert colors == {("red", "pink"): 1}


def test_a_thing_that_is_not_there_is_taken_for_nothing():
    kinds, _ = confusions([scene(("blue", "bird"))], [scene()])

    assert kinds == {("bird", NOTHING): 1}


def test_a_colour_nobody_asked_for_cannot_be_wrong():
    _, colors = confusions([scene((None, "bird"))], [scene(("blue", "bird"))])

    assert not colors


def test_each_row_of_the_matrix_adds_up_to_one():
    kinds, _ = confusions(
        [scene(("blue", "bird"))] * 4,
        [scene(("blue", kind)) for kind in ("bird", "bird", "fish", "cat")],
    )
    matrix, rows = as_matrix(kinds, ["bird", "fish", "cat"])

    assert rows == ["bird"]
    assert np.array_equal(matrix, [[0.5, 0.5]])
