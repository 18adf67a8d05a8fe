import keras
import numpy as np
import pytest

from llmvis.training.muon import BlockwiseMuon


def orthogonalized(matrix):
    muon = BlockwiseMuon(0.01)
    return np.asarray(muon.zeropower_via_newtonschulz5(matrix.astype("float32"), 5))


@pytest.mark.parametrize(
    "shape", [(64, 64), (48, 192), (192, 48), (30, 70), (8, 512), (6, 67)]
)
def test_the_norm_is_that_of_a_whole_orthogonal_matrix(shape):
    step = orthogonalized(np.random.default_rng(0).normal(size=shape))
    assert step.shape == shape
    # The iteration leaves singular values between 0.7 and 1.2.
    assert np.linalg.norm(step) == pytest.approx(min(shape) ** 0.5, rel=0.25)


def test_every_block_has_singular_values_that_are_alike():
    rng = np.random.default_rng(0)
    scales = np.repeat([1.0, 100.0, 0.01], 64)
    step = orthogonalized(rng.normal(size=(192, 128)) * scales[:, None])
    for start in (0, 64, 128):
        values = np.linalg.svd(step[start : start + 64], compute_uv=False)
        assert values.max() / values.min() < 2.5


def test_a_matrix_learns():
    layer = keras.layers.Dense(8, use_bias=False, name="block_0")
    layer.build((None, 8))
    muon = BlockwiseMuon(0.05)
    start = np.abs(np.asarray(layer.kernel) - np.eye(8)).max()
    for _ in range(100):
        muon.apply([2 * (layer.kernel - np.eye(8, dtype="float32"))], [layer.kernel])
    assert np.abs(np.asarray(layer.kernel) - np.eye(8)).max() < start / 4
