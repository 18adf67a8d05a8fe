import typing
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from llmvis import config, sections
from llmvis.errors import ConfigError

PARAMS = Path(__file__).parents[1] / "params.yaml"


@pytest.fixture
def params(tmp_path):
    """Reads params.yaml with other values: `params({"train": {"num_steps": 5}})`."""

    def read_with(changes):
        content = sections.read_yaml(PARAMS)
        for section, values in changes.items():
            content[section] = content.get(section, {}) | values
        path = tmp_path / "params.yaml"
        with path.open("w") as file:
            YAML(typ="safe").dump(content, file)
        return config.read(path)

    return read_with


def test_the_params_of_the_project_are_read():
    assert config.read(PARAMS).ingest.source == "scenes"


@pytest.mark.parametrize("name", ["tiny", "emoji"])
def test_every_preset_fits_the_params(name):
    from flows import overlay

    preset = sections.read_yaml(PARAMS.parent / "presets" / f"{name}.yaml")
    known = sections.read_yaml(PARAMS)

    assert all(keys.keys() <= known[section].keys() for section, keys in preset.items())
    assert overlay.read_file(PARAMS.parent / "presets" / f"{name}.yaml") == preset


def test_a_misspelt_key_is_named_beside_those_that_exist(params):
    with pytest.raises(ConfigError, match=r"`train`.*num_stesp.*exactly.*num_steps"):
        params({"train": {"num_stesp": 1}})


def test_a_misspelt_section_is_named(params):
    with pytest.raises(ConfigError, match="jugde"):
        params({"jugde": {}})


def test_a_key_that_is_lacking_is_named(tmp_path):
    (tmp_path / "params.yaml").write_text("serve: {port: 8000}")
    with pytest.raises(ConfigError, match=r"lacks.*train"):
        config.read(tmp_path / "params.yaml")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        config.read(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("text", ["a: [", "\x00", "just words", ""])
def test_what_is_not_yaml_with_sections_is_refused(tmp_path, text):
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"params\.yaml"):
        config.read(tmp_path / "params.yaml")


def test_an_unknown_family_is_named_beside_those_that_exist(params):
    with pytest.raises(ConfigError, match=r"train\.generator is 'giraffe'.*regression"):
        params({"train": {"generator": "giraffe"}})


@pytest.mark.parametrize("value", ["many", True, 3.5, None, [3]])
def test_a_value_of_the_wrong_type_is_named(params, value):
    with pytest.raises(ConfigError, match=r"ingest\.image_size is .* must be int"):
        params({"ingest": {"image_size": value}})


def test_a_whole_number_may_stand_for_a_fraction(params):
    assert params({"sampling": {"guidance_scale": 2}}).sampling.guidance_scale == 2


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        ("ingest", {"image_size": 60}, r"image_size is 60.*Try 64"),
        ("tokenize", {"batch_size": 0}, r"tokenize\.batch_size is 0"),
        ("tokenize", {"num_levels": 8}, r"num_levels is 8.*Try 15"),
        ("train", {"hidden_dim": 64, "num_heads": 3}, r"is 64.*num_heads, 3.*Try 192"),
        ("train", {"caption_dropout": 1.0}, r"caption_dropout is 1\.0"),
        ("train", {"text_encoder": "pretrained"}, r"preset is None.*go together"),
        ("finishing", {"upsample": 3}, r"finishing\.upsample is 3.*1, 2 or 4"),
        ("finishing", {"denoise": -0.1}, r"finishing\.denoise is -0\.1.*Try 0\.05"),
        ("finishing", {"contrast": 2.0}, r"finishing\.contrast is 2\.0.*Try 0\.01"),
        ("finishing", {"sharpen": 11.0}, r"finishing\.sharpen is 11\.0.*Try 1"),
        ("sampling", {"temperature": 0.0}, r"temperature is 0\.0.*top_k to 1"),
        ("sampling", {"guidance_scale": 1e9}, r"guidance_scale is .*from 0 to 100"),
        ("serve", {"port": 80000}, r"port is 80000"),
        ("register", {"name": "a/b"}, r"register\.name is 'a/b'"),
        ("gate", {"main_score": "fid"}, r"main_score is 'fid'.*Try alignment\."),
        ("gate", {"margin": -0.1}, r"gate\.margin is -0\.1.*0\.02 is two points"),
        ("gate", {"guard_margin": float("nan")}, r"gate\.guard_margin is nan"),
        ("gate", {"minimum": 40.0}, r"gate\.minimum is 40\.0.*Try 0"),
        ("gate", {"minima": {"a.b": 40}}, r"gate\.minima\.a\.b is 40.*Try 0"),
        ("gate", {"minima": {"a.b": "x"}}, r"gate\.minima\.a\.b is 'x'.*be float"),
        ("gate", {"minima": None}, r"gate\.minima is None.*or \{\} for none"),
        ("gate", {"guard_margins": {"color": -1.0}}, r"margins\.color is -1\.0"),
        ("gate", {"min_prompts": 1}, r"gate\.min_prompts is 1.*Try 50"),
        ("gate", {"max_growth": 0.0}, r"gate\.max_growth is 0\.0.*2\.0 is twice"),
        ("gate", {"approval": "maybe"}, r"gate\.approval is .maybe.*none, required"),
        ("up", {"notify": "ops"}, r"up\.notify is .ops.*Try slack-webhook"),
    ],
)
def test_a_value_that_cannot_work_is_named_with_one_that_can(
    params, section, values, message
):
    with pytest.raises(ConfigError, match=message):
        params({section: values})


@pytest.mark.parametrize(
    ("size", "others", "message"),
    [
        (72, {}, r"image_size is 72.*layers takes multiples of 16\. Try 80"),
        (
            64,
            {"tokenize": {"image_tokenizer": "sketch", "block_size": 3}},
            r"image_size is 64.*sketch takes multiples of 12, .*block_size\. Try 72",
        ),
        (96, {"train": {"generator": "vae"}}, r"is 96.*vae doubles.*32, 64, 128"),
    ],
)
def test_a_size_that_the_networks_cannot_cut_up_is_refused_before_ingest(
    params, size, others, message
):
    with pytest.raises(ConfigError, match=message):
        params({"ingest": {"image_size": size}, **others})


def test_a_size_that_only_another_image_tokenizer_cannot_cut_up_is_fine(params):
    sketch = {"image_tokenizer": "sketch", "block_size": 3}
    given = params({"ingest": {"image_size": 72}, "tokenize": sketch})

    assert given.ingest.image_size == 72


def test_the_names_that_are_checked_early_are_those_that_exist():
    from llmvis.datasets.sources import SOURCES
    from llmvis.training import build

    def names(section, key):
        return set(typing.get_args(typing.get_type_hints(section)[key]))

    assert names(config.IngestConfig, "source") == {"scenes", *SOURCES}
    assert names(config.TrainConfig, "generator") == build.GENERATORS.keys()
    assert names(config.TrainConfig, "text_encoder") == build.TEXT_ENCODERS.keys()
