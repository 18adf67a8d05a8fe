import itertools

import pytest

from llmvis.errors import ConfigError
from llmvis.prompts.lexicon import RELATIONS
from llmvis.prompts.relations import CONVERSE, holds, union

TABLE = (0.3, 0.6, 0.7, 0.9)
ON_IT = (0.4, 0.4, 0.6, 0.6)
HIGH_OVER_IT = (0.4, 0.1, 0.6, 0.3)
NEXT_TO_IT = (0.1, 0.6, 0.25, 0.9)
FAR_FROM_IT = (0.0, 0.6, 0.04, 0.9)


@pytest.mark.parametrize(
    ("box", "true"),
    [
        (ON_IT, {"on", "above"}),
        (HIGH_OVER_IT, {"above"}),
        (NEXT_TO_IT, {"left_of", "next_to"}),
        (FAR_FROM_IT, {"left_of"}),
        ((0.75, 0.7, 0.95, 0.9), {"right_of", "next_to"}),
        ((0.4, 0.9, 0.6, 1.0), {"under", "below"}),
    ],
)
def test_exactly_these_relations_hold_to_the_table(box, true):
    assert {name for name in RELATIONS if holds(name, box, TABLE)} == true


def lifted(pixels, height=0.2):
    return (0.4, 0.6 - height - pixels / 64, 0.6, 0.6 - pixels / 64)


def test_up_to_three_pixels_of_gap_or_five_of_overlap_touch():
    assert holds("on", lifted(3), TABLE)
    assert holds("on", lifted(-5), TABLE)
    assert not holds("on", lifted(4), TABLE)
    assert not holds("on", lifted(-6), TABLE)


def test_what_is_hidden_by_more_than_half_is_not_on_it():
    assert holds("on", lifted(-5, height=10 / 64), TABLE)
    assert not holds("on", lifted(-5, height=9 / 64), TABLE)


def test_things_that_meet_only_at_a_corner_stand_in_no_relation():
    assert not any(holds(name, (0.1, 0.3, 0.31, 0.59), TABLE) for name in RELATIONS)


def test_a_thing_inside_another_stands_in_no_relation():
    assert not any(holds(name, (0.4, 0.7, 0.5, 0.8), TABLE) for name in RELATIONS)


def test_a_relation_holds_exactly_when_its_converse_does():
    boxes = (TABLE, ON_IT, HIGH_OVER_IT, NEXT_TO_IT, FAR_FROM_IT)
    for name, (a, b) in itertools.product(RELATIONS, itertools.permutations(boxes, 2)):
        assert holds(name, a, b) == holds(CONVERSE[name], b, a)


def test_copies_of_a_thing_count_as_their_union():
    assert union([(0.1, 0.5, 0.2, 0.6), (0.3, 0.4, 0.35, 0.7)]) == (0.1, 0.4, 0.35, 0.7)


def test_an_unknown_relation_is_named_beside_those_that_exist():
    with pytest.raises(ConfigError, match=r"behind.*next_to"):
        holds("behind", ON_IT, TABLE)
