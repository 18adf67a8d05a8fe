"""Larger pictures with the detail that smaller ones lost.

A few residual blocks (Lim et al., 2017, EDSR, https://arxiv.org/abs/1707.02921) at the
small size, and pixels made of channels at the end (Shi et al., 2016, ESPCN,
https://arxiv.org/abs/1609.05158).

There is no truth for pictures larger than those of the data set. So the network learns
to undo that its pictures were made smaller, and is then applied one scale further up.

Dimension key: B batch, Y X rows and columns, C channels.
"""

import keras
import numpy as np
from keras import ops

from llmvis.blocks import spread
from llmvis.compiling import compiled

_COLORS = 3
_KERNEL = 3  # pixels on a side
_LOUDER = 8.0  # times; differences between neighbours are mostly below 0.1
_LOBES = 3  # of the Lanczos kernel


@keras.saving.register_keras_serializable("llmvis")
class SuperResolution(keras.Model):
    """Enlarges pictures by a whole factor.

    Only differences between neighbours are read, and nothing has a bias, so that what
    is of one colour stays so.

    Args:
        factor: Times as many pixels on a side, at least 2.
        hidden_dim: Channels of a pixel.
        num_layers: Residual blocks.

    Input: `{"pixels": (B, Y, X, 3) float in [0, 1]}`, sides that `factor` divides.
    Output: What becomes of them made smaller and enlarged again, same shape, about
        [0, 1].
    """

    def __init__(self, factor, *, hidden_dim, num_layers, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.hidden_dim, self.num_layers = factor, hidden_dim, num_layers
        self._read = _convolution(hidden_dim, "read")
        self._blocks = [
            (
                _convolution(hidden_dim, f"expand_{i}"),
                _convolution(hidden_dim, f"contract_{i}", "zeros"),
            )
            for i in range(num_layers)
        ]
        self._write = _convolution(_COLORS * factor**2, "write", "zeros")
        self._enlarge_one = compiled(self._enlarged)

    def build(self, input_shape):  # noqa: ARG002, pictures of any size are taken
        self._read.build((None, None, None, _COLORS))
        for layer in (*(one for block in self._blocks for one in block), self._write):
            layer.build((None, None, None, self.hidden_dim))
        self.built = True

    def call(self, inputs):
        return self.enlarge_features(
            ops.average_pool(inputs["pixels"], self.factor, self.factor)
        )

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean squared error of a pixel.

        The absolute error of EDSR is hardly lower for interpolated edges than for
        repeated pixels, so it teaches far less in as many steps.
        """
        return ops.mean((y_pred - x["pixels"]) ** 2)

    def enlarge(self, images: np.ndarray) -> np.ndarray:
        """Enlarges pictures `(B, Y, X, 3)` uint8 to `(B, f * Y, f * X, 3)` uint8."""
        # One by one: the sums of a convolution may differ with the size of the batch,
        # and a picture must not depend on what is drawn beside it.
        return np.concatenate([self._enlarge_one(image[None]) for image in images])

    def enlarge_features(self, pixels):
        """Pictures `(B, Y, X, 3)` in [0, 1] to larger ones, not clipped."""
        edges_BYXC = pixels - ops.average_pool(pixels, 3, 1, "same")
        states_BYXC = self._read(_LOUDER * edges_BYXC)
        for expand, contract in self._blocks:
            states_BYXC = states_BYXC + contract(ops.silu(expand(states_BYXC)))
        # What plain interpolation gives need not be learnt.
        plain_BYXC = _interpolated(pixels, self.factor)
        return plain_BYXC + spread(self._write(states_BYXC), self.factor)

    def _enlarged(self, images):
        large = self.enlarge_features(ops.cast(images, "float32") / 255)
        return ops.cast(ops.round(ops.clip(large, 0.0, 1.0) * 255), "uint8")

    def get_config(self):
        names = ("factor", "hidden_dim", "num_layers")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
        }


def _interpolated(pixels, factor):
    """Pictures enlarged with the Lanczos kernel, not clipped."""
    rows, columns = (_weights(size, factor) for size in pixels.shape[1:3])
    return ops.einsum("ty,byxc,ux->btuc", rows, pixels, columns)


def _weights(size, factor):
    """What each pixel of a line counts for each of the longer one: `(f * Y, Y)`."""
    centers = (np.arange(size * factor)[:, None] + 0.5) / factor - 0.5
    distances = np.arange(size) - centers
    weights = np.sinc(distances) * np.sinc(distances / _LOBES)
    weights = np.where(np.abs(distances) < _LOBES, weights, 0.0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")


def _convolution(channels, name, initializer="glorot_uniform"):
    # What writes starts at zero, so that it adds nothing until it has learnt.
    return keras.layers.Conv2D(
        channels,
        _KERNEL,
        padding="same",
        use_bias=False,
        kernel_initializer=initializer,
        name=name,
    )
