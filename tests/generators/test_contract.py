"""What every family has to do, whatever it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from llmvis.compiling import compiled
from llmvis.training.build import GENERATORS, TEXT_ENCODERS

SIZE, LENGTH = 32, 6


@pytest.fixture(params=sorted(GENERATORS))
def network(request, build):
    return build(request.param, "transformer")


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    token_ids = rng.integers(4, 7, (3, LENGTH)).astype("int32")
    token_ids[1, 3:] = 0
    return {
        "token_ids": token_ids,
        "codes": rng.integers(0, 5, (3, 4, 4, 12)).astype("int32"),
        "pixels": rng.random((3, SIZE, SIZE, 3), "float32"),
    }


@pytest.mark.parametrize("text_encoder", sorted(TEXT_ENCODERS.keys() - {"pretrained"}))
def test_gradient_arrives_at_every_weight(network, batch, text_encoder, build):
    network = build(network.name, text_encoder)
    with tf.GradientTape() as tape:
        loss = network.compute_loss(batch, y_pred=network(batch))
    gradients = tape.gradient(loss, network.trainable_variables)

    asleep = [
        weight.path
        for weight, gradient in zip(network.trainable_variables, gradients, strict=True)
        if gradient is None or not np.any(tf.convert_to_tensor(gradient))
    ]
    assert asleep == []


def test_a_saved_network_draws_the_same(network, batch, plain, gumbel, tmp_path):
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras", safe_mode=True)
    inputs = batch["token_ids"], gumbel(network, 3), batch["token_ids"][0], plain

    assert np.array_equal(loaded.sample(*inputs), network.sample(*inputs))


def test_a_sample_does_not_depend_on_the_batch_it_is_in(network, batch, plain, gumbel):
    ids, drawn_noise = batch["token_ids"], gumbel(network, 3)
    together = np.asarray(network.sample(ids, drawn_noise, ids[0], plain))
    alone = np.asarray(network.sample(ids[2:], drawn_noise[2:], ids[0], plain))

    assert np.allclose(together[2:], alone, atol=1e-5)


def test_a_compiled_sample_is_the_sample(network, batch, guided, gumbel):
    ids, drawn_noise = batch["token_ids"], gumbel(network, 3)
    sample = compiled(lambda *inputs: network.sample(*inputs, guided))

    assert np.allclose(
        sample(ids, drawn_noise, ids[0]),
        network.sample(ids, drawn_noise, ids[0], guided),
        atol=1e-3,
    )


def test_the_prompt_changes_the_loss(network, batch):
    other = {**batch, "token_ids": batch["token_ids"][::-1].copy()}

    assert not np.isclose(
        network.compute_loss(batch, y_pred=network(batch)),
        network.compute_loss(batch, y_pred=network(other)),
        rtol=1e-6,
    )


def test_words_behind_the_end_of_a_prompt_are_not_read(network, batch):
    ids = batch["token_ids"]
    whole = {name: values[1:2] for name, values in batch.items()}
    cut = {**whole, "token_ids": ids[1:2, :3]}  # row 1 has three words, then padding

    for padded, bare in zip(
        keras.tree.flatten(network(whole)),
        keras.tree.flatten(network(cut)),
        strict=True,
    ):
        assert np.allclose(padded, bare, atol=1e-5)
