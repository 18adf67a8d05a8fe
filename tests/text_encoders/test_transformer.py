import keras
import numpy as np
import pytest

from llmvis.text_encoders.transformer import TransformerTextEncoder

PROMPT = np.array([[1, 7, 9, 4, 2]], "int32")


@pytest.fixture(scope="module")
def encoder():
    keras.utils.set_random_seed(0)
    encoder = TransformerTextEncoder(
        vocabulary_size=12, hidden_dim=16, num_layers=2, num_heads=2
    )
    encoder.build((None, 5))
    rng = np.random.default_rng(1)
    for weight in encoder.trainable_variables:  # some start at zero
        weight.assign_add(rng.normal(0, 0.3, weight.shape))
    return encoder


def padded(ids, length):
    return np.pad(ids, ((0, 0), (0, length - ids.shape[1])))


def test_padding_takes_no_part(encoder):
    short, long = encoder(PROMPT), encoder(padded(PROMPT, 9))
    np.testing.assert_allclose(short, long[:, :5], atol=1e-5)


def test_order_matters(encoder):
    turned = PROMPT[:, [0, 2, 1, 3, 4]]
    difference = np.abs(np.asarray(encoder(PROMPT)) - np.asarray(encoder(turned)))
    assert difference[0, 3].max() > 0.01


@pytest.mark.parametrize(("num_heads", "hears"), [(1, False), (2, True)])
def test_the_first_head_looks_back_and_the_second_ahead(num_heads, hears):
    encoder = TransformerTextEncoder(
        vocabulary_size=12, hidden_dim=16, num_layers=1, num_heads=num_heads
    )
    encoder.build((None, 9))
    rng = np.random.default_rng(1)
    for weight in encoder.trainable_variables:
        weight.assign_add(rng.normal(0, 0.3, weight.shape))
    prompt = np.array([[1, 7, 9, 4, 2, 8, 3, 5, 6]], "int32")
    other = np.where(np.arange(9) == 8, 10, prompt)
    change = np.abs(np.asarray(encoder(prompt)) - np.asarray(encoder(other)))
    assert (change[0, 0].max() > 1e-3) == hears


def test_the_third_head_looks_for_the_word_elsewhere():
    keras.utils.set_random_seed(0)
    encoder = TransformerTextEncoder(
        vocabulary_size=12, hidden_dim=12, num_layers=1, num_heads=3
    )
    encoder.build((None, 9))
    [block] = encoder._blocks
    block._write.kernel.assign(np.eye(12))
    prompt = np.array([[1, 7, 9, 4, 2, 8, 3, 7, 6]], "int32")
    other = np.where(np.arange(9) == 1, 10, prompt)  # where the eighth word was too

    def hears_of_it():
        change = np.asarray(encoder(prompt)) - np.asarray(encoder(other))
        return np.abs(change[0, 7, 8:]).max()  # what the third head wrote

    heard = hears_of_it()
    block._same_word.assign(np.zeros((3, 1, 1)))
    assert heard > 2 * hears_of_it()


def test_it_saves_and_loads_to_the_same_output(encoder, tmp_path):
    inputs = keras.Input((5,), dtype="int32")
    keras.Model(inputs, encoder(inputs)).save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_allclose(loaded(PROMPT), encoder(PROMPT), atol=1e-6)
