"""Rows of several examples: nothing is lost, nothing runs into anything else."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from llmvis import config
from llmvis.records import Tokens
from llmvis.training.packing import PackedBatches, pack

PARAMS = Path(__file__).parents[2] / "params.yaml"
NULL_IDS = np.array([1, 2, 0, 0, 0, 0], "int32")


@pytest.fixture
def tokens():
    """Ten pictures of 2 by 3 positions, with two captions each; ids say which."""
    captions = np.zeros((20, 6), "int32")
    for i in range(20):
        captions[i, : 2 + i % 4] = 100 + i
    return Tokens(
        codes=np.arange(10 * 6 * 2, dtype="uint8").reshape(10, 2, 3, 2),
        token_ids=captions,
        starts=np.arange(0, 21, 2),
    )


LENGTHS = np.array([2, 3, 4, 5, 6, 2, 3, 4, 5, 6])


def make(tokens, *, keeps_apart=True, whole=False, lengths=LENGTHS, **params):
    params = {"length_weight": 0.0, "caption_dropout": 0.0, "seed": 0} | params
    params = dataclasses.replace(config.read(PARAMS).train, batch_size=5, **params)
    return PackedBatches(
        tokens, lengths, params, NULL_IDS, keeps_apart=keeps_apart, whole=whole
    )


def pictures(batch):
    """Every picture of a batch: the ids of its caption and its codes."""
    for r, segments in enumerate(batch["segments"]):
        for segment in range(1, segments.max() + 1):
            here = segments == segment
            ids = batch["token_ids"][r][batch["text_segments"][r] == segment]
            yield ids, batch["codes"][r][here], batch["places"][r][here]


def test_pack_fills_the_first_row_that_has_room():
    assert pack([[2, 3], [3, 3], [1, 1], [2, 1]], (4, 5)) == [[0, 2], [1], [3]]


def test_what_needs_more_than_a_row_has_one_of_its_own():
    assert pack([[9, 1], [1, 1]], (4, 4)) == [[0], [1]]


def test_every_example_comes_once_in_an_epoch_with_a_caption_of_its_own(tokens):
    batches, seen = make(tokens), []
    rows = len(batches._epoch(0))
    for number in range(rows):
        for example, caption in batches._row(number):
            seen.append(example)
            assert caption // 2 == example

    assert sorted(seen) == list(range(10))


def test_a_picture_is_whole_and_beside_its_caption(tokens):
    for ids, codes, places in pictures(make(tokens).at(0)):
        example = int(codes[0, 0]) // 12
        assert ids.size
        assert set(ids.tolist()) <= {100 + 2 * example, 101 + 2 * example}
        assert places.tolist() == list(range(LENGTHS[example]))
        assert np.array_equal(
            codes, tokens.codes[example].reshape(6, 2)[: LENGTHS[example]]
        )


def test_a_batch_depends_on_its_step_alone(tokens):
    first, other = make(tokens), make(tokens)
    other.at(7)

    for name, values in first.at(3).items():
        assert np.array_equal(values, other.at(3)[name])


def test_a_caption_that_is_dropped_is_the_empty_prompt(tokens):
    for ids, _, _ in pictures(make(tokens, caption_dropout=0.999).at(0)):
        assert ids.tolist() == [1, 2]


def test_an_encoder_that_cannot_keep_prompts_apart_gets_one_a_row(tokens):
    batch = make(tokens, keeps_apart=False).at(0)

    assert len(batch["segments"]) == 5
    assert batch["segments"].max() == 1


def test_long_pictures_come_more_often(tokens):
    batches, times = make(tokens, length_weight=2.0), np.zeros(10)
    for epoch in range(300):
        for row in batches._epoch(epoch):
            for example, _ in row:
                times[example] += 1

    expected = LENGTHS**2 / np.mean(LENGTHS**2)
    np.testing.assert_allclose(times / 300, expected, atol=0.1)


def test_a_generator_that_draws_all_positions_is_shown_all(tokens):
    batches = make(tokens, whole=True, length_weight=2.0)
    assert all(len(codes) == 6 for _, codes, _ in pictures(batches.at(0)))
