"""What every text encoder has to do, whatever it is."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from llmvis import config
from llmvis.prompts.text_tokenizer import TextTokenizer
from llmvis.training.build import TEXT_ENCODERS

PARAMS = Path(__file__).parents[2] / "params.yaml"
# The encoder that needs a preset has tests of its own, test_pretrained.py.
ENCODERS = sorted(TEXT_ENCODERS.keys() - {"pretrained"})
ORDERLESS = {"bag_of_words", "word_embedding"}


@pytest.fixture(params=ENCODERS)
def encoder(request):
    params = dataclasses.replace(config.read(PARAMS).train, hidden_dim=12, num_heads=3)
    words = TextTokenizer.train(["a red bird on a blue house"], 12)
    keras.utils.set_random_seed(0)
    encoder = TEXT_ENCODERS[request.param](params, words)
    encoder.build((None, 6))
    rng = np.random.default_rng(1)
    for weight in encoder.trainable_variables:  # some start at zero
        weight.assign_add(rng.normal(0, 0.3, weight.shape))
    encoder.is_orderless = request.param in ORDERLESS
    return encoder


def mean(encoder, ids):
    return np.asarray(encoder(np.array([ids], "int32")))[0].mean(axis=0)


def test_words_behind_the_end_make_no_difference(encoder):
    short, long = np.array([[1, 4, 5, 2]]), np.array([[1, 4, 5, 2, 0, 0]])

    np.testing.assert_allclose(encoder(short)[0], encoder(long)[0, :4], atol=1e-5)


def test_another_word_makes_a_difference(encoder):
    assert (
        np.abs(mean(encoder, [1, 4, 5, 2]) - mean(encoder, [1, 6, 5, 2])).max() > 0.01
    )


def test_only_bags_of_words_do_not_know_their_order(encoder):
    there, back = mean(encoder, [1, 4, 5, 6, 2]), mean(encoder, [1, 6, 5, 4, 2])

    assert np.allclose(there, back, atol=1e-5) == encoder.is_orderless


def test_prompts_of_one_row_are_read_as_they_are_alone(encoder):
    if not encoder.keeps_apart:
        pytest.skip("takes one prompt a row")
    row = np.array([[1, 4, 5, 2, 1, 6, 2, 0]], "int32")
    segments = np.array([[1, 1, 1, 1, 2, 2, 2, 0]], "int32")
    together = np.asarray(encoder(row, segments))[0]

    np.testing.assert_allclose(together[:4], encoder(row[:, :4])[0], atol=1e-5)
    np.testing.assert_allclose(together[4:7], encoder(row[:, 4:7])[0], atol=1e-5)


def test_a_saved_encoder_reads_the_same(encoder):
    saved = keras.saving.serialize_keras_object(encoder)
    loaded = keras.saving.deserialize_keras_object(saved)
    if not loaded.built:
        loaded.build((None, 6))
    loaded.set_weights(encoder.get_weights())

    np.testing.assert_array_equal(
        loaded(np.array([[1, 4, 5, 2]])), encoder(np.array([[1, 4, 5, 2]]))
    )
