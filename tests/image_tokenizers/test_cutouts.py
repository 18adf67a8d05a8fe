"""Cutting things out: where they are, and where one ends and the next begins."""

import numpy as np
import pytest

from llmvis.image_tokenizers.cutouts import (
    alone,
    cut_out,
    find_parts,
    find_silhouettes,
    what_stands_out,
)
from tests.image_tokenizers.conftest import BACKDROPS, ring, triangle


@pytest.fixture(scope="module")
def masks(drawn):
    pictures, numbers, _ = drawn
    return what_stands_out(pictures, BACKDROPS, numbers)


@pytest.fixture(scope="module")
def silhouettes(masks):
    return find_silhouettes(find_parts(masks), seed=0)


def test_a_thing_alone_is_found_where_it_is(drawn, masks):
    alone = [i for i, boxes in enumerate(drawn[2]) if len(boxes) == 1]

    assert len(alone) == 200
    assert all(
        [p.box for p in find_parts(masks[i : i + 1])] == drawn[2][i] for i in alone
    )


def test_things_that_touch_are_one_part(masks):
    assert len(find_parts(masks[:1])) == 1


def test_things_that_touch_are_cut_where_both_are_known(drawn, masks, silhouettes):
    touching = [i for i, boxes in enumerate(drawn[2]) if len(boxes) == 2]
    found = cut_out(masks[touching], silhouettes)
    # Where they touch, a row may be given to either.
    right = [
        np.shape(boxes) == (2, 4) and np.abs(np.subtract(boxes, drawn[2][i])).max() <= 1
        for i, boxes in zip(touching, found, strict=True)
    ]

    assert len(touching) == 40
    assert np.mean(right) > 0.9


def test_two_things_on_a_third_are_three(silhouettes):
    mask = np.zeros((32, 32), bool)
    mask[2:12, 3:13] |= ring(10)
    mask[2:12, 14:24] |= ring(10)
    mask[11:21, 8:18] |= triangle(10)  # its uppermost row is the lowest of the rings
    true = [(3, 2, 13, 12), (14, 2, 24, 12), (8, 11, 18, 21)]
    [found] = cut_out(mask[None], silhouettes)

    assert len(find_parts(mask[None])) == 1
    assert np.shape(found) == (3, 4)
    assert np.abs(np.subtract(found, true)).max() <= 1


def test_without_silhouettes_nothing_is_cut(masks):
    assert [len(boxes) for boxes in cut_out(masks[:3], np.zeros((0, 257)))] == [1, 1, 1]


def test_only_what_comes_again_is_a_silhouette(masks, silhouettes):
    few = find_silhouettes(find_parts(masks[:5]), seed=0)

    assert 2 <= len(silhouettes) <= 12  # two shapes, in a few sizes
    assert len(few) == 0


def test_a_hole_belongs_to_what_goes_round_it():
    mask = np.zeros((16, 16), bool)
    mask[2:12, 3:13] = ring(10)
    [part] = find_parts(mask[None])

    assert part.size > ring(10).sum()
    assert part.raw.sum() == ring(10).sum()


def test_specks_are_no_things():
    mask = np.zeros((16, 16), bool)
    mask[:3, :3] = True
    mask[8:14, 8:14] = triangle(6)

    assert [part.box for part in find_parts(mask[None])] == [(8, 8, 14, 14)]


def test_pixels_of_two_boxes_count_for_neither():
    boxes = np.array([[[0, 0, 2, 2], [1, 1, 3, 2], [0, 0, 0, 0]]], np.int32)
    counts = alone(boxes, 3)[0]

    assert counts[0].tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert counts[1].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert not counts[2].any()
