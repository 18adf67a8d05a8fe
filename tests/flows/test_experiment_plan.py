import shutil
from pathlib import Path

import pytest

from flows import experiment_plan, overlay
from llmvis.errors import ConfigError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads an experiment from its text, beside the params.yaml of the project."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)

    def read(text):
        Path("rows.yaml").write_text(text)
        return experiment_plan.read(Path("rows.yaml"))

    return read


def test_rows_are_all_combinations_and_then_the_further_ones(read):
    plan = read("""
name: some
num_steps: 70
set: {train: {hidden_dim: 96}}
matrix:
  train.generator: [autoregressive, regression]
  train.seed: [0, 1]
also:
  - {train.generator: regression, train.seed: 5}
""")

    assert [row.name for row in plan.rows] == [
        "autoregressive-seed0",
        "autoregressive-seed1",
        "regression-seed0",
        "regression-seed1",
        "regression-seed5",
    ]
    train = plan.rows[3].params.train
    assert (train.generator, train.seed) == ("regression", 1)
    assert (train.hidden_dim, train.num_steps) == (96, 70)


def test_a_row_is_named_by_what_differs_only(read):
    plan = read("""
name: some
matrix: {train.generator: [autoregressive], train.text_encoder: [transformer]}
also: [{train.text_encoder: lstm}]
""")

    assert [row.name for row in plan.rows] == ["transformer", "lstm"]


def test_the_steps_of_a_budget_are_written_into_the_params_of_its_row(read):
    plan = read("{name: some, seconds: 9, matrix: {train.seed: [0, 1]}}")
    text = experiment_plan.with_steps(plan, plan.rows[1], 123)

    assert overlay.as_params(text).train.num_steps == 123
    assert overlay.as_params(text).train.seed == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{name: a, matrx: {}}", r"unknown keys \['matrx'\].*There are: also, matrix"),
        ("{matrix: {train.seed: [0]}}", "Try families"),
        ("{name: a/b, matrix: {train.seed: [0]}}", "the name 'a/b'"),
        ("{name: a}", "nothing to compare"),
        ("{name: a, matrix: {}, also: []}", "nothing to compare"),
        ("{name: a, matrix: {train.seed: []}}", r"train\.seed: \[\], and must have"),
        ("{name: a, matrix: {train.seed: 3}}", r"train\.seed: 3, and must have"),
        ("{name: a, matrix: {seed: [3]}}", "not of the form section.key"),
        ("{name: a, matrix: [3]}", "must hold lists of values"),
        ("{name: a, also: [vae]}", r"Write \{train\.generator: vae\}"),
        ("{name: a, set: {train: 3}, also: [{train.seed: 3}]}", "Write train:"),
        ("{name: a, set: {trian: {seed: 3}}, also: [{train.seed: 3}]}", "mean `train`"),
        ("{name: a, also: [{train.sede: 3}]}", "Row sede3 cannot be.*mean `seed`"),
        ("{name: a, also: [{train.generator: x}]}", "Row x cannot be.*must be one of"),
        ("{name: a, also: [{train.num_heads: 7}]}", "must be a multiple of"),
        ("{name: a, seconds: 0, also: [{train.seed: 3}]}", "seconds of rows.yaml is 0"),
        ("{name: a, seconds: 5, num_steps: 5}", "in seconds and in num_steps"),
        (
            "{name: a, seconds: 5, matrix: {train.num_steps: [1, 2]}}",
            r"in seconds and in train\.num_steps",
        ),
        ("{name: a, also: [{train.seed: 3}, {train.seed: 3}]}", "same row twice"),
        ("just words", "holds no sections"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_with_what_to_do(read, text, message):
    with pytest.raises(ConfigError, match=message):
        read(text)


@pytest.mark.usefixtures("read")
def test_a_missing_file_is_named():
    with pytest.raises(ConfigError, match=r"no file other\.yaml"):
        experiment_plan.read(Path("other.yaml"))


def test_the_example_has_every_family_and_every_text_encoder(monkeypatch):
    from llmvis.training import build

    monkeypatch.chdir(ROOT)
    rows = experiment_plan.read(Path("presets/families.yaml")).rows
    trained = [row.params.train for row in rows]

    assert {train.generator for train in trained} == set(build.GENERATORS)
    without_preset = build.TEXT_ENCODERS.keys() - {"pretrained"}
    assert {train.text_encoder for train in trained} == without_preset
