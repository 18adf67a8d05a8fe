from dataclasses import replace

import numpy as np
import pytest

from llmvis.errors import PromptError
from llmvis.judges.answering import answer
from llmvis.judges.reading import of_truth
from llmvis.records import Relation, Scene, Thing

LEFT, RIGHT = (0.1, 0.4, 0.3, 0.6), (0.5, 0.4, 0.7, 0.6)
TOP, BOTTOM = (0.4, 0.2, 0.6, 0.4), (0.4, 0.4, 0.6, 0.6)


def thing(kind, color, *boxes, size="small", count=None):
    number = count if count is not None else len(boxes)
    return Thing(kind=kind, color=color, size=size, count=number, boxes=boxes)


def scene(*things, relations=(), background="meadow"):
    return Scene(
        things=things,
        relations=tuple(Relation(*told) for told in relations),
        background=background,
    )


def answers(shown, asked):
    """Whether each question holds, by what it is about, and the reasons."""
    verdicts = answer(of_truth(shown), asked, box_spread=0.02)
    holds = {}
    for one in verdicts:
        holds.setdefault(one.question.about, []).append(one.holds)
    return holds, [one.reason for one in verdicts if not one.holds]


BIRD_ON_FLOWER = scene(
    thing("bird", "blue", TOP),
    thing("flower", "red", BOTTOM),
    relations=[(0, "on", 1)],
)


def test_what_is_asked_for_and_nothing_else_is_all_correct():
    verdicts = answer(of_truth(BIRD_ON_FLOWER), BIRD_ON_FLOWER, box_spread=0.0)
    assert all(one.holds for one in verdicts)
    assert [one.question.about for one in verdicts][-3:] == [
        "relation",
        "background",
        "extra",
    ]


def test_a_thing_of_another_kind_is_named_in_its_place_and_is_not_extra():
    shown = scene(thing("fish", "blue", TOP))
    holds, reasons = answers(shown, scene(thing("bird", "blue", count=1)))
    assert holds["thing"] == [False]
    assert holds["extra"] == [True]
    assert reasons[0] == "expected a small blue bird, found a small blue fish"


def test_a_wrong_colour_fails_the_colour_alone():
    shown = scene(thing("bird", "red", TOP))
    holds, reasons = answers(shown, scene(thing("bird", "blue", count=1)))
    assert [about for about, held in holds.items() if not all(held)] == ["color"]
    assert reasons == ["expected a small blue bird, found a small red bird"]


def test_a_missing_copy_fails_the_count_alone():
    shown = scene(thing("bird", "blue", LEFT, RIGHT))
    holds, reasons = answers(shown, scene(thing("bird", "blue", count=3)))
    assert [about for about, held in holds.items() if not all(held)] == ["count"]
    assert reasons == ["expected three small blue birds, found two"]


def test_a_relation_the_other_way_round_does_not_hold():
    asked = replace(BIRD_ON_FLOWER, relations=(Relation(0, "under", 1),))
    holds, reasons = answers(BIRD_ON_FLOWER, asked)
    assert [about for about, held in holds.items() if not all(held)] == ["relation"]
    assert reasons == ["expected a blue bird under a red flower, found it on it"]


def test_questions_about_a_thing_that_is_not_there_fail_with_its_reason():
    shown = scene(thing("flower", "red", BOTTOM))
    holds, reasons = answers(shown, BIRD_ON_FLOWER)
    assert holds["thing"] == holds["color"] == holds["size"] == [False, True]
    assert holds["relation"] == [False]
    assert set(reasons) == {"expected a small blue bird, found none"}


def test_a_thing_nobody_asked_for_fails_extra_alone():
    asked = scene(thing("bird", "blue", count=1))
    shown = scene(thing("bird", "blue", TOP), thing("tree", "green", LEFT))
    holds, reasons = answers(shown, asked)
    assert [about for about, held in holds.items() if not all(held)] == ["extra"]
    assert reasons == ["found a small green tree that the prompt does not ask for"]


def test_what_is_not_said_may_be_anything():
    asked = Scene(
        things=(Thing(kind="bird", color=None, size=None, count=1),),
        relations=(),
        background=None,
    )
    holds, _ = answers(scene(thing("bird", "pink", TOP, size="large")), asked)
    assert holds == {"thing": [True], "count": [True], "extra": [True]}


def test_copies_of_several_colours_are_one_thing_where_no_colour_is_asked():
    shown = scene(thing("apple", "red", LEFT), thing("apple", "green", RIGHT))
    holds, _ = answers(shown, scene(thing("apple", None, count=2)))
    assert holds["count"] == holds["extra"] == [True]


def test_two_things_alike_are_told_apart_by_where_they_stand():
    shown = scene(thing("bird", "red", RIGHT), thing("bird", "blue", LEFT))
    asked = scene(
        thing("bird", None, count=1),
        thing("bird", None, count=1),
        relations=[(0, "left_of", 1)],
    )
    holds, _ = answers(shown, asked)
    assert holds["relation"] == [True]


def test_the_best_assignment_is_found_and_not_the_first():
    shown = scene(thing("bird", "red", LEFT), thing("bird", "blue", RIGHT))
    asked = scene(thing("bird", "blue", count=1), thing("bird", "red", count=1))
    holds, _ = answers(shown, asked)
    assert holds["color"] == [True, True]


def test_another_background_is_named():
    shown = scene(thing("bird", "blue", TOP), background="night")
    _, reasons = answers(shown, scene(thing("bird", "blue", count=1)))
    assert reasons == ["expected it in a meadow, found it at night"]


def test_a_flat_picture_fails_every_question_and_says_why():
    reading = replace(of_truth(BIRD_ON_FLOWER), seen=(), is_flat=True)
    verdicts = answer(reading, BIRD_ON_FLOWER, box_spread=0.0)[:-1]
    assert not any(one.holds for one in verdicts)
    assert {one.reason for one in verdicts} == {"the picture is one flat colour"}


def test_a_relation_near_its_threshold_is_less_certain():
    near = scene(
        thing("bird", "blue", (0.4, 0.2, 0.6, 0.4)),
        thing("flower", "red", (0.4, 0.4 + 2.9 / 64, 0.6, 0.7)),
        relations=[(0, "on", 1)],
    )
    sure, unsure = (
        next(
            one.confidence
            for one in answer(of_truth(shown), shown, box_spread=0.01)
            if one.question.about == "relation"
        )
        for shown in (BIRD_ON_FLOWER, near)
    )
    assert sure > 0.9 > unsure > 0.3


def test_confidence_in_a_count_is_that_of_exactly_so_many():
    reading = of_truth(scene(thing("bird", "blue", LEFT, RIGHT)))
    unsure = tuple(replace(one, present=0.8) for one in reading.seen)
    verdicts = answer(
        replace(reading, seen=unsure),
        scene(thing("bird", "blue", count=1)),
        box_spread=0.0,
    )
    count = next(one for one in verdicts if one.question.about == "count")
    assert np.isclose(count.confidence, 2 * 0.8 * 0.2)


def test_a_scene_that_asks_for_nothing_is_refused():
    with pytest.raises(PromptError, match="empty"):
        answer(
            of_truth(BIRD_ON_FLOWER), Scene(things=(), relations=(), background=None), 0
        )
