"""Pictures to codes and back."""

import keras
import numpy as np
import pytest

from llmvis.errors import ConfigError
from llmvis.image_tokenizers.sketch_tokenizer import ShiftBlock, SketchTokenizer

SIZES = {"patch_size": 4, "block_size": 2, "num_levels": 5}


@pytest.fixture
def tokenizer():
    keras.utils.set_random_seed(0)
    tokenizer = SketchTokenizer(32, **SIZES, hidden_dim=24, num_layers=2)
    tokenizer.build({"pixels": (None, 32, 32, 3)})
    return tokenizer


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)


def test_a_picture_becomes_a_grid_of_digits_below_the_number_of_levels(
    tokenizer, pictures
):
    codes = tokenizer.encode(pictures)

    assert codes.shape == (3, 4, 4, 12)
    assert codes.min() >= 0
    assert codes.max() < 5


def test_encoding_and_decoding_is_what_the_network_is_trained_to_do(
    tokenizer, pictures
):
    decoded = tokenizer.decode(tokenizer.encode(pictures))
    rebuilt = np.clip(tokenizer({"pixels": pictures / np.float32(255)}), 0, 1)

    assert np.allclose(decoded, rebuilt, atol=1e-5)


def test_a_saved_tokenizer_gives_the_same_codes(tokenizer, pictures, tmp_path):
    tokenizer.save(tmp_path / "tokenizer.keras")
    loaded = keras.saving.load_model(tmp_path / "tokenizer.keras", safe_mode=True)

    assert np.array_equal(loaded.encode(pictures), tokenizer.encode(pictures))


def test_a_position_sees_its_eight_neighbours_and_no_further():
    keras.utils.set_random_seed(0)
    block = ShiftBlock(24)
    features = np.zeros((1, 5, 5, 24), "float32")
    block.build(features.shape)
    # The last layer starts at zero, where nothing can be seen of the others.
    block.set_weights([np.random.default_rng(0).random(w.shape) for w in block.weights])
    touched = features.copy()
    touched[0, 2, 2] = 1.0

    changed = np.abs(block(touched) - block(features)).sum(axis=-1)[0] > 0

    assert np.array_equal(changed, np.pad(np.ones((3, 3), bool), 1))


def test_a_grid_that_does_not_divide_the_picture_is_refused():
    with pytest.raises(ConfigError, match=r"2 patches of 5 pixels.*size 32"):
        SketchTokenizer(32, **{**SIZES, "patch_size": 5}, hidden_dim=24, num_layers=1)
