"""A value from logits."""

import dataclasses

import numpy as np

from llmvis.generators.drawing import draw_values, to_normal
from llmvis.generators.guidance import guide


def test_a_guidance_scale_of_one_leaves_the_conditional_logits():
    conditional, unconditional = np.array([1.0, 2.0]), np.array([5.0, -3.0])

    assert np.array_equal(guide(conditional, unconditional, 1.0), conditional)


def test_a_guidance_scale_of_two_goes_as_far_again():
    assert guide(np.array([3.0]), np.array([1.0]), 2.0) == [5.0]


def test_gumbel_noise_draws_values_in_proportion_to_their_probability(plain):
    shares = np.array([0.7, 0.2, 0.1], "float32")
    logits = np.tile(np.log(shares), (20_000, 1))
    gumbel = np.random.default_rng(0).gumbel(size=logits.shape).astype("float32")
    drawn = np.asarray(draw_values(logits, gumbel, plain)[0])

    assert np.allclose(np.bincount(drawn) / len(drawn), shares, atol=0.015)


def test_of_logits_that_are_no_numbers_none_is_drawn(plain):
    logits = np.array([[0.0, 1.0], [0.0, np.nan], [np.inf, 0.0]], "float32")
    drawn, _ = draw_values(logits, np.zeros_like(logits), plain)

    assert np.array_equal(drawn, [1, -1, -1])


def test_only_the_top_k_are_drawn(plain):
    logits = np.array([[0.0, 1.0, 2.0, 3.0]], "float32")
    noise = np.array([[90.0, 80.0, 0.0, 0.0]], "float32")
    for top_k, drawn in ((2, 3), (3, 1), (4, 0), (99, 0), (0, 0)):
        draw = dataclasses.replace(plain, narrowed=True, top_k=top_k)
        assert draw_values(logits, noise, draw)[0][0] == drawn


def test_only_the_likeliest_share_is_drawn(plain):
    logits = np.log(np.array([[0.1, 0.3, 0.6]], "float32"))
    noise = np.array([[90.0, 80.0, 0.0]], "float32")

    for share, drawn in ((0.0, 2), (0.5, 2), (0.7, 1), (1.0, 0)):
        draw = dataclasses.replace(plain, narrowed=True, top_p=share)
        assert draw_values(logits, noise, draw)[0][0] == drawn


def test_the_share_is_of_the_top_k(plain):
    logits = np.log(np.array([[0.1, 0.3, 0.6]], "float32"))
    noise = np.array([[90.0, 80.0, 0.0]], "float32")
    # Of two values the first has two thirds: less than 0.65 is the first alone.
    draw = dataclasses.replace(plain, narrowed=True, top_k=2, top_p=0.65)

    assert draw_values(logits, noise, draw)[0][0] == 2


def test_a_low_temperature_outweighs_the_noise(plain):
    logits, noise = np.array([[0.0, 1.0]], "float32"), np.array([[3.0, 0.0]], "float32")

    assert draw_values(logits, noise, plain)[0][0] == 0
    cold = dataclasses.replace(plain, temperature=0.1)
    assert draw_values(logits, noise, cold)[0][0] == 1


def test_a_guided_draw_takes_half_as_many_values_as_logits(guided):
    logits = np.array([[0.0, 1.0], [0.0, 3.0]], "float32")  # guided: 0 and -3

    assert draw_values(logits, np.zeros((1, 2), "float32"), guided)[0] == 0


def test_gumbel_noise_becomes_normal_noise():
    gumbel = np.random.default_rng(0).gumbel(size=50_000).astype("float32")
    normal = np.asarray(to_normal(gumbel))

    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1) < 0.02
    assert np.all(np.diff(normal[np.argsort(gumbel)]) > -1e-3)
