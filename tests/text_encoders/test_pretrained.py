"""A tiny BERT, written as a preset and read as a text encoder."""

import dataclasses
from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest

from llmvis import config
from llmvis.errors import ConfigError
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.text_to_image import TextToImage
from llmvis.training.build import (
    TEXT_ENCODERS,
    build_generator,
    build_sketch_tokenizer,
)
from llmvis.training.fit import Observer, Plan, fit

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "bird", "house"]


SIZES = {"hidden_dim": 16, "num_layers": 1}
PLAN = Plan(
    num_steps=10,
    learning_rate=0.01,
    adam_learning_rate=0.01,
    pretrained_learning_rate=1e-4,
    weight_decay=0.01,
    validate_every=10,
    seed=0,
)
SILENT = Observer(on_step=lambda *_: None, on_validation=lambda _: None)


def tiny_image_tokenizer():
    tokenize = dataclasses.replace(PARAMS.tokenize, num_levels=3, **SIZES)
    return build_sketch_tokenizer(tokenize, image_size=16)


def asked_for(preset, words, **changes):
    train = dataclasses.replace(
        PARAMS.train,
        num_heads=2,
        text_encoder="pretrained",
        pretrained_preset=preset,
        **SIZES,
        **changes,
    )
    return build_generator(train, words, tiny_image_tokenizer())


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("preset") / "tiny")
    keras.utils.set_random_seed(0)
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=20,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=64,
    )
    pieces = [*VOCABULARY, "blue", "##bird", "##s", "鸟"]
    tokenizer = keras_hub.models.BertTokenizer(vocabulary=pieces, lowercase=True)
    backbone.save_to_preset(folder)
    tokenizer.save_to_preset(folder)
    return folder


@pytest.fixture(scope="module")
def words():
    return TextTokenizer.train(["a red bird and bluebirds", "鸟"], 12)


@pytest.fixture(scope="module")
def encoder(preset, words):
    asked = dataclasses.replace(
        PARAMS.train, text_encoder="pretrained", pretrained_preset=preset
    )
    encoder = TEXT_ENCODERS["pretrained"](asked, words)
    encoder.build((None, 12))
    return encoder


def test_a_prompt_is_read_as_the_backbone_reads_it(encoder, words):
    [states] = np.asarray(encoder.backbone_states(words.encode(["red bluebirds"])))
    ids = np.array([[2, 6, 9, 10, 11, 3]])  # [CLS] red blue ##bird ##s [SEP]
    [right] = np.asarray(
        encoder.backbone(
            {
                "token_ids": ids,
                "segment_ids": np.zeros_like(ids),
                "padding_mask": np.ones_like(ids),
            }
        )["sequence_output"]
    )

    np.testing.assert_allclose(states[1], right[1], atol=1e-5)
    np.testing.assert_allclose(states[2], right[2:5].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(states[3], right[5], atol=1e-5)


def test_a_word_of_another_script_has_its_token(encoder, words):
    there, other = (encoder(words.encode([text]))[0, 1] for text in ("鸟", "red"))

    assert np.abs(there - other).max() > 1e-3


def test_words_behind_the_end_make_no_difference(encoder, words):
    row = words.encode(["a red bird"])

    np.testing.assert_allclose(
        encoder(row[:, :6])[0, :5], encoder(row)[0, :5], atol=1e-5
    )


def test_only_what_reads_a_frozen_backbone_learns(encoder):
    assert [weight.name for weight in encoder.trainable_variables] == ["kernel", "bias"]


def test_a_tuned_backbone_learns_a_little_at_the_rate_it_is_given(preset, words):
    model = asked_for(preset, words, pretrained_learning_rate=1e-4)
    encoder = model.text_encoder
    before = [np.array(weight) for weight in encoder.backbone.weights]
    reads_it = np.array(encoder._out.kernel)
    rng = np.random.default_rng(0)
    batch = {
        "token_ids": words.encode(["a red bird", "bluebirds"]),
        "codes": rng.integers(0, 3, (2, *model.grid, model.num_digits), "int32"),
    }
    fit(model, lambda _: batch, PLAN, SILENT, checkpoint_folder=None, made_from="")
    moved = [
        np.abs(weight - old).max()
        for weight, old in zip(encoder.backbone.weights, before, strict=True)
    ]

    # All but the summary of a whole text, which nothing reads.
    assert len(encoder.pretrained_variables) == len(moved) - 2
    # Adam moves a weight by about its learning rate in each step at most.
    assert 1e-5 < max(moved) < 2 * PLAN.num_steps * PLAN.pretrained_learning_rate
    assert np.abs(encoder._out.kernel - reads_it).max() > 10 * max(moved)


def test_a_saved_tuned_encoder_is_still_tuned(preset, words):
    encoder = asked_for(preset, words, pretrained_learning_rate=1e-4).text_encoder
    loaded = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(encoder)
    )

    assert len(loaded.pretrained_variables) == len(encoder.pretrained_variables) > 0


def test_a_rate_without_a_preset_is_refused():
    with pytest.raises(ConfigError, match=r"pretrained_learning_rate is 0\.0001"):
        dataclasses.replace(PARAMS.train, pretrained_learning_rate=1e-4)


def test_a_saved_encoder_reads_the_same(encoder, words):
    loaded = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(encoder)
    )
    loaded.set_weights(encoder.get_weights())
    row = words.encode(["a red bird"])

    np.testing.assert_array_equal(loaded(row), encoder(row))


def test_a_model_with_it_draws_the_same_after_it_is_saved(preset, words, tmp_path):
    image_tokenizer = tiny_image_tokenizer()
    generator = asked_for(preset, words)
    about = {"text_tokenizer": words.fingerprint}
    model = TextToImage(words, generator, image_tokenizer, about)
    model.save(tmp_path / "model")
    loaded = TextToImage.load(tmp_path / "model")
    drawn, again = (
        one.generate(["a red bird"], 3, PARAMS.sampling)[0].image
        for one in (model, loaded)
    )

    np.testing.assert_array_equal(drawn, again)


def test_a_folder_without_a_preset_is_named(tmp_path, words):
    asked = dataclasses.replace(
        PARAMS.train, text_encoder="pretrained", pretrained_preset=str(tmp_path)
    )
    with pytest.raises(ConfigError, match=r"finds no text model.*save_to_preset"):
        TEXT_ENCODERS["pretrained"](asked, words)
