"""Next-position prediction: what it may see, and that both ways of running agree."""

import dataclasses

import numpy as np
import pytest


@pytest.fixture
def network(build):
    return build("autoregressive", "transformer")


@pytest.fixture
def token_ids():
    return np.array([[1, 4, 5, 2, 0, 0], [1, 6, 2, 0, 0, 0]], "int32")


def test_a_digit_sees_only_the_positions_and_digits_before_it(network, token_ids):
    codes = np.zeros((1, 4, 4, 12), "int32")
    changed = codes.copy()
    changed[0, 1, 1, 1] = 4  # position 5, digit 1
    logits, other = (
        np.asarray(network({"token_ids": token_ids[:1], "codes": c}))[0]
        for c in (codes, changed)
    )
    differs = np.abs(logits - other).max(axis=-1) > 1e-6

    assert not differs[:5].any()
    assert differs[5].tolist() == [False] * 2 + [True] * 10
    assert differs[6:].any(axis=0).all()


def test_sampling_with_a_cache_draws_what_the_whole_network_would(
    network, token_ids, plain, gumbel
):
    greedy = gumbel(network, 2) * 0
    codes = np.asarray(network.sample(token_ids, greedy, token_ids[0], plain))
    logits = np.asarray(network({"token_ids": token_ids, "codes": codes}))

    assert np.array_equal(codes.reshape(2, 16, 12), logits.argmax(axis=-1))


def test_nothing_is_drawn_after_the_end_of_a_picture(network, token_ids, plain, gumbel):
    noise = gumbel(network, 2)
    lengths = np.array([3, 7])
    some = dataclasses.replace(plain, lengths=lambda _codes: lengths)
    whole, cut = (
        np.asarray(network.sample(token_ids, noise, token_ids[0], draw))
        for draw in (plain, some)
    )
    is_said = (np.arange(16) < lengths[:, None]).reshape(2, 4, 4, 1)

    assert np.array_equal(cut, np.where(is_said, whole, 0))
    assert whole[0].any(axis=-1).sum() > 7


def test_guidance_of_one_draws_as_no_guidance(
    network, token_ids, plain, guided, gumbel
):
    drawn_noise = gumbel(network, 2)
    off = network.sample(token_ids, drawn_noise, token_ids[0], plain)
    one = dataclasses.replace(guided, guidance_scale=1.0)

    assert np.array_equal(
        off, network.sample(token_ids, drawn_noise, token_ids[0], one)
    )


def test_guidance_changes_what_is_drawn(network, token_ids, plain, guided, gumbel):
    inputs = token_ids, gumbel(network, 2), token_ids[1]

    assert not np.array_equal(
        network.sample(*inputs, plain), network.sample(*inputs, guided)
    )


def test_the_score_sums_the_log_probabilities_of_what_is_said(network, token_ids):
    codes = np.random.default_rng(0).integers(0, 5, (2, 4, 4, 12)).astype("int32")
    logits = np.asarray(network({"token_ids": token_ids, "codes": codes}))
    log_sum = np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    picked = np.take_along_axis(
        logits - log_sum, codes.reshape(2, 16, 12)[..., None], axis=-1
    )

    lengths = np.array([16, 5])
    said = picked * (np.arange(16) < lengths[:, None])[..., None, None]
    assert np.allclose(
        network.score(token_ids, codes, lengths), said.sum(axis=(1, 2, 3)), rtol=1e-4
    )


def test_a_picture_in_a_row_with_others_is_read_as_it_is_alone(network, token_ids):
    codes = np.random.default_rng(0).integers(0, 5, (2, 4, 4, 12)).astype("int32")
    alone = np.asarray(network({"token_ids": token_ids, "codes": codes}))
    row = {
        "token_ids": np.array([[1, 4, 5, 2, 1, 6, 2, 0]]),
        "text_segments": np.array([[1, 1, 1, 1, 2, 2, 2, 0]]),
        "codes": np.concatenate(
            [codes[0].reshape(16, 12)[:6], codes[1].reshape(16, 12)]
        )[None],
        "places": np.concatenate([np.arange(6), np.arange(16)])[None],
        "segments": np.repeat([1, 2], [6, 16])[None],
    }
    together = np.asarray(network({k: v.astype("int32") for k, v in row.items()}))[0]

    assert np.allclose(together[:6], alone[0, :6], atol=1e-5)
    assert np.allclose(together[6:], alone[1], atol=1e-5)


def test_padding_of_a_row_does_not_count(network, token_ids):
    codes = np.zeros((1, 4, 4, 12), "int32")
    whole = {"token_ids": token_ids[:1], "codes": codes}
    row = {
        "token_ids": np.pad(token_ids[:1], ((0, 0), (0, 2))),
        "text_segments": np.array([[1, 1, 1, 1, 0, 0, 0, 0]], "int32"),
        "codes": np.zeros((1, 20, 12), "int32"),
        "places": np.pad(np.arange(16, dtype="int32"), (0, 4))[None],
        "segments": np.repeat(np.array([1, 0], "int32"), [16, 4])[None],
    }

    assert np.isclose(
        network.compute_loss(row, y_pred=network(row)),
        network.compute_loss(whole, y_pred=network(whole)),
        rtol=1e-5,
    )
