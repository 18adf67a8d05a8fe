"""Tiny generators of every family, and the noise they draw from."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from llmvis import config
from llmvis.generators.drawing import Draw

PARAMS = Path(__file__).parents[2] / "params.yaml"
SIZE, LENGTH = 32, 6


def all_of_them(codes):
    """Says of codes `(B, H, W, D)` that every position says something."""
    return np.full(codes.shape[0], codes.shape[1] * codes.shape[2])


@pytest.fixture(scope="session")
def plain():
    return Draw(
        guided=False,
        narrowed=False,
        top_k=0,
        num_steps=4,
        guidance_scale=1.0,
        temperature=1.0,
        top_p=1.0,
        lengths=all_of_them,
    )


@pytest.fixture(scope="session")
def guided(plain):
    return dataclasses.replace(plain, guided=True, guidance_scale=3.0)


@pytest.fixture(scope="session")
def build():
    """Builds a network with every weight moved: some start at zero and hide others."""

    def build(generator, text_encoder):
        import keras

        from llmvis.prompts.text_tokenizer import TextTokenizer
        from llmvis.training.build import build_generator, build_sketch_tokenizer

        params = config.read(PARAMS)
        tokenize = dataclasses.replace(
            params.tokenize,
            hidden_dim=16,
            num_layers=1,
            num_levels=5,
        )
        sizes = {"hidden_dim": 16, "num_layers": 2, "num_heads": 2}
        train = dataclasses.replace(
            params.train, generator=generator, text_encoder=text_encoder, **sizes
        )
        keras.utils.set_random_seed(0)
        words = TextTokenizer.train(["a red bird"], LENGTH)
        network = build_generator(train, words, build_sketch_tokenizer(tokenize, SIZE))
        rng = np.random.default_rng(1)
        for weight in network.trainable_variables:
            weight.assign_add(rng.normal(0, 0.1, weight.shape))
        return network

    return build


@pytest.fixture(scope="session")
def gumbel():
    """Makes the noise of some pictures."""

    def gumbel(network, rows):
        shape = (rows, *network.noise_shape)
        return np.random.default_rng(0).gumbel(size=shape).astype("float32")

    return gumbel
