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
    assert [row.model for row in plan.rows] == [
        "autoregressive",
        "autoregressive",
        "regression",
        "regression",
        "regression",
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


def test_rows_that_differ_in_their_seed_alone_are_one_model(read):
    plan = read("{name: some, matrix: {train.seed: [0, 1]}}")

    assert [row.name for row in plan.rows] == ["seed0", "seed1"]
    assert [row.model for row in plan.rows] == ["some", "some"]


WITH = """
name: some
seconds: 9
set: {train: {learning_rate: 0.1}, sampling: {temperature: 0.3}}
matrix: {train.generator: [autoregressive, masked]}
also: [{train.generator: masked, train.learning_rate: 0.4}]
with:
  train.generator:
    masked: {sampling: {temperature: 0.9}, train: {learning_rate: 0.2}}
"""


def test_a_row_gets_what_goes_with_its_value_and_keeps_its_name(read):
    plan = read(WITH)
    usual, masked, own = [row.params for row in plan.rows]

    assert plan.rows[2].further == {"sampling": {"temperature": 0.9}}

    names = [row.name for row in plan.rows]
    assert names[0] == "autoregressive-learning_rate0_1"
    assert not any("temperature" in name for name in names)
    assert (usual.sampling.temperature, usual.train.learning_rate) == (0.3, 0.1)
    assert (masked.sampling.temperature, masked.train.learning_rate) == (0.9, 0.2)
    assert (own.sampling.temperature, own.train.learning_rate) == (0.9, 0.4)
    text = experiment_plan.with_steps(plan, plan.rows[1], 123)
    assert overlay.as_params(text).sampling.temperature == 0.9


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("3", "with of rows.yaml is 3, and must hold names"),
        (
            "{train.generator: [vae]}",
            r"with\.train\.generator of .*\['vae'\], and",
        ),
        ("{train.generator: {vae: 3}}", r"with\.train\.generator\.vae of .* is 3"),
        ("{train.generator: {vae: {train: 3}}}", "has train, which is 3"),
        ("{train.seed: {0: {}}}", "has train.seed, which no row names"),
        ("{train.generator: {gan: {}}}", "has 'gan', and no row has that value"),
        (
            "{train.generator: {vae: {trian: {seed: 3}}}}",
            "Row vae cannot be.*mean `train`",
        ),
        (
            "{train.generator: {vae: {train: {num_steps: 5}}}}",
            r"in seconds and in train\.num_steps",
        ),
    ],
)
def test_what_goes_with_no_row_is_refused_with_what_to_do(read, section, message):
    with pytest.raises(ConfigError, match=message):
        read(f"""
name: some
seconds: 9
matrix: {{train.generator: [autoregressive, vae]}}
with: {section}
""")


def test_a_search_has_nothing_that_goes_with_a_value(read):
    text = "{name: a, search: {}, with: {train.generator: {vae: {}}}}"
    with pytest.raises(ConfigError, match="has search and with"):
        read(text)


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
        (
            "{name: a, seconds: 5, matrix: {train.max_seconds: [1.0, 2.0]}}",
            r"in seconds and in train\.max_seconds",
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


def test_the_examples_have_every_family_and_every_text_encoder(monkeypatch):
    from llmvis.training import build

    monkeypatch.chdir(ROOT)
    families, text_encoders = (
        [row.params.train for row in experiment_plan.read(Path("presets", name)).rows]
        for name in ("families.yaml", "text_encoders.yaml")
    )

    assert {train.generator for train in families} == set(build.GENERATORS)
    without_preset = build.TEXT_ENCODERS.keys() - {"pretrained"}
    assert {train.text_encoder for train in text_encoders} == without_preset


def test_other_seconds_take_the_place_of_those_of_the_file(monkeypatch):
    monkeypatch.chdir(ROOT)

    path = Path("presets/families.yaml")

    assert experiment_plan.read(path, length={"seconds": 9}).seconds == 9
    of_steps = experiment_plan.read(path, length={"num_steps": 70})
    assert of_steps.seconds is None
    assert {row.params.train.num_steps for row in of_steps.rows} == {70}
    with pytest.raises(ConfigError, match=r"seconds of .* is -1"):
        experiment_plan.read(path, length={"seconds": -1})
    with pytest.raises(ConfigError, match="in seconds and in num_steps"):
        experiment_plan.read(path, length={"seconds": 9, "num_steps": 70})


SEARCH = """
name: some
num_steps: 70
search:
  num_trials: 4
  score: SCORE
  keys: {KEYS}
"""


@pytest.fixture
def read_search(read):
    def read_search(keys, score="validation_loss"):
        return read(SEARCH.replace("KEYS", keys).replace("SCORE", score))

    return read_search


def test_a_search_reads_ranges_and_choices(read_search):
    plan = read_search("""
    train.learning_rate: {low: 0.001, high: 0.01, log: true},
    train.hidden_dim: {low: 96, high: 290, step: 96},
    train.num_layers: {low: 2, high: 5},
    train.text_encoder: {choices: [transformer, lstm]}""")
    rate, dim, layers, encoder = plan.search.keys.values()

    assert plan.rows == ()
    assert (rate.low, rate.high, rate.log, rate.is_int) == (0.001, 0.01, True, False)
    assert (dim.high, dim.is_int) == (288, True)  # the last that the step reaches
    assert (dim.size, layers.size, encoder.size) == (3, 4, 2)
    assert dim.holds(192)
    assert not dim.holds(200)
    assert encoder.values == ("transformer", "lstm")


def test_a_search_of_another_family_is_one_command(monkeypatch):
    monkeypatch.chdir(ROOT)
    for family in ("masked", "flow_matching", "gan", "vae", "regression"):
        settings = overlay.read_settings([f"train.generator={family}"])
        plan = experiment_plan.read(Path("presets/search.yaml"), settings, "another")

        assert plan.name == "another"
        assert plan.common["train"]["generator"] == family
        assert plan.common["ingest"]["num_train_scenes"] == 20000


def test_values_for_all_rows_go_before_those_of_the_file(read):
    text = "{name: a, set: {train: {seed: 3}}, also: [{train.generator: vae}]}"
    read(text)
    plan = experiment_plan.read(Path("rows.yaml"), {"train": {"seed": 4}})

    assert plan.rows[0].params.train.seed == 4
    with pytest.raises(ConfigError, match="the name 'a b'"):
        experiment_plan.read(Path("rows.yaml"), name="a b")
    read("{name: a, seconds: 5, also: [{train.generator: vae}]}")
    with pytest.raises(ConfigError, match=r"in seconds and in train\.num_steps"):
        experiment_plan.read(Path("rows.yaml"), {"train": {"num_steps": 4}})


def test_a_search_asks_the_validation_split_alone(read_search):
    plan = read_search("train.num_layers: {low: 2, high: 5}")

    assert plan.common["evaluate"] == {"splits": "validation"}


def test_values_that_only_go_together_are_no_mistake(read_search):
    # The params have three heads, so 256 goes with four of them only.
    keys = "train.hidden_dim: {choices: [192, 256]}, train.num_heads: {choices: [3, 4]}"

    assert list(read_search(keys).search.keys) == [
        "train.hidden_dim",
        "train.num_heads",
    ]
    with pytest.raises(ConfigError, match=r"hidden_dim has 256, which cannot be"):
        read_search("train.hidden_dim: {low: 192, high: 256, step: 16}")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("train.num_layers: 3", r"num_layers is 3, and must be \{low: 1, high: 4\}"),
        ("train.num_layers: {low: 3}", "must be {low: 1, high: 4}"),
        ("train.num_layers: {low: 3, hihg: 4}", "must be {low: 1, high: 4}"),
        ("train.num_layers: {low: 5, high: 2}", "low must be below high. Swap"),
        ("train.num_layers: {low: 1.5, high: 9}", "low is 1.5, and must be a whole"),
        ("train.num_layers: {low: 0, high: 9}", "num_layers has 0, which cannot be"),
        ("train.num_layers: {low: true, high: 9}", "low is True"),
        ("train.num_layers: {low: 1, high: 9, step: 20}", "at most 8"),
        ("train.num_layers: {low: 1, high: 9, log: 2}", "Write true or false"),
        ("train.learning_rate: {low: abc, high: 1}", "a number, such as 0.001"),
        ("train.learning_rate: {low: 0, high: 1, log: true}", "low above 0 and no"),
        ("train.num_layers: {low: 2, high: 4}", "3 combinations only"),
        ("train.generator: {low: 1, high: 2}", "has no numbers. List its `choices`"),
        ("train.text_encoder: {choices: []}", "must list words, numbers"),
        ("train.text_encoder: {choices: [gru, gru]}", "each once"),
        ("train.text_encoder: {choices: [[gru]]}", "must list words, numbers"),
        (
            "train.text_encoder: {choices: [grue, gru, lstm, rnn]}",
            "text_encoder has 'grue', which cannot be.*must be one of",
        ),
        ("train.num_layer: {low: 1, high: 9}", "Did you mean `num_layers`"),
        (
            "evaluate.num_prompts: {low: 1, high: 9}",
            "has evaluate.num_prompts, and may",
        ),
        ("num_layers: {low: 1, high: 9}", "such as train.learning_rate"),
        ("train.num_steps: {low: 1, high: 9}", r"in num_steps and in train\.num_steps"),
        ("sampling.temperature: {low: 0.1, high: 1}", "sampling.temperature does not"),
        ("train.generator: {choices: [gan, vae, masked, flow_matching]}", "meaning"),
        ("", "must name at least one key"),
    ],
)
def test_a_search_that_cannot_work_is_refused_with_what_to_do(
    read_search, keys, message
):
    with pytest.raises(ConfigError, match=message):
        read_search(keys)


def test_a_search_never_goes_by_a_test_split(read, read_search):
    keys = "train.seed: {low: 0, high: 9}"
    for score in ("alignment.test_seen.en.all_correct", "loss", "3"):
        with pytest.raises(ConfigError, match=f"search.score of rows.yaml is.*{score}"):
            read_search(keys, score)
    with pytest.raises(ConfigError, match=r"set of .*has evaluate\.splits"):
        read(SEARCH.replace("KEYS", keys) + "set: {evaluate: {splits: test}}")
    kept = read_search(keys, "alignment.validation.zh.all_correct")
    assert kept.search.score == "alignment.validation.zh.all_correct"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{name: a, search: 3}", r"search of rows.yaml has 3.*\['keys', 'num_trials'"),
        ("{name: a, search: {num_trials: 3}}", "takes exactly"),
        (
            "{name: a, search: {num_trials: 0, score: validation_loss, keys: {}}}",
            "num_trials of rows.yaml is 0.*Try 20",
        ),
        (
            "{name: a, search: {}, matrix: {train.seed: [1]}, also: [{train.seed: 2}]}",
            "has search and matrix and also",
        ),
    ],
)
def test_a_section_search_is_whole_and_alone(read, text, message):
    with pytest.raises(ConfigError, match=message):
        read(text)


def test_the_example_of_a_search_can_be_read(monkeypatch):
    monkeypatch.chdir(ROOT)
    search = experiment_plan.read(Path("presets/search.yaml")).search

    assert search.num_trials == 20
    assert "train.learning_rate" in search.keys
