"""Versions of a real registry at the gate; what they draw is made up."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from llmvis import config, evaluation, storage
from llmvis.errors import RegistryError, ShapeError
from llmvis.evaluation import alignment
from llmvis.model_registry import champions, smoke_test, timing, trial, versions
from llmvis.model_registry import store as stores
from llmvis.png import encode_png

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
# What both take at the gate, whatever their reports say.
SECONDS = {f"models:/llmvis/{number}": 0.002 + 0.001 * number for number in (1, 2, 3)}
PNG = encode_png(np.zeros((4, 4, 3), np.uint8))


def rows(num_right):
    return pd.DataFrame(
        {
            "split": "test",
            "lang": "en",
            "prompt": f"prompt {i}",
            "example_id": str(i),
            "seed": i,
            "num_things": 1,
            "all_correct": i < num_right,
            "verdicts": [{"about": "thing", "question": "A bird?", "holds": True}],
        }
        for i in range(100)
    )


def metrics(num_right):
    scores = alignment.scores(rows(num_right), seed=0)
    cost = {"seconds_per_picture": 0.004, "parameters": 1000}
    return {"alignment": scores, "cost": cost}


@pytest.fixture(autouse=True)
def anything_draws(monkeypatch):
    """Lets the weights of these tests, which are a word, pass for a model."""
    monkeypatch.setattr(smoke_test, "require_drawing", lambda _: None)


@pytest.fixture
def judge(tmp_path):
    folder = tmp_path / "judge"
    folder.mkdir()
    (folder / "judge.json").write_text("{}")
    return folder


@pytest.fixture
def register(store, any_folder, judge, sampling):
    """Registers a model of which so many pictures are right, and tries it."""

    def register(num_right, weights, drawn_with=sampling, params=PARAMS):
        (any_folder / "generator.keras").write_text(weights)
        with storage.staged(store / "report") as report:
            content = evaluation.plain(metrics(num_right))
            storage.write_json(report / "metrics.json", content)
            facts = {"judge files": storage.fingerprint(judge)}
            storage.write_json(report / "facts.json", facts)
            samples = rows(num_right).assign(image=[{"bytes": PNG}] * 100)
            samples.to_parquet(report / "prompts.parquet")
        version = versions.register(any_folder, store / "report", "llmvis", drawn_with)
        decision = trial.hold(
            version,
            params,
            report=store / "report",
            examples=store / "examples",
            judge=judge,
            progress=lambda *_: None,
        )
        return trial.settle(version, decision, store / "gate"), decision

    return register


@pytest.fixture
def champion_draws(monkeypatch):
    """Lets the champion load, and get so many pictures right; gives what it used."""
    used = []

    def time_both(pair, prompts):
        assert prompts == [f"prompt {i}" for i in range(PARAMS.evaluate.batch_size)]
        return [SECONDS[model] for model, _ in pair]

    def prepare(num_right):
        def draw_and_judge(model, judge, examples, params, progress):  # noqa: ARG001
            used.append((model, params.sampling))
            return rows(num_right), metrics(num_right)

        monkeypatch.setattr(evaluation, "draw_and_judge", draw_and_judge)
        monkeypatch.setattr(trial.versions, "load", lambda uri: (uri, None))
        monkeypatch.setattr("llmvis.judges.load", lambda folder: folder)
        monkeypatch.setattr(timing, "seconds_per_picture", time_both)
        return used

    return prepare


def test_a_first_model_passes_and_is_the_champion(register):
    version, decision = register(40, "first")

    assert "It is the first model" in decision.reason
    assert version.aliases == ("challenger", "champion")
    assert version.gate == version.reason == decision.verdict


def test_a_better_model_takes_the_champions_place(register, champion_draws):
    register(40, "first")
    champion_draws(40)
    version, decision = register(70, "second")

    assert decision.champion == "llmvis 1"
    assert version.aliases == ("challenger", "champion")
    assert version.gate.startswith("passed: alignment.test.en.all_correct rises by +30")
    assert versions.resolve("models:/llmvis@previous").version == 1


def test_both_are_timed_at_the_gate_and_not_when_they_were_evaluated(
    register, champion_draws
):
    register(40, "first")
    champion_draws(40)
    _, decision = register(70, "second")

    cost = decision.measured.costs[0]
    assert (cost.name, cost.key) == ("seconds_per_picture", "gate.max_slowdown")
    assert (cost.challenger, cost.champion) == pytest.approx((0.004, 0.003))


def test_a_worse_model_is_registered_and_the_champion_stays(register, champion_draws):
    register(40, "first")
    champion_draws(40)
    version, _ = register(20, "second")

    assert (version.aliases, version.reason) == (("challenger",), "")
    assert version.gate.startswith("refused: alignment.test.en.all_correct changes by")
    assert versions.champion("llmvis").version == 1
    assert trial.promote_if_passed(version) == version


def test_a_person_may_promote_what_the_gate_refused(register, champion_draws):
    register(40, "first")
    champion_draws(40)
    register(20, "second")
    promoted = champions.promote("llmvis", 2, "draws fish better")

    assert promoted.reason == "draws fish better"
    assert promoted.gate.startswith("refused")
    assert versions.champion("llmvis") == promoted


def test_the_champion_draws_with_the_sampling_it_is_served_with(
    register, champion_draws, sampling
):
    register(40, "first")
    used = champion_draws(40)
    register(70, "second", replace(sampling, temperature=0.5))

    assert used == [("models:/llmvis/1", sampling)]


def test_the_model_of_the_champion_is_not_drawn_again(register, champion_draws):
    register(40, "same")
    used = champion_draws(40)
    version, decision = register(45, "same")  # the report is another

    assert (version.version, decision.passed, used) == (2, False, [])
    assert "It is the model of llmvis 1" in decision.reason


def test_beside_a_champion_that_loads_no_more_only_the_minimum_counts(register):
    register(40, "no weights at all")
    version, decision = register(20, "second")

    assert version.aliases == ("challenger", "champion")
    assert decision.champion is None
    assert "llmvis 1, the champion, cannot be drawn with any more" in version.gate
    assert "so only the minimum counts, and alignment.test.en" in version.gate


def test_a_champion_that_draws_no_pictures_is_named_with_the_reason(
    register, champion_draws, monkeypatch
):
    def draw_nothing(*_):
        raise ShapeError("The model draws 32 pixels a side.")

    register(40, "first")
    champion_draws(40)
    monkeypatch.setattr(evaluation, "draw_and_judge", draw_nothing)

    assert "any more (The model draws 32 pixels a side)" in register(20, "b")[1].reason


@pytest.mark.parametrize(
    "error", [MemoryError(), RegistryError("No MLflow server answers.")]
)
def test_what_breaks_for_another_reason_is_no_decision(
    error, register, champion_draws, monkeypatch
):
    def run_out(_):
        raise error

    register(40, "first")
    champion_draws(40)
    monkeypatch.setattr(trial.versions, "load", run_out)
    with pytest.raises(type(error)):
        register(70, "second")

    assert versions.champion("llmvis").version == 1
    assert not versions.resolve("models:/llmvis/2").is_decided


def test_the_run_keeps_the_decision_and_its_page(register, store, tmp_path):
    version, decision = register(40, "first")
    client = stores.connect()
    kept = client.download_artifacts(version.run_id, "gate/version-1", str(tmp_path))

    assert json.loads(Path(kept, "gate.json").read_text())["passed"] is True
    assert decision.reason in Path(kept, "index.html").read_text()
    assert (store / "gate/gate.json").exists()


def test_a_version_that_passed_is_promoted_after_a_stop(register, champion_draws):
    register(40, "first")
    champion_draws(40)
    version, _ = register(20, "second")
    stopped = versions.keep_decision("llmvis", version.version, "passed: better.", 1)

    assert not trial.is_overtaken(stopped)
    assert trial.promote_if_passed(stopped).aliases == ("challenger", "champion")


def test_what_passed_beside_another_champion_does_not_replace_the_new_one(
    register, champion_draws
):
    register(40, "first")
    champion_draws(40)
    version, _ = register(20, "second")
    register(70, "third")
    passed = versions.keep_decision("llmvis", version.version, "passed: better.", 1)

    assert trial.is_overtaken(passed)
    with pytest.raises(RegistryError, match="version 3 became the champion meanwhile"):
        trial.promote_if_passed(passed)
    assert versions.champion("llmvis").version == 3


def test_what_awaits_approval_is_the_champion_once_a_person_says_so(
    register, champion_draws
):
    careful = replace(PARAMS, gate=replace(PARAMS.gate, approval="required"))
    register(40, "first")
    champion_draws(40)
    version, _ = register(70, "second", params=careful)

    assert version.aliases == ("challenger",)
    assert version.gate.startswith("awaits approval: alignment.test.en.all_correct")
    assert trial.promote_if_passed(version) == version  # asking again is no approval
    assert versions.champion("llmvis").version == 1

    approved = champions.promote("llmvis", 2, "I looked at the pictures")
    assert approved.aliases == ("challenger", "champion")
    assert approved.reason == "I looked at the pictures"
    assert approved.gate.startswith("approved: alignment.test.en.all_correct rises")


def test_a_promotion_that_was_killed_half_way_is_finished(
    register, champion_draws, monkeypatch
):
    def die(*_):
        raise SystemExit

    register(40, "first")
    champion_draws(40)
    with monkeypatch.context() as patch:
        # A kill would not let anything be put back either.
        patch.setattr(champions, "_keep_reason", die)
        patch.setattr(champions, "_put_back", lambda *_: None)
        with pytest.raises(SystemExit):
            register(70, "second")
    killed = versions.champion("llmvis")
    assert (killed.version, killed.reason) == (2, "")

    assert not trial.is_overtaken(killed)
    assert trial.promote_if_passed(killed).reason == killed.gate
    assert versions.resolve("models:/llmvis@previous").version == 1
