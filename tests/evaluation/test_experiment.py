"""Several models after one another, from reports that are made up."""

import json
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from llmvis import storage
from llmvis.errors import MissingStage
from llmvis.evaluation import alignment, experiment_page, plain
from llmvis.evaluation.experiment import Row, pareto_front, results, training_seconds
from llmvis.evaluation.plots import scatter
from llmvis.evaluation.training_seeds import widened
from llmvis.metrics.figure import Figure
from llmvis.png import encode_png

MAIN = "alignment.test_seen.en.all_correct"


def rows(right, shade):
    """Judged samples of one split, half of them Chinese, with grey pictures."""
    picture = encode_png(np.full((8, 8, 3), shade, dtype="uint8"))
    return pd.DataFrame(
        {
            "split": "test_seen",
            "lang": lang,
            "prompt": f"{text} {i}",
            "example_id": str(i),
            "seed": i,
            "num_things": 1,
            "all_correct": bool(good),
            "r_precision": 1.0,
            "verdicts": [
                {"about": "thing", "question": "A bird?", "holds": True},
                {"about": "color", "question": "Is it blue?", "holds": bool(good)},
            ],
            "image": {"bytes": picture, "path": f"{i}.png"},
        }
        for lang, text in (("en", "a blue bird"), ("zh", "蓝色的小鸟"))
        for i, good in enumerate(right)
    )


@pytest.fixture
def keep(tmp_path):
    """Keeps what a report has of a model, and gives the row of an experiment."""

    def keep(name, right, *, seed=0, parameters=1000, curves="20,10,2\n40,20,1\n"):
        folder = tmp_path / f"{name}{seed}"
        folder.mkdir()
        table = rows(right, shade=len(name))
        metrics = {
            "alignment": alignment.scores(table, seed=0),
            "cost": {"parameters": parameters, "seconds_per_picture": 0.004},
        }
        storage.write_json(folder / "metrics.json", plain(metrics))
        facts = {"judge files": "a", "examples": "b"}
        storage.write_json(folder / "facts.json", facts)
        table.to_parquet(folder / "prompts.parquet")
        (folder / "curves.csv").write_text(f"step,seconds,loss\n{curves}")
        return Row(
            name=f"{name}-seed{seed}",
            model=name,
            seed=seed,
            values={"train.generator": name, "train.seed": seed},
            further={"sampling.temperature": 0.7} if name == "vae" else {},
            num_steps=40,
            folder=folder,
            failure="",
        )

    return keep


def test_a_row_has_its_figures_and_what_they_cost(keep):
    good = keep("masked", [1] * 9 + [0])
    bad = keep("vae", [1] * 2 + [0] * 8, parameters=10)
    best, other = results([good, bad], MAIN, seed=0)

    assert best.main.value == pytest.approx(0.9)
    assert best.scores["test_seen"]["zh"].value == pytest.approx(0.9)
    assert best.questions["color"].value == pytest.approx(0.9)
    assert best.less_than_best is None
    assert other.less_than_best.value == pytest.approx(-0.7)
    assert other.less_than_best.high < 0
    assert (best.training_seconds, best.parameters) == (20.0, 1000)
    assert best.on_front == {"training_seconds", "parameters"}
    assert other.on_front == {"parameters"}


def test_the_tables_say_the_same_as_the_page(keep, tmp_path):
    good, bad = keep("masked", [1] * 9 + [0]), keep("vae", [1] * 2 + [0] * 8)
    failed = replace(bad, name="gan", model="gan", failure="It <diverged>.")
    experiment_page.write([bad, failed, good], tmp_path, "some", MAIN, seconds=20)
    content = json.loads((tmp_path / "results.json").read_text())
    table = pd.read_csv(tmp_path / "results.csv", index_col="row")
    page = (tmp_path / "index.html").read_text()

    assert [row["name"] for row in content["rows"]] == ["vae", "gan", "masked"]
    assert content["rows"][1]["failure"] == "It <diverged>."
    scores = content["rows"][2]["scores"]["test_seen"]["en"]
    assert scores["value"] == table.loc["masked", "test_seen.en.value"] == 0.9
    assert table.loc["vae", "train.generator"] == "vae"
    assert table.loc["vae", "sampling.temperature"] == 0.7
    assert content["rows"][0]["further"] == {"sampling.temperature": 0.7}
    assert "vae also has <code>sampling.temperature</code> 0.7." in page
    assert "masked also has" not in page
    assert page.index(">masked<") < page.index(">vae<")
    assert "It &lt;diverged&gt;." in page
    assert "http" not in page


def test_the_same_prompts_and_seeds_hang_beside_each_other(keep):
    found = results([keep("masked", [1] * 5), keep("vae", [0] * 4)], MAIN, seed=0)
    wall = experiment_page._wall(found)

    assert wall.names == ["masked", "vae"]
    # Of each language only the four that both were asked.
    assert len(wall.lines) == 8
    for line in wall.lines:
        masked, vae = line["cells"]
        assert (masked["right"], vae["right"]) == (True, False)
        assert masked["picture"] != vae["picture"]


def test_without_known_scenes_the_page_shows_which_captions_are_found(keep, tmp_path):
    row = keep("vae", [1] * 6)
    table = pd.read_parquet(row.folder / "prompts.parquet").drop(
        columns=["num_things", "all_correct", "verdicts"]
    )
    table.to_parquet(row.folder / "prompts.parquet")
    metrics = {
        "alignment": alignment.scores(table, seed=0),
        "cost": {"parameters": 10, "seconds_per_picture": 0.004},
    }
    storage.write_json(row.folder / "metrics.json", plain(metrics))
    main = "alignment.test_seen.en.r_precision"
    experiment_page.write([row], tmp_path, "some", main, seconds=None)
    page = (tmp_path / "index.html").read_text()

    assert "caption found among 100" in page
    assert "Accuracy by type of question" not in page


def test_rows_of_different_judges_come_with_a_warning(keep, tmp_path):
    one, other = keep("masked", [1] * 5), keep("vae", [0] * 5)
    facts = {"judge files": "another", "examples": "b"}
    storage.write_json(other.folder / "facts.json", facts)
    experiment_page.write([one, other], tmp_path, "some", MAIN, seconds=None)

    assert "different judges" in (tmp_path / "index.html").read_text()


def test_a_row_without_a_report_is_refused(tmp_path):
    row = Row(
        name="a",
        model="a",
        seed=0,
        values={},
        further={},
        num_steps=1,
        folder=tmp_path,
        failure="",
    )
    with pytest.raises(MissingStage):
        results([row], MAIN, seed=0)


def test_seconds_of_a_training_that_was_taken_up_again_add_up(tmp_path):
    curves = tmp_path / "curves.csv"
    curves.write_text("step,seconds,loss\n20,5,3\n40,9,2\n50,,\n60,4,1\n80,6,1\n")

    assert training_seconds(curves) == 15.0


def test_a_training_too_short_for_a_point_took_no_seconds(tmp_path):
    curves = tmp_path / "curves.csv"
    curves.write_text("step,validation_loss\n5,3\n")

    assert training_seconds(curves) == 0.0


def test_seeds_of_one_model_are_one_row_of_the_table(keep, tmp_path):
    seeds = [
        keep("masked", [1] * good + [0] * (10 - good), seed=seed)
        for seed, good in ((4, 6), (5, 9), (6, 9))
    ]
    other = keep("vae", [1] * 2 + [0] * 8)
    lost = replace(seeds[0], name="masked-seed7", seed=7, failure="It <diverged>.")
    rows = [*seeds, lost, other]
    best, worst = results(rows, MAIN, seed=0)

    assert best.main.value == pytest.approx(0.8)
    assert best.main.n == 10
    assert (best.worst, best.best) == ((4, 0.6), (5, 0.9))
    assert best.questions["color"].value == pytest.approx(0.8)
    assert best.training_seconds == 20.0
    assert worst.less_than_best.value == pytest.approx(-0.6)
    experiment_page.write(rows, tmp_path, "some", MAIN, seconds=20)
    table = pd.read_csv(tmp_path / "results.csv", index_col="row")
    content = json.loads((tmp_path / "results.json").read_text())
    page = (tmp_path / "index.html").read_text()

    assert table.index.tolist() == ["masked", "vae"]
    assert table.loc["masked", ["worst_seed", "worst", "best"]].tolist() == [
        4,
        0.6,
        0.9,
    ]
    assert [one["name"] for one in content["rows"]] == ["masked", "masked-seed7", "vae"]
    assert content["rows"][0]["seeds"] == {"4": 0.6, "5": 0.9, "6": 0.9}
    assert content["rows"][0]["values"] == {"train.generator": "masked"}
    assert "3 seeds: worst 60\N{NO-BREAK SPACE}% (seed 4)" in page
    assert "masked-seed7 failed" in page


def test_the_interval_of_several_seeds_covers_them_as_well():
    prompts = Figure(value=0.8, low=0.77, high=0.83, n=50)
    # Student's t for two degrees of freedom is 4.303; the error of the mean is 0.01.
    by_seed = [0.8 - 0.01 * 3**0.5, 0.8, 0.8 + 0.01 * 3**0.5]
    wide = widened(prompts, by_seed, least=0, most=1)

    assert (wide.value, wide.n) == (0.8, 50)
    assert 0.8 - wide.low == pytest.approx((0.03**2 + 0.04303**2) ** 0.5, rel=1e-3)
    assert wide.high - 0.8 == pytest.approx(0.8 - wide.low)
    assert widened(prompts, [0.7, 0.9], least=0, most=1).high == 1
    assert asdict(widened(prompts, [0.8], least=0, most=1)) == pytest.approx(
        asdict(prompts)
    )


def test_equal_seeds_say_what_one_of_them_says(keep):
    right = [1] * 7 + [0] * 3
    alone, *_ = results([keep("vae", right)], MAIN, seed=0)
    pair = [keep("masked", right, seed=seed) for seed in (0, 1)]
    both, *_ = results(pair, MAIN, seed=0)

    assert asdict(both.main) == pytest.approx(asdict(alone.main), rel=1e-5)


def figure(value):
    return Figure(value=value, low=value - 0.1, high=value + 0.1, n=20)


def test_the_front_has_what_nothing_beats_for_as_little():
    mains = [figure(0.5), figure(0.9), figure(0.4), None, figure(0.9)]

    assert pareto_front(mains, [10, 30, 20, 1, 40]) == [0, 1]


def test_of_equals_both_are_on_the_front():
    assert pareto_front([figure(0.5), figure(0.5)], [10, 10]) == [0, 1]


def test_sizes_that_differ_by_factors_stand_on_a_logarithmic_axis():
    plot = scatter([figure(0.2), figure(0.4), figure(0.8)], [1, 10, 100], [0, 1, 2])

    assert [dot.left for dot in plot.dots] == [5, 50, 95]
    assert [dot.bottom for dot in plot.dots] == pytest.approx([22.2, 44.4, 88.9])
    assert plot.across == [(5, "1"), (50, "10"), (95, "100")]
    assert asdict(plot.dots[0])["on_front"]


def test_costs_that_are_nearly_the_same_stand_on_an_axis_from_zero():
    plot = scatter([figure(0.2), figure(0.4)], [300, 315], [0])

    assert plot.across[0] == (0, "0")
    assert plot.dots[0].left == pytest.approx(90.7)
    assert not plot.dots[1].on_front
