from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from llmvis import config, storage
from llmvis.errors import MismatchError, ShapeError
from llmvis.evaluation import (
    distribution,
    draw_and_judge,
    evaluate,
    read_facts,
    read_rows,
    report,
    sample_table,
)
from llmvis.evaluation.formats import short
from llmvis.metrics.figure import Figure
from llmvis.metrics.memorisation import thumbnails
from llmvis.png import decode_png


@pytest.fixture(scope="module")
def params(evaluate_config, sampling):
    whole = config.read()
    return replace(whole, evaluate=evaluate_config, sampling=sampling)


@pytest.fixture(scope="module")
def findings(half_right, oracle, examples, params):
    return evaluate(half_right, oracle, examples, params, silent)


@pytest.fixture(scope="module")
def written(findings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    facts = {"model": "painter", "data set": "scenes"}
    report.write(findings, folder, folder / "no training", facts)
    return folder


def silent(done, total, text):
    pass


def test_a_model_that_is_right_with_every_other_seed_scores_in_the_middle(findings):
    for by_lang in findings.metrics["alignment"].values():
        for figures in by_lang.values():
            assert 0.2 < figures["all_correct"].value < 0.8
            assert figures["all_correct"].n == 8


def test_yardsticks_stand_beside_every_figure_of_the_model(findings):
    for split, by_lang in findings.metrics["alignment"].items():
        for lang, figures in by_lang.items():
            for name in ("real", "tokenizer_ceiling", "shuffled"):
                assert findings.metrics[name][split][lang].keys() == figures.keys()
            assert findings.metrics["real"][split][lang]["all_correct"].value == 1.0
            assert findings.metrics["shuffled"][split][lang]["all_correct"].value < 0.3


def test_every_prompt_is_drawn_once_for_each_seed(findings, params):
    drawn = findings.rows.groupby(["split", "lang", "prompt"])["seed"]

    assert (drawn.nunique() == params.evaluate.seeds_per_prompt).all()
    assert len(findings.rows) == len(findings.images) == len(findings.reals)


def test_pictures_that_are_real_test_pictures_are_no_copies_of_training(findings):
    assert findings.metrics["memorisation"]["copies"].value < 0.1


def test_the_nearest_real_pictures_are_shown_beside_the_nearest_drawn_ones(findings):
    distances = [distance for _, distance, _ in findings.real_copies]

    assert len(distances) == 4
    assert distances == sorted(distances)
    for real, distance, neighbour in findings.real_copies:
        apart = thumbnails(np.stack([real, neighbour]))
        assert np.sqrt(np.mean((apart[0] - apart[1]) ** 2)) == pytest.approx(
            distance, abs=1e-3
        )


def test_surely_more_copies_than_usual_are_named():
    few = Figure(value=0.015, low=0.009, high=0.02, n=100)
    many = Figure(value=0.028, low=0.016, high=0.042, n=100)

    assert distribution.copies_note(few) == []
    assert "2.8% of the pictures (1.6% to 4.2%)" in distribution.copies_note(many)[0]


def test_a_prompt_saves_ten_nats_in_a_model_that_reads(findings):
    likelihood = findings.metrics["likelihood"]["test_seen"]["en"]

    assert likelihood["nll"].value == pytest.approx(10.0)
    assert likelihood["prompt_gain"].value == pytest.approx(10.0)


def test_figures_lie_where_the_gate_and_dvc_look_for_them(written):
    metrics = storage.read_json(written / "metrics.json", "evaluate")
    figure = metrics["alignment"]["test_unseen_scene"]["en"]["all_correct"]

    assert set(figure) == {"value", "low", "high", "n"}
    assert figure["low"] <= figure["value"] <= figure["high"]


def test_how_the_judge_answers_to_spoiled_pictures_is_in_the_metrics(written):
    metrics = storage.read_json(written / "metrics.json", "evaluate")
    rows = metrics["judge_sensitivity"]

    assert rows["real_pictures"]["all_correct"]["value"] == 1.0
    assert set(rows["wrong_colour"]) == {"all_correct", "still_yes", "mean_confidence"}
    assert set(rows["black"]["still_yes"]) == {"value", "low", "high", "n"}


def test_the_gap_between_languages_lies_there_as_well(written, findings):
    metrics = storage.read_json(written / "metrics.json", "evaluate")
    by_lang = findings.metrics["alignment"]["test_seen"]
    gap = by_lang["zh"]["all_correct"].value - by_lang["en"]["all_correct"].value

    assert metrics["language_gap"].keys() == findings.metrics["alignment"].keys()
    assert metrics["language_gap"]["test_seen"]["value"] == pytest.approx(gap, abs=1e-5)


def test_rows_come_back_with_their_pictures(written, findings):
    rows = read_rows(written)
    first = decode_png(rows["image"][0]["bytes"])

    assert np.array_equal(first, findings.images[0])
    assert rows["verdicts"][0][0]["about"] == "thing"


def test_each_picture_that_is_wrong_has_its_reasons_in_a_column(written):
    rows = read_rows(written)
    wrong = rows[~rows["all_correct"]]

    assert (rows["reasons"].map(len).eq(0) == rows["all_correct"]).all()
    assert set(wrong["reasons"].explode().str.split().str[0]) <= {"expected", "too"}


def test_samples_are_listed_with_what_is_wrong_with_them(written):
    table = sample_table(written)

    assert table["picture"][0].size == (64, 64)
    assert not table[["split", "lang", "prompt"]].duplicated().any()
    assert ((table["why not"] == "") == table["right"]).all()
    assert 0 < table["right"].mean() < 1


def test_what_a_report_is_about_comes_back(written):
    assert read_facts(written) == {"model": "painter", "data set": "scenes"}


def test_a_model_drawn_again_has_the_figures_of_its_report(
    findings, half_right, oracle, examples, params
):
    rows, metrics = draw_and_judge(half_right, oracle, examples, params, silent)
    diversity = findings.metrics["seed_diversity"]["judge_features"]

    assert rows.equals(findings.rows)
    assert metrics["alignment"] == findings.metrics["alignment"]
    assert metrics["seed_diversity"] == {"judge_features": diversity}
    assert metrics["memorisation"] == findings.metrics["memorisation"]


def test_another_model_is_given_the_prompts_and_seeds_of_the_report(
    findings, always_right, oracle, examples, params
):
    rows, metrics = draw_and_judge(always_right, oracle, examples, params, silent)
    asked = ["split", "lang", "prompt", "example_id", "seed"]

    assert rows[asked].equals(findings.rows[asked])
    assert metrics["alignment"]["test_seen"]["zh"]["all_correct"].value == 1.0


def test_the_page_holds_all_it_shows(written):
    page = (written / "index.html").read_text("utf-8")

    assert "http://" not in page
    assert "https://" not in page
    assert page.count("data:image/webp") > 40
    assert "No curves were kept." in page


def test_measured_figures_are_shown_with_their_interval_and_number(written, findings):
    page = (written / "index.html").read_text("utf-8")
    nats = findings.metrics["likelihood"]["test_seen"]["en"]["nll"]
    apart = findings.metrics["memorisation"]["distance"]
    decibels = findings.metrics["tokenizer"]["psnr"]

    assert f"<td>{_about(nats)}</td>" in page
    assert f"<td>{nats.n}</td>" in page
    assert f"{_about(apart)} for drawn ({apart.n} prompts)" in page
    assert f"{_about(decibels)} <small>({decibels.n} pictures)</small>" in page


def _about(figure):
    ends = f"{short(figure.low)} to {short(figure.high)}"
    return f"{short(figure.value)} <small>{ends}</small>"


def test_the_same_seed_gives_the_same_figures(half_right, oracle, examples, params):
    once, again = (
        evaluate(half_right, oracle, examples, params, silent).metrics for _ in range(2)
    )
    for metrics in (once, again):
        del metrics["cost"]  # the time differs

    assert report.plain(once) == report.plain(again)


def test_a_judge_of_other_examples_is_refused(half_right, examples, params):
    stranger = type("Stranger", (), {"examples": "0123"})()

    with pytest.raises(MismatchError, match="Run `llmvis judge` again"):
        evaluate(half_right, stranger, examples, params, silent)


def test_a_model_of_another_size_is_refused(oracle, examples, params):
    small = type("Small", (), {"image_size": 32})()

    with pytest.raises(MismatchError, match="draws 32 pixels a side"):
        evaluate(small, oracle, examples, params, silent)


def test_a_model_that_draws_no_numbers_is_told_apart_from_a_bad_one(
    half_right, oracle, examples, params, monkeypatch
):
    def draw_nan(prompts, seeds, sampling):
        samples = type(half_right).generate(half_right, prompts, seeds, sampling)
        nan = np.full((64, 64, 3), np.nan, dtype="float32")
        return [replace(sample, image=nan) for sample in samples]

    monkeypatch.setattr(half_right, "generate", draw_nan)
    with pytest.raises(ShapeError, match="array of float32"):
        evaluate(half_right, oracle, examples, params, silent)


def test_black_pictures_are_named_and_their_zero_has_an_interval(
    half_right, oracle, examples, params, monkeypatch
):
    def draw_black(prompts, seeds, sampling):
        samples = type(half_right).generate(half_right, prompts, seeds, sampling)
        return [replace(one, image=np.zeros_like(one.image)) for one in samples]

    monkeypatch.setattr(half_right, "generate", draw_black)
    found = evaluate(half_right, oracle, examples, params, silent)
    figure = found.metrics["alignment"]["test_seen"]["en"]["all_correct"]

    assert any("are one single colour" in note for note in found.notes)
    assert figure.value == 0.0
    assert figure.high > 0.3


def test_pictures_of_unknown_content_are_judged_by_their_captions(
    half_right, oracle, examples, params, tmp_path
):
    general = copy(oracle)
    general.scene = None
    found = evaluate(half_right, general, examples, params, silent)
    report.write(found, tmp_path, tmp_path, {"model": "painter", "data set": "emoji"})
    page = (tmp_path / "index.html").read_text("utf-8")

    assert "all_correct" not in found.metrics["alignment"]["test_seen"]["en"]
    assert found.metrics["real"]["test_seen"]["zh"]["r_precision"].value == 1.0
    assert "caption the judge finds among 100" in page
    assert "What is drawn instead" not in page


def test_three_real_pictures_are_reported_on_without_comparing_sets(
    half_right, oracle, examples, params, tmp_path
):
    few = replace(params.evaluate, splits="validation", num_prompts=3)
    found = evaluate(
        half_right, oracle, examples, replace(params, evaluate=few), silent
    )
    report.write(found, tmp_path, tmp_path, {"model": "painter", "data set": "few"})

    assert found.metrics["distribution"] == {}
    assert found.metrics["alignment"]["validation"]["zh"]["all_correct"].n == 3
    assert any("describe 3 different pictures" in note for note in found.notes)
    assert "too few different real" in (tmp_path / "index.html").read_text("utf-8")


def test_missing_inception_weights_stop_the_report_before_anything_is_drawn(
    half_right, oracle, examples, params
):
    asked = replace(params.evaluate, inception_weights="no/such/file.h5")
    told = []

    with pytest.raises(OSError, match=r"inception_weights names no/such/file\.h5"):
        evaluate(
            half_right,
            oracle,
            examples,
            replace(params, evaluate=asked),
            lambda *progress: told.append(progress),
        )
    assert told == []


def test_fid_draws_its_pictures_from_all_splits():
    drawn = np.random.default_rng(0).integers(0, 100, (600, 2, 2, 3), "uint8")
    drawn[:300, ..., 0], drawn[300:, ..., 0] = 0, 200
    real = drawn[::4]

    def features(images):
        return images[:, 0, 0] / 100

    fid = distribution.inception(real, drawn, features, seed=0)["fid"]

    # The first 150 drawn ones, all of one kind, would be 2 away.
    assert fid["n"] == 150
    assert fid["value"] < 0.1


def test_an_fid_of_few_pictures_is_told_from_one_of_many():
    few, many = (
        distribution.fid_note({"inception_features": {"fid": {"value": 9.0, "n": n}}})
        for n in (301, 2048)
    )

    assert "FID rests on 301 pictures" in few[0]
    assert many == distribution.fid_note({}) == []
