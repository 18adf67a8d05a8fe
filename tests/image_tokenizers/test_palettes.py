"""The palette that paints best, told without painting."""

import numpy as np

from llmvis.image_tokenizers.palettes import (
    all_digits,
    cheapest,
    nats_in_use,
    squared_errors,
)


def test_every_palette_is_listed_once():
    digits = all_digits(num_digits=2, num_levels=3)

    assert digits.tolist()[:4] == [[0, 0], [0, 1], [0, 2], [1, 0]]
    assert len(set(map(tuple, digits.tolist()))) == 9


def test_errors_are_those_of_the_painted_pictures():
    rng = np.random.default_rng(0)
    rest = rng.normal(size=(2, 3, 4, 4, 3)).astype("float32")
    shares = rng.random((2, 3, 4, 4, 2)).astype("float32")
    tones = rng.random((5, 2, 3)).astype("float32")
    counts = rng.random((2, 3, 4, 4)) < 0.5
    painted = np.einsum("bnyxt,ptc->bnpyxc", shares, tones)
    squares = np.square(painted - rest[:, :, None]) * counts[:, :, None, ..., None]
    sizes = counts.sum(axis=(2, 3))[..., None]

    assert np.allclose(
        squared_errors(rest, shares, counts, tones),
        squares.sum(axis=(3, 4, 5)) / sizes,
        atol=1e-4,
    )


def test_where_no_pixel_counts_the_usual_palette_is_taken():
    ones = np.ones((1, 1, 2, 2, 3), "float32")
    nothing, tones = ones[..., 0] < 0, np.ones((3, 3, 3), "float32")
    errors = squared_errors(ones, ones, nothing, tones)
    nats = np.array([2.0, 0.5, 1.0], "float32")

    assert np.asarray(cheapest(errors, nats)).tolist() == [[1]]


def test_a_palette_that_is_hardly_better_for_a_few_falls_out_of_use():
    errors = np.tile([0.0, 0.0001, 0.5], (100, 1))
    errors[:3] = [0.0001, 0.0, 0.5]
    nats = nats_in_use(errors.astype("float32"))

    assert nats[0] < 0.01
    assert nats[1] > 5
    assert (np.asarray(cheapest(errors, nats)) == 0).all()


def test_a_palette_that_a_few_need_stays_in_use():
    errors = np.tile([0.0, 0.2, 0.5], (100, 1))
    errors[:3] = [0.2, 0.0, 0.5]
    nats = nats_in_use(errors.astype("float32"))

    assert np.asarray(cheapest(errors, nats))[:4].tolist() == [1, 1, 1, 0]
