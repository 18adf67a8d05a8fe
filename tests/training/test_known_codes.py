"""What is known of pictures that the same image tokenizer has read before."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from llmvis import config
from llmvis.training.build import build_sketch_tokenizer
from llmvis.training.known_codes import KnownCodes

IDS = [f"picture {number}" for number in range(6)]


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)


@pytest.fixture
def tokenizer():
    params = config.read(Path(__file__).parents[2] / "params.yaml").tokenize
    small = dataclasses.replace(params, hidden_dim=16, num_layers=1, num_levels=3)
    return build_sketch_tokenizer(small, image_size=32)


class Counting:
    """An image tokenizer that says how many pictures it read."""

    def __init__(self, tokenizer):
        self._tokenizer, self.num_read = tokenizer, 0
        self.weights, self.get_config = tokenizer.weights, tokenizer.get_config

    def encode(self, pixels):
        self.num_read += len(pixels)
        return self._tokenizer.encode(pixels)


def read(folder, tokenizer, pixels, ids):
    counting, said = Counting(tokenizer), []
    known = KnownCodes(folder, counting)
    codes = known.encode(pixels, ids, said.append)
    known.keep()
    assert said[-1] == len(ids)
    return codes, counting.num_read


def test_only_new_pictures_are_read_and_all_codes_are_the_same(
    tmp_path, tokenizer, pixels
):
    read(tmp_path / "codes", tokenizer, pixels[:4], IDS[:4])
    order = [5, 2, 0, 4, 2]

    codes, num_read = read(
        tmp_path / "codes", tokenizer, pixels[order], [IDS[i] for i in order]
    )

    assert num_read == 2
    np.testing.assert_array_equal(codes, tokenizer.encode(pixels[order]))


def test_what_is_not_asked_for_is_not_kept(tmp_path, tokenizer, pixels):
    read(tmp_path / "codes", tokenizer, pixels, IDS)
    read(tmp_path / "codes", tokenizer, pixels[:2], IDS[:2])

    assert read(tmp_path / "codes", tokenizer, pixels, IDS)[1] == 4


def test_other_weights_know_nothing(tmp_path, tokenizer, pixels):
    read(tmp_path / "codes", tokenizer, pixels, IDS)
    tokenizer.weights[0].assign(tokenizer.weights[0] + 0.1)

    codes, num_read = read(tmp_path / "codes", tokenizer, pixels, IDS)

    assert num_read == 6
    np.testing.assert_array_equal(codes, tokenizer.encode(pixels))


def test_what_is_broken_is_read_anew(tmp_path, tokenizer, pixels):
    read(tmp_path / "codes", tokenizer, pixels, IDS)
    path = tmp_path / "codes" / "codes.npy"
    path.write_bytes(path.read_bytes()[:60])

    assert read(tmp_path / "codes", tokenizer, pixels, IDS)[1] == 6
