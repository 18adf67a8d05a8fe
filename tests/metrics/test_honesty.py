import numpy as np
import pytest

from llmvis.errors import DataError
from llmvis.metrics.codebook import codebook_use
from llmvis.metrics.memorisation import is_copy, nearest, thumbnails
from llmvis.metrics.seed_diversity import seed_diversity

PICTURES = np.random.default_rng(0).integers(0, 256, (9, 64, 64, 3), dtype="uint8")


def test_a_copied_picture_is_found_in_whatever_block_it_lies():
    train = thumbnails(PICTURES)
    distances, places = nearest(train[[7, 2]], [train[:4], train[4:]])

    assert places.tolist() == [7, 2]
    assert distances == pytest.approx([0.0, 0.0], abs=1e-3)


def test_black_and_white_are_as_far_apart_as_can_be():
    flat = np.stack([np.zeros((64, 64, 3)), np.full((64, 64, 3), 255)]).astype("uint8")
    black, white = thumbnails(flat)
    distances, _ = nearest(black[None], [white[None]])

    assert distances == pytest.approx([1.0])


def test_only_what_is_nearer_than_unseen_pictures_counts_as_a_copy():
    unseen = np.linspace(0.1, 0.3, 100)

    assert is_copy(np.array([0.0, 0.2]), unseen).tolist() == [True, False]


def test_four_equally_frequent_codes_of_eight():
    usage, perplexity = codebook_use(np.array([[0, 1], [2, 3]]), codebook_size=8)

    assert usage == 0.5
    assert perplexity == pytest.approx(4.0)


def test_a_code_outside_the_codebook_is_refused():
    with pytest.raises(DataError, match="another image tokenizer"):
        codebook_use(np.array([8]), codebook_size=8)


def test_equal_pictures_for_all_seeds_have_no_diversity():
    features = np.repeat(np.eye(6), 3, axis=0)
    figure = seed_diversity(features, np.repeat(np.arange(6), 3), seed=0)

    assert figure.value == 0.0


def test_pictures_that_ignore_the_prompt_are_as_diverse_as_any():
    features = np.random.default_rng(0).normal(size=(300, 16))
    figure = seed_diversity(features, np.repeat(np.arange(100), 3), seed=0)

    assert figure.value == pytest.approx(1.0, abs=0.1)


def test_diversity_needs_two_seeds():
    with pytest.raises(DataError, match=r"evaluate\.seeds_per_prompt to 2"):
        seed_diversity(np.eye(4), np.arange(4), seed=0)
