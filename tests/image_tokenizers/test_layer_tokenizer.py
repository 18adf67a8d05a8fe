"""Pictures to a backdrop with cutouts, and back."""

import keras
import numpy as np
import pytest

from llmvis.errors import ConfigError
from llmvis.image_tokenizers.layer_tokenizer import LayerTokenizer
from tests.image_tokenizers.conftest import (
    BACKDROPS,
    BLUE,
    RED,
    SIZE,
    paint,
    ring,
    triangle,
)

SIZES = {"num_cutouts": 2, "num_levels": 9, "hidden_dim": 16}


@pytest.fixture(scope="module")
def tokenizer():
    keras.utils.set_random_seed(0)
    tokenizer = LayerTokenizer(SIZE, **SIZES, num_backdrops=2, num_silhouettes=0)
    tokenizer.build({})
    tokenizer.backdrops.assign(BACKDROPS)
    return tokenizer


def test_the_codes_are_a_backdrop_and_three_positions_for_each_thing(tokenizer, drawn):
    pictures, numbers, boxes = drawn
    codes = tokenizer.encode(pictures)
    width = codes[:, 1, 2, 1].astype(int) * 9 + codes[:, 1, 2, 2]
    alone = np.array([len(here) == 1 for here in boxes])

    assert codes.shape == (240, 3, 3, 9)
    assert codes.max() < 9
    assert np.array_equal(codes[:, 0, 0, 1], numbers)
    assert np.array_equal(
        width[alone], [b[0][2] - b[0][0] for b in boxes if len(b) == 1]
    )
    assert (codes[alone, 2, 0, 0] == 8).all()


def test_each_of_two_things_is_where_it_was(tokenizer):
    picture = BACKDROPS[0].copy()
    boxes = [
        paint(picture, triangle(10), 15, 20, BLUE),
        paint(picture, ring(9), 2, 3, RED),
    ]
    codes = tokenizer.encode(np.round(picture * 255).astype(np.uint8)[None])

    found = np.asarray(tokenizer.boxes(codes.astype("int32")))[0]
    assert sorted(map(tuple, found.tolist())) == sorted(boxes)


def test_decoding_without_a_thing_gives_the_backdrop(tokenizer):
    codes = np.zeros((2, 3, 3, 9), np.uint8)
    codes[:, 1:, 0, 0] = 8
    codes[1, 0, 0, 1] = 1

    assert np.allclose(tokenizer.decode(codes), BACKDROPS, atol=1e-6)


def test_nothing_is_painted_after_the_first_thing_that_is_not_there(tokenizer, drawn):
    codes = tokenizer.encode(drawn[0][1:2])
    codes[0, 2] = codes[0, 1]
    codes[0, 1, 0, 0] = 8

    assert np.allclose(tokenizer.decode(codes)[0], BACKDROPS[drawn[1][1]], atol=1e-6)


def test_a_picture_is_as_long_as_its_things_and_one_position_that_ends_it(tokenizer):
    codes = np.zeros((3, 3, 3, 9), np.uint8)
    codes[0, 1:, 0, 0] = codes[1, 2, 0, 0] = 8

    assert np.asarray(tokenizer.lengths(codes)).tolist() == [4, 7, 9]


def test_a_thing_changes_its_box_and_nothing_else(tokenizer, drawn):
    codes = tokenizer.encode(drawn[0][1:2])
    [(left, top, right, bottom)] = drawn[2][1]
    changed = np.asarray(tokenizer.decode(codes))[0] - BACKDROPS[drawn[1][1]]
    outside = np.abs(changed).max(axis=2) > 1e-6
    outside[top:bottom, left:right] = False

    assert not outside.any()
    assert np.abs(changed).max() > 0.1


def test_encoding_paints_a_thing_no_worse_than_the_network_it_trains(tokenizer, drawn):
    pictures, numbers, boxes = (part[1:3] for part in drawn)
    pixels = pictures / np.float32(255)
    inputs = {
        "pixels": pixels,
        "backdrop": numbers.astype("int32"),
        "box": np.array(boxes, "int32"),
    }
    seen = np.square(tokenizer(inputs) - pixels).sum(axis=(1, 2, 3))
    tried = tokenizer.decode(tokenizer.encode(pictures))

    assert (np.square(tried - pixels).sum(axis=(1, 2, 3)) <= seen + 1e-4).all()


def test_things_of_one_colour_have_one_palette_once_palettes_are_settled(drawn):
    keras.utils.set_random_seed(0)
    tokenizer = LayerTokenizer(SIZE, **SIZES, num_backdrops=2, num_silhouettes=0)
    tokenizer.build({})
    tokenizer.backdrops.assign(BACKDROPS)
    pictures, numbers, boxes = drawn
    before = _palettes(tokenizer.encode(pictures))
    tokenizer.settle_palettes(pictures, numbers, boxes)

    assert len(_palettes(tokenizer.encode(pictures))) < len(before)


def _palettes(codes):
    return set(map(tuple, codes[:, 1, 0, :4].tolist()))


def test_a_form_is_the_same_code_wherever_it_stands():
    pictures = np.full((2, SIZE, SIZE, 3), 0.5)
    pictures[0, 2:12, 3:13] = pictures[1, 17:27, 20:30] = (0.9, 0.2, 0.1)
    grey = LayerTokenizer(SIZE, **SIZES, num_backdrops=1, num_silhouettes=0)
    grey.build({})
    grey.backdrops.assign(np.full((1, SIZE, SIZE, 3), 0.5))
    codes = grey.encode(np.round(pictures * 255).astype(np.uint8))

    assert np.array_equal(codes[0, 1, :2], codes[1, 1, :2])
    assert not np.array_equal(codes[0, 1, 2], codes[1, 1, 2])


def test_a_saved_tokenizer_gives_the_same_codes(tokenizer, drawn, tmp_path):
    tokenizer.save(tmp_path / "tokenizer.keras")
    loaded = keras.saving.load_model(tmp_path / "tokenizer.keras", safe_mode=True)

    assert np.array_equal(loaded.encode(drawn[0][:9]), tokenizer.encode(drawn[0][:9]))


def test_more_backdrops_than_digits_can_number_are_refused():
    with pytest.raises(ConfigError, match=r"82 backdrops.*to 15"):
        LayerTokenizer(SIZE, **SIZES, num_backdrops=82, num_silhouettes=0)
