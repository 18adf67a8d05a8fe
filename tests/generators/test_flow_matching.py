"""From noise to a picture in steps."""

import dataclasses

import numpy as np
import pytest

from llmvis.generators.drawing import to_normal

TOKEN_IDS = np.array([[1, 4, 5, 2, 0, 0]], "int32")


@pytest.fixture
def network(build):
    return build("flow_matching", "transformer")


def test_one_step_lands_on_what_the_network_says(network, plain, gumbel):
    noise = gumbel(network, 1)
    one = dataclasses.replace(plain, num_steps=1)
    drawn = network.sample(TOKEN_IDS, noise, TOKEN_IDS[0], one)
    start, text = to_normal(noise), network.text_encoder(TOKEN_IDS)
    told = network._clean(start, np.zeros(1, "float32"), TOKEN_IDS, text)

    np.testing.assert_allclose(
        drawn, np.clip((np.asarray(told) + 1) / 2, 0, 1), atol=1e-5
    )


def test_guidance_changes_what_is_drawn(network, plain, guided, gumbel):
    inputs = TOKEN_IDS, gumbel(network, 1), np.array([1, 2, 0, 0, 0, 0], "int32")

    assert not np.allclose(
        network.sample(*inputs, plain), network.sample(*inputs, guided), atol=1e-3
    )
