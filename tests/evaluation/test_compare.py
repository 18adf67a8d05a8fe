import pandas as pd
import pytest

from llmvis.errors import MismatchError
from llmvis.evaluation import compare
from llmvis.evaluation.compare import language_gaps


def rows(right, lang="en", seed=1):
    return pd.DataFrame(
        {
            "split": "test_seen",
            "lang": lang,
            "prompt": f"prompt {i} in {lang}",
            "example_id": str(i),
            "seed": seed,
            "num_things": 1,
            "all_correct": bool(good),
            "verdicts": [
                {"about": "thing", "question": "A bird?", "holds": True},
                {"about": "color", "question": "Is it blue?", "holds": bool(good)},
            ],
        }
        for i, good in enumerate(right)
    )


def test_a_model_that_is_better_everywhere_is_surely_better():
    found = compare(rows([0] * 20), rows([1] * 20), seed=0)

    assert found.overall["all_correct"].value == 1.0
    assert found.overall["all_correct"].low > 0.5
    assert found.wins["color"] == (0, 20)
    assert found.wins["thing"] == (0, 0)
    assert len(found.only_b) == 20
    assert found.only_a.empty


def test_models_of_unknown_scenes_are_compared_by_what_their_captions_find():
    worse, better = (
        rows(found).drop(columns=["num_things", "all_correct", "verdicts"])
        for found in ([0] * 20, [1] * 20)
    )
    worse["r_precision"], better["r_precision"] = 0.0, 1.0
    found = compare(worse, better, seed=0)

    assert found.overall["r_precision"].value == 1.0
    assert found.num_pairs == len(found.only_b) == 20


def test_a_question_that_one_prompt_alone_asks_has_no_figure():
    asked = rows([0, 1] * 10)
    asked.at[0, "verdicts"] = [{"about": "size", "question": "Big?", "holds": True}]
    found = compare(asked, asked, seed=0)

    assert "size" not in found.overall
    assert found.overall["color"].n == 19


def test_pairing_shows_a_gain_that_two_separate_intervals_hide():
    worse = [i % 2 for i in range(60)]
    better = [1 if i < 12 else good for i, good in enumerate(worse)]
    gain = compare(rows(worse), rows(better), seed=0).overall["all_correct"]

    assert gain.value == pytest.approx(0.1)
    assert gain.low > 0


def test_a_model_against_itself_may_be_off_either_way():
    gain = compare(rows([0, 1] * 10), rows([0, 1] * 10), 0).overall["all_correct"]

    assert gain.value == 0.0
    assert gain.low < 0 < gain.high


def test_a_question_that_a_prompt_raises_twice_is_compared_with_itself_alone():
    twice = rows([1] * 20)
    twice["verdicts"] = [
        [
            {"about": "thing", "question": "Is there a key?", "holds": holds}
            for holds in (True, False)
        ]
    ] * 20
    found = compare(twice, twice, seed=0)

    assert found.wins["thing"] == (0, 0)
    assert found.by_split["test_seen"]["en"]["thing"].value == 0.0


def test_only_prompts_that_both_were_asked_count():
    found = compare(rows([1] * 10), rows([1] * 6), seed=0)

    assert found.num_pairs == 6


def test_reports_with_other_seeds_cannot_be_compared():
    with pytest.raises(MismatchError, match=r"same evaluate\.seed"):
        compare(rows([1] * 4, seed=1), rows([1] * 4, seed=2), seed=0)


def test_languages_are_compared_on_the_same_pictures():
    both = pd.concat([rows([1] * 10), rows([1] * 8 + [0] * 4, lang="zh")])
    (gap,) = language_gaps(both, "all_correct", ("en", "zh"), seed=0)

    assert gap.difference.n == 10
    assert gap.difference.value == pytest.approx(-0.2)


def test_one_language_alone_has_no_gap():
    assert language_gaps(rows([1] * 5), "all_correct", ("en", "zh"), seed=0) == []
