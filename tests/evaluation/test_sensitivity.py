from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from llmvis import config
from llmvis.datasets import scenes
from llmvis.errors import DataError
from llmvis.evaluation.judge_order import order_note, unnoticed
from llmvis.evaluation.sensitivity import sensitivity_table
from llmvis.judges import altering
from llmvis.judges.answering import answer
from llmvis.judges.reading import of_truth
from llmvis.records import Scene, Thing

INGEST = config.read(Path(__file__).parents[2] / "params.yaml").ingest
SCENES = [scenes.make_scene("train", number, INGEST) for number in range(20)]
# Pictures that carry nothing but their number.
NUMBERED = np.arange(20, dtype=np.uint8)[:, None, None, None]


class NeverWrong:
    """A judge who knows by its number what each picture shows."""

    def judge_scenes(self, images, asked):
        return [
            answer(of_truth(SCENES[int(image.flat[0]) % 20]), scene, box_spread=0.0)
            for image, scene in zip(images, asked, strict=True)
        ]


def rows():
    table = sensitivity_table(NeverWrong(), NUMBERED, SCENES, NUMBERED, seed=0)
    return {row["change"]: row for row in table}


def test_real_pictures_come_first_and_are_all_correct():
    row = next(iter(rows().values()))
    assert row["change"] == "none (real pictures)"
    assert row["all_correct"].value == 1
    assert row["all_correct"].n == 20


@pytest.mark.parametrize(
    "change",
    [
        "wrong kind",
        "wrong colour",
        "wrong size",
        "wrong count",
        "swapped relation",
        "wrong background",
        "removed thing",
        "added thing",
        "shuffled captions",
    ],
)
def test_every_change_of_what_is_asked_is_wrong_to_who_knows_the_truth(change):
    row = rows()[change]
    assert row["all_correct"].value == 0
    assert row["still_yes"].value == 0
    assert row["expected"] == "low"


class SaysYes:
    """A judge who says yes to all, save one type of question."""

    def __init__(self, refuses):
        self._refuses = refuses

    def judge_scenes(self, images, asked):  # noqa: ARG002
        return [
            tuple(
                replace(one, holds=one.question.about != self._refuses)
                for one in answer(of_truth(scene), scene, box_spread=0.0)
            )
            for scene in asked
        ]


def test_only_the_questions_that_a_change_made_wrong_are_counted():
    table = sensitivity_table(SaysYes("color"), NUMBERED, SCENES, NUMBERED, seed=0)
    assert table[0]["still_yes"] is None
    still_yes = {row["change"]: row["still_yes"].value for row in table[1:]}
    # All say yes but the changed questions of colour, whatever else is asked.
    assert still_yes.pop("wrong colour") == still_yes.pop("gray") == 0
    assert set(still_yes.values()) == {1}


def test_what_a_judge_does_not_notice_is_named():
    seeing = sensitivity_table(NeverWrong(), NUMBERED, SCENES, NUMBERED, seed=0)
    blind = sensitivity_table(SaysYes(""), NUMBERED, SCENES, NUMBERED, seed=0)
    # Its pictures are numbers, which blur and noise leave as they are.
    assert "wrong colour" not in unnoticed(seeing)
    assert unnoticed(blind) == [row["change"] for row in blind[1:]]
    assert "wrong colour, wrong size" in order_note(blind)[0]
    assert order_note([]) == order_note(blind[:1]) == []


def test_a_picture_without_hues_has_no_colour_to_lose():
    white = Thing(kind="bird", color="white", size=None, count=1, boxes=((0, 0, 1, 1),))
    scenes_of_white = [Scene(things=(white,), relations=(), background=None)] * 2
    images = NUMBERED[:2]
    table = sensitivity_table(SaysYes(""), images, scenes_of_white, images, seed=0)
    assert "gray" not in {row["change"] for row in table}


def test_one_picture_cannot_have_its_caption_shuffled():
    one = NUMBERED[:1]
    with pytest.raises(DataError, match="at least 2"):
        sensitivity_table(NeverWrong(), one, SCENES[:1], one, seed=0)


@pytest.mark.parametrize(
    "spoil", [altering.blurred, altering.noisy, altering.gray, altering.black]
)
def test_spoiled_pictures_keep_their_shape_and_type(spoil):
    images = np.stack([scenes.read_item(("train", 0), INGEST).image])
    spoiled = spoil(images, 0)
    assert spoiled.shape == images.shape
    assert spoiled.dtype == np.uint8
    assert not np.array_equal(spoiled, images)


def test_a_scene_of_one_thing_has_none_to_leave_out():
    alone = next(scene for scene in SCENES if len(scene.things) == 1)
    assert altering.one_thing_less(alone, Random(0)) is None
    assert altering.swapped_relation(alone, Random(0)) is None
