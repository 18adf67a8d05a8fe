"""What must be true of the judge in data/judge, once `llmvis judge` has made it."""

from pathlib import Path

import numpy as np
import pytest

from llmvis import judges, storage
from llmvis.evaluation.judge_order import unnoticed
from llmvis.evaluation.sensitivity import sensitivity_table
from llmvis.evaluation.word_regression import regressed_pictures
from llmvis.records import Scene

ROOT = Path(__file__).parents[2]
EXAMPLES, JUDGE = ROOT / "data" / "examples", ROOT / "data" / "judge"
NUM_PICTURES = 300
TESTS = ("test_seen", "test_unseen_scene", "test_unseen_binding")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not JUDGE.exists(), reason="no judge has been trained here"),
]


@pytest.fixture(scope="module")
def judge():
    trained = judges.load(JUDGE)
    if trained.scene is None:
        pytest.skip("the examples do not tell what is in their pictures")
    return trained


@pytest.fixture(scope="module")
def table(judge):
    images = storage.read_images(EXAMPLES, "test_seen", NUM_PICTURES)
    rows = storage.read_table(EXAMPLES, "test_seen", ["scene"]).scene[:NUM_PICTURES]
    scenes = [Scene.from_json(text) for text in rows]
    captions = storage.read_captions(EXAMPLES, "test_seen")[:NUM_PICTURES]
    regressed = regressed_pictures(EXAMPLES, [texts[0] for texts in captions])
    rows = sensitivity_table(judge, images, scenes, regressed, 0)
    return {row["change"]: row for row in rows}


@pytest.mark.parametrize("split", TESTS)
def test_real_pictures_are_read_fully_right(judge, split):
    assert judge.error["scene"][split]["all_correct"]["value"] >= 0.995


@pytest.mark.parametrize("split", TESTS)
def test_wrong_prompts_are_noticed(judge, split):
    assert judge.error["scene"][split]["rejects_wrong"]["value"] >= 0.99


@pytest.mark.parametrize("split", TESTS)
def test_confidences_are_calibrated(judge, split):
    assert judge.error["scene"][split]["calibration_error"] <= 0.05


def test_nothing_is_as_right_as_the_real_picture(table):
    real = next(iter(table.values()))
    for row in list(table.values())[1:]:
        assert row["all_correct"].high < real["all_correct"].low, row
        assert row["mean_confidence"].high < real["mean_confidence"].low, row


def test_the_order_holds(table):
    assert unnoticed(list(table.values())) == []


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
        "gray",
        "noise",
        "black",
        "pictures of a regression",
    ],
)
def test_what_is_plainly_wrong_is_almost_never_called_all_correct(table, change):
    assert table[change]["all_correct"].value <= 0.01


# Large things can still be told in a blurred picture, or under noise; a regression
# draws blots that look like some.
@pytest.mark.parametrize(
    ("change", "most"),
    [
        ("wrong kind", 0.01),
        ("wrong colour", 0.01),
        ("wrong size", 0.01),
        ("wrong count", 0.01),
        ("swapped relation", 0.01),
        ("wrong background", 0.01),
        ("removed thing", 0.01),
        ("added thing", 0.01),
        ("shuffled captions", 0.01),
        ("gray", 0.01),
        ("blur", 0.45),
        ("noise", 0.5),
        ("black", 0.01),
        ("pictures of a regression", 0.25),
    ],
)
def test_the_question_that_was_made_wrong_is_answered_with_no(table, change, most):
    assert table[change]["still_yes"].value <= most


def test_few_blurred_pictures_are_called_all_correct(table):
    assert table["blur"]["all_correct"].value <= 0.2


def test_the_general_judge_is_far_above_shuffled_captions(judge):
    for split in TESTS:
        for figures in judge.error["general"][split].values():
            low, floor = figures["r_precision"]["low"], figures["r_precision_floor"]
            assert low > floor["high"]


def test_a_flat_picture_is_never_all_correct_or_silently_wrong(judge):
    flat = np.full((2, 64, 64, 3), 255, np.uint8)
    rows = storage.read_table(EXAMPLES, "test_seen", ["scene"]).scene[:2]
    for verdicts in judge.judge_scenes(flat, [Scene.from_json(r) for r in rows]):
        assert not any(one.holds for one in verdicts[:-1])
        assert verdicts[0].reason == "the picture is one flat colour"
