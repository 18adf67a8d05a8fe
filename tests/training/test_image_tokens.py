"""Image tokenizers fitted to pictures."""

import dataclasses
from pathlib import Path

import numpy as np

from llmvis import config
from llmvis.training.image_tokens import fit_image_tokenizer
from tests.image_tokenizers.conftest import drawn as drawn

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml").tokenize


def test_the_same_seed_fits_the_same_image_tokenizer(drawn):
    settings = dataclasses.replace(
        PARAMS, hidden_dim=16, num_cutouts=2, num_steps=3, batch_size=8
    )
    first, second = (
        fit_image_tokenizer(settings, drawn[0], lambda *_: None, lambda _: None)
        for _ in range(2)
    )

    for weight, again in zip(first.weights, second.weights, strict=True):
        assert np.array_equal(weight, again), weight.path
