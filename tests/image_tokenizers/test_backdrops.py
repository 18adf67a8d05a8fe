"""Backdrops: what pictures have in common."""

import numpy as np
import pytest

from llmvis.errors import ConfigError
from llmvis.image_tokenizers.backdrops import (
    find_backdrops,
    nearest_backdrops,
    thumbnails,
)
from tests.image_tokenizers.conftest import BACKDROPS


def test_the_backdrops_come_out_without_what_stands_before_them(drawn):
    pictures, _, _ = drawn
    found = find_backdrops(pictures, most=9, seed=0)
    differences = np.abs(found[:, None] - BACKDROPS).max(axis=(2, 3, 4))

    assert len(found) == 2
    assert differences.min(axis=0).max() < 0.01


def test_backdrops_that_differ_in_a_few_stars_are_told_apart():
    rng = np.random.default_rng(0)
    skies = np.full((3, 32, 32, 3), 40, np.uint8)
    for sky in skies:
        sky[rng.integers(0, 32, 7), rng.integers(0, 32, 7)] = 150
    pictures = np.repeat(skies, 80, axis=0)
    for picture in pictures:
        left, top = rng.integers(0, 24, 2)
        picture[top : top + 8, left : left + 8] = rng.integers(0, 256, 3)
    found = find_backdrops(pictures, most=9, seed=0) * 255

    assert len(found) == 3
    assert np.abs(found[:, None] - skies).max(axis=(2, 3, 4)).min(axis=0).max() < 1


def test_every_picture_is_given_the_backdrop_it_has(drawn):
    pictures, numbers, _ = drawn
    nearest = nearest_backdrops(thumbnails(pictures), thumbnails(BACKDROPS))

    assert np.array_equal(nearest, numbers)


def test_no_more_are_kept_than_asked_for(drawn):
    assert len(find_backdrops(drawn[0], most=1, seed=0)) == 1


def test_pictures_that_have_nothing_in_common_get_one_backdrop():
    noise = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)

    assert find_backdrops(noise, most=9, seed=0).shape == (1, 32, 32, 3)


def test_a_single_picture_is_its_own_backdrop(drawn):
    one = drawn[0][:1]

    assert np.allclose(find_backdrops(one, most=9, seed=0), one / 255, atol=1e-6)


def test_a_picture_size_that_cells_do_not_divide_is_refused():
    with pytest.raises(ConfigError, match=r"40 pixels.*for example 48"):
        thumbnails(np.zeros((1, 40, 40, 3), np.uint8))
