"""The decision, from verdicts that are made up."""

import dataclasses
import json
import math
from pathlib import Path

import pandas as pd
import pytest

from llmvis import config, evaluation
from llmvis.errors import DataError
from llmvis.evaluation import alignment
from llmvis.model_registry import gate, gate_page, measuring
from llmvis.model_registry.gate import Contender

GATE = dataclasses.replace(
    config.read(Path(__file__).parents[2] / "params.yaml").gate, min_prompts=50
)
MAIN = "alignment.test_unseen_scene.en.all_correct"
DIVERSITY = {"value": 0.5, "low": 0.45, "high": 0.55, "n": 100}
COPIES = {"value": 0.01, "low": 0.0, "high": 0.02, "n": 100}
COST = {"seconds_per_picture": 0.004, "parameters": 1000}


def rows(right, lang="en", *, colors=None, split="test_unseen_scene"):
    """One picture of each prompt: whether it is wholly right, and its colour."""
    colors = right if colors is None else colors
    return pd.DataFrame(
        {
            "split": split,
            "lang": lang,
            "prompt": f"prompt {i} in {lang}",
            "example_id": str(i),
            "seed": i,
            "num_things": 1,
            "all_correct": bool(good),
            "r_precision": 1.0,
            "verdicts": [
                {"about": "thing", "question": "A bird?", "holds": True},
                {"about": "color", "question": "Is it blue?", "holds": bool(color)},
            ],
        }
        for i, (good, color) in enumerate(zip(right, colors, strict=True))
    )


def contender(
    name, *tables, judge="judge", diversity=DIVERSITY, copies=COPIES, cost=COST
):
    table = pd.concat(tables, ignore_index=True)
    metrics = {"alignment": alignment.scores(table, seed=0)}
    metrics["seed_diversity"] = {"judge_features": diversity}
    metrics["memorisation"] = {"copies": copies}
    metrics["cost"] = cost
    return Contender(
        name=name, judge=judge, metrics=evaluation.plain(metrics), rows=table
    )


def decide(challenger, champion, **settings):
    changed = dataclasses.replace(GATE, **settings)
    return gate.decide(challenger, champion, changed, seed=0)


def share(right, of=100):
    """The first `right` of `of` prompts are right."""
    return [i < right for i in range(of)]


CHAMPION = contender("llmvis 1", rows(share(40)), rows(share(40), "zh"))
BETTER = contender("llmvis 2", rows(share(60)), rows(share(60), "zh"))


def test_a_challenger_that_is_surely_better_passes_with_every_number():
    decision = decide(BETTER, CHAMPION)

    assert decision.passed
    assert decision.verdict.startswith(f"passed: {MAIN} rises by +20.0 points (+1")
    assert decision.measured.main_score == MAIN
    assert decision.measured.challenger == pytest.approx(0.6)
    assert decision.measured.champion == pytest.approx(0.4)
    assert decision.measured.difference.value == pytest.approx(0.2)
    assert decision.measured.difference.n == 100
    assert [guard.name for guard in decision.measured.guards] == [
        "all_correct.en",
        "all_correct.zh",
        "thing",
        "color",
        "seed_diversity.judge_features",
        "memorisation.originals",
    ]


def test_an_equal_challenger_is_refused():
    decision = decide(dataclasses.replace(CHAMPION, name="llmvis 2"), CHAMPION)

    assert not decision.passed
    assert decision.measured.difference.value == 0.0
    assert "the low end is not above gate.margin" in decision.reason


def test_a_worse_challenger_is_refused():
    assert not decide(CHAMPION, BETTER).passed


def test_a_rise_that_may_be_chance_is_refused():
    slightly = contender("llmvis 2", rows(share(41)), rows(share(40), "zh"))

    assert not decide(slightly, CHAMPION).passed


def test_a_sure_rise_below_the_margin_is_refused():
    assert decide(BETTER, CHAMPION, margin=0.1).passed
    assert not decide(BETTER, CHAMPION, margin=0.2).passed


def test_a_challenger_that_is_worse_in_one_language_is_refused():
    mixed = contender("llmvis 2", rows(share(60)), rows(share(20), "zh"))
    decision = decide(mixed, CHAMPION)

    assert not decision.passed
    assert decision.measured.difference.low > 0
    assert "all_correct.zh changes by -20.0 points" in decision.reason


def test_a_challenger_that_is_worse_in_one_type_of_question_is_refused():
    before = rows(share(40), colors=share(90))
    after = rows(share(60), colors=share(60))
    decision = decide(contender("b", after), contender("a", before))

    assert [g.name for g in decision.measured.guards if g.is_worse] == ["color"]
    assert not decision.passed


def test_a_guarded_score_may_fall_by_as_much_as_the_margin_allows():
    before = rows(share(40), colors=share(90))
    after = rows(share(60), colors=share(60))
    found = decide(contender("b", after), contender("a", before), guard_margin=0.4)

    assert found.passed


def test_a_guarded_score_may_have_a_margin_of_its_own():
    before = rows(share(40), colors=share(90))
    after = rows(share(60), colors=share(60))
    pair = contender("b", after), contender("a", before)
    decision = decide(*pair, guard_margin=0.0, guard_margins={"color": 0.4})

    assert decision.passed
    assert "everything right" in gate_page.render(decision)
    strict = decide(*pair, guard_margin=0.4, guard_margins={"color": 0.1})
    assert not strict.passed
    assert "and gate.guard_margins.color allows -10.0" in strict.reason


def test_a_margin_of_a_score_that_is_not_guarded_is_refused_with_those_that_are():
    decision = decide(BETTER, CHAMPION, guard_margins={"colour": 0.1})

    assert not decision.passed
    assert "names ['colour'], and the guarded scores are" in decision.reason
    assert "'all_correct.en', 'all_correct.zh', 'color'" in decision.reason


FLAT = {"value": 0.01, "low": 0.0, "high": 0.02, "n": 100}
MANY = {"value": 0.31, "low": 0.25, "high": 0.37, "n": 100}


@pytest.mark.parametrize(
    ("figures", "objection"),
    [
        ({"diversity": FLAT}, "seed_diversity.judge_features changes by -49.0 points"),
        ({"copies": MANY}, "memorisation.originals changes by -30.0 points"),
    ],
)
def test_pictures_that_are_alike_or_copies_are_refused(figures, objection):
    same = contender("b", rows(share(60)), rows(share(60), "zh"), **figures)
    decision = decide(same, CHAMPION)

    assert not decision.passed
    assert objection in decision.reason


@pytest.mark.parametrize(
    ("cost", "says"),
    [
        (
            {"seconds_per_picture": 0.01},
            "seconds_per_picture is 0.01, 2.50 times the 0.004 of the champion, and "
            "gate.max_slowdown allows 2 times",
        ),
        (
            {"parameters": 2500},
            "parameters is 2500, 2.50 times the 1000 of the champion, and "
            "gate.max_growth allows 2 times",
        ),
    ],
)
def test_a_better_model_that_costs_too_much_is_refused_with_the_numbers(cost, says):
    costly = contender("b", rows(share(60)), rows(share(60), "zh"), cost=COST | cost)
    decision = decide(costly, CHAMPION, max_slowdown=2.0, max_growth=2.0)

    assert not decision.passed
    assert says in decision.reason
    assert decide(costly, CHAMPION, max_slowdown=2.5, max_growth=2.5).passed
    assert "Too much." in gate_page.render(decision)


@pytest.mark.parametrize("value", [None, 0.0, math.nan])
@pytest.mark.parametrize("name", ["seconds_per_picture", "parameters"])
def test_a_cost_that_one_of_the_two_does_not_know_is_refused(name, value):
    known = {key: kept for key, kept in COST.items() if key != name}
    cost = known if value is None else known | {name: value}
    unknown = contender("a", CHAMPION.rows, cost=cost)
    decision = decide(BETTER, unknown)

    assert not decision.passed
    assert f"cost.{name} of a is {value}" in decision.reason


def test_what_passes_awaits_approval_where_that_is_required():
    decision = decide(BETTER, CHAMPION, approval="required")

    assert decision.passed
    assert decision.verdict.startswith(f"awaits approval: {MAIN} rises by")
    assert "llmvis 2 awaits approval</h1>" in gate_page.render(decision)
    assert decide(CHAMPION, BETTER, approval="required").verdict.startswith("refused: ")


def test_too_few_prompts_are_refused_with_the_numbers():
    before, after = (rows(share(n, of=49)) for n in (0, 49))
    decision = decide(contender("b", after), contender("a", before))

    assert not decision.passed
    assert "on 49 prompts, and gate.min_prompts asks for 50" in decision.reason
    assert decide(contender("b", after), contender("a", before), min_prompts=49).passed


def test_another_judge_is_refused_and_both_are_named():
    other = contender("llmvis 2", BETTER.rows, judge="other")
    decision = decide(other, CHAMPION)

    assert not decision.passed
    assert "llmvis 2 was read by judge other" in decision.reason
    assert "llmvis 1 by judge judge" in decision.reason


def test_a_main_score_that_is_no_number_is_refused():
    figure = {"value": math.nan, "low": 0.0, "high": 1.0, "n": 100}
    metrics = {"alignment": {"test_unseen_scene": {"en": {"all_correct": figure}}}}
    for champion in (CHAMPION, None):
        decision = decide(dataclasses.replace(BETTER, metrics=metrics), champion)

        assert not decision.passed
        assert f"{MAIN} of llmvis 2 is nan" in decision.reason


def test_a_verdict_that_is_no_number_is_refused():
    broken = BETTER.rows.assign(r_precision=math.nan)
    decision = decide(dataclasses.replace(BETTER, rows=broken), CHAMPION)

    assert not decision.passed
    assert "are not finite" in decision.reason


def test_a_diversity_that_is_no_number_is_refused():
    broken = {**DIVERSITY, "value": math.nan}
    decision = decide(contender("b", BETTER.rows, diversity=broken), CHAMPION)

    assert not decision.passed
    assert "seed_diversity.judge_features of b is nan" in decision.reason


def test_a_figure_that_is_missing_is_refused_and_named():
    decision = decide(BETTER, CHAMPION, main_score="alignment.test.en.all_correct")

    assert not decision.passed
    assert "llmvis 2 have no figure alignment.test.en.all_correct" in decision.reason


def test_figures_that_one_side_lacks_are_refused_and_named():
    without = BETTER.rows.drop(columns="r_precision")
    decision = decide(dataclasses.replace(BETTER, rows=without), CHAMPION)

    assert not decision.passed
    assert "has figures for ['r_precision']" in decision.reason


def test_other_seeds_are_refused():
    moved = BETTER.rows.assign(seed=BETTER.rows["seed"] + 1)
    decision = decide(dataclasses.replace(BETTER, rows=moved), CHAMPION)

    assert not decision.passed
    assert "share no prompt with the same seed" in decision.reason


def test_of_a_first_model_only_the_minimum_is_asked():
    decision = decide(CHAMPION, None, minimum=0.4)

    assert decision.passed
    assert decision.champion is None
    assert decision.reason.startswith(f"It is the first model, and {MAIN} is 40.0%")
    assert not decide(CHAMPION, None, minimum=0.41).passed


def test_the_minimum_is_asked_of_a_better_challenger_too():
    decision = decide(BETTER, CHAMPION, minimum=0.7)

    assert not decision.passed
    assert f"{MAIN} is 60.0%, and gate.minimum asks for at least 70.0%" in (
        decision.reason
    )


def test_a_minimum_is_asked_of_any_figure_in_a_first_model_too():
    name = "alignment.test_unseen_scene.zh.color"
    for champion in (CHAMPION, None):
        assert decide(BETTER, champion, minima={name: 0.6}).passed
        decision = decide(BETTER, champion, minima={name: 0.61})

        assert not decision.passed
        assert f"{name} is 60.0%, and gate.minima.{name} asks for at least 61.0%" in (
            decision.reason
        )
        assert f"{name} 61" in gate_page.render(decision)


def test_a_minimum_of_a_figure_that_is_not_there_is_refused():
    decision = decide(BETTER, None, minima={"alignment.test.fr.color": 0.5})

    assert not decision.passed
    assert "have no figure alignment.test.fr.color" in decision.reason


def test_where_no_scene_is_known_the_captions_that_are_found_decide():
    unknown = ["num_things", "all_correct", "verdicts"]
    before, after = (
        rows(share(100), split="test").drop(columns=unknown).assign(r_precision=found)
        for found in (pd.Series(share(20)) * 1.0, pd.Series(share(50)) * 1.0)
    )
    decision = decide(contender("b", after), contender("a", before))

    assert decision.passed
    assert decision.measured.main_score == "alignment.test.en.r_precision"


def test_a_report_without_any_score_has_no_usual_one():
    with pytest.raises(DataError, match="nothing to decide by"):
        measuring.usual_score({"alignment": {}})


def test_a_decision_is_kept_as_json_and_as_a_page(tmp_path):
    mixed = contender("llmvis 2", rows(share(60)), rows(share(20), "zh"))
    decision = decide(mixed, CHAMPION)
    gate_page.write(decision, tmp_path)

    kept = json.loads((tmp_path / "gate.json").read_text())
    page = (tmp_path / "index.html").read_text()
    assert kept["verdict"] == decision.verdict
    assert kept["measured"]["difference"]["value"] == pytest.approx(0.2)
    assert kept["measured"]["guards"][1]["is_worse"] is True
    assert kept["config"]["min_prompts"] == 50
    assert "llmvis 2 was refused" in page
    assert "Guarded: everything right, Chinese" in page
    assert "http" not in page


def test_a_refusal_without_numbers_has_a_page_too():
    decision = decide(dataclasses.replace(BETTER, judge="other"), CHAMPION)

    assert "was read by judge other" in gate_page.render(decision)
