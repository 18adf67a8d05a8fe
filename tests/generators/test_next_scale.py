"""Next-scale prediction: what a cell may see, and that it runs alone."""

import numpy as np
import pytest

from llmvis.errors import ConfigError
from llmvis.generators.next_scale import NextScaleGenerator
from llmvis.generators.trunk import Trunk

TOKEN_IDS = np.array([[1, 4, 5, 2, 0, 0], [1, 6, 2, 0, 0, 0]], "int32")
CELLS = [1, 4, 16]  # of the scales that are split to reach 8 x 8 patches


@pytest.fixture
def network(build):
    return build("next_scale", "transformer")


def test_a_scale_sees_only_coarser_pictures(network):
    codes = np.full((1, 4, 4, 12), 2, "int32")
    changed = codes.copy()
    changed[0, 0, 0, :9] = [0, 4, 2, 4, 0, 2, 2, 2, 2]  # the same mean colour
    logits, other = (
        np.asarray(network({"token_ids": TOKEN_IDS[:1], "codes": c}))[0]
        for c in (codes, changed)
    )
    differs = (np.abs(logits - other).max(axis=-1) > 1e-6).any(axis=-1)

    # Only the digits that are drawn after others of their own cell may differ.
    assert differs.nonzero()[0].tolist() == [sum(CELLS[:2])]


def test_a_scale_alone_has_the_states_it_has_among_the_others():
    trunk = Trunk(hidden_dim=16, num_layers=2, num_heads=2, grids=[1, 2], causal=False)
    rng = np.random.default_rng(0)
    states, text = rng.random((2, 5, 16), "float32"), rng.random((2, 6, 16), "float32")
    trunk.build(states.shape)
    trunk.set_weights([rng.normal(0, 0.3, w.shape) for w in trunk.weights])
    together = np.asarray(trunk(states, text, TOKEN_IDS != 0))

    alone = trunk.at_scale(1, states[:, 1:], text, TOKEN_IDS != 0)
    assert np.allclose(alone, together[:, 1:], atol=1e-5)


def test_a_grid_that_cells_cannot_be_split_into_is_refused():
    sizes = {"hidden_dim": 16, "num_layers": 1, "num_heads": 2, "num_levels": 5}

    with pytest.raises(ConfigError, match="6 x 6 positions of 4 patches"):
        NextScaleGenerator(None, grid_size=6, num_digits=12, **sizes)
