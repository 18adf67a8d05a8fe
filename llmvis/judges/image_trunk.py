"""The convolutions that both judges read pictures with, each with its own weights.

Dimension key: B batch, H cell rows, W cell columns, C channels.
"""

import keras
from keras import ops

from llmvis.judges.crops import VIEW, view


@keras.saving.register_keras_serializable("llmvis.judges")
class ImageTrunk(keras.layers.Layer):
    """Pictures to one feature vector for each cell of a grid of 16 by 16.

    Residual blocks (He et al., 2016, https://arxiv.org/abs/1512.03385), most of them on
    a grid of 8 by 8 cells, where a cell sees a whole thing after few of them, and a
    skip that keeps what is finer (Ronneberger et al., 2015,
    https://arxiv.org/abs/1505.04597).

    Args:
        hidden_dim: Channels, even.

    Input: Pictures of any size, shape `(B, Y, X, 3)`, in [0, 255].
    Output: Features, shape `(B, 16, 16, C)`, at least 0.
    """

    def __init__(self, *, hidden_dim, **kwargs):
        super().__init__(**kwargs)
        self.hidden_dim = hidden_dim
        self._stem = [_ConvNorm(hidden_dim // 2, 3), _ConvNorm(hidden_dim, 3)]
        self._down = _ConvNorm(2 * hidden_dim, 1)
        self._coarse = [_ConvNorm(2 * hidden_dim, 3) for _ in range(4)]
        self._up = _ConvNorm(4 * hidden_dim, 1)
        self._fine = _ConvNorm(hidden_dim, 3)

    def build(self, input_shape):
        batch, channels = input_shape[0], self.hidden_dim
        halves, fours, eights = [
            (batch, VIEW // side, VIEW // side) for side in (2, 4, 8)
        ]
        self._stem[0].build((*halves, 12))
        self._stem[1].build((*fours, 2 * channels))
        self._down.build((*eights, 4 * channels))
        for block in (*self._coarse, self._up):
            block.build((*eights, 2 * channels))
        self._fine.build((*fours, channels))

    def call(self, images, training=False):
        x = view(images)
        for layer in self._stem:
            x = ops.relu(layer(fold(x), training=training))
        skip = x
        x = ops.relu(self._down(fold(x), training=training))
        for block in self._coarse:
            x = ops.relu(x + block(x, training=training))
        x = ops.relu(skip + _unfold(self._up(x, training=training)))
        return ops.relu(x + self._fine(x, training=training))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], VIEW // 4, VIEW // 4, self.hidden_dim)

    def get_config(self):
        return {**super().get_config(), "hidden_dim": self.hidden_dim}


@keras.saving.register_keras_serializable("llmvis.judges")
class _ConvNorm(keras.layers.Layer):
    """A convolution and batch normalisation."""

    def __init__(self, hidden_dim, kernel_size, **kwargs):
        super().__init__(**kwargs)
        self.hidden_dim, self.kernel_size = hidden_dim, kernel_size
        self._conv = keras.layers.Conv2D(
            hidden_dim,
            kernel_size,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
        )
        # A tenth for each batch, since training is only some hundreds of them.
        self._norm = keras.layers.BatchNormalization(momentum=0.9)

    def build(self, input_shape):
        self._conv.build(input_shape)
        self._norm.build((*input_shape[:-1], self.hidden_dim))

    def call(self, features, training=False):
        return self._norm(self._conv(features), training=training)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "kernel_size": self.kernel_size,
        }


def fold(features):
    """Moves each 2 by 2 block of cells into channels: a quarter as many cells."""
    height, width, channels = features.shape[1:]
    blocks = ops.reshape(features, (-1, height // 2, 2, width // 2, 2, channels))
    return ops.reshape(
        ops.transpose(blocks, (0, 1, 3, 2, 4, 5)),
        (-1, height // 2, width // 2, 4 * channels),
    )


def _unfold(features):
    """Undoes `fold`."""
    height, width, channels = features.shape[1:]
    blocks = ops.reshape(features, (-1, height, width, 2, 2, channels // 4))
    return ops.reshape(
        ops.transpose(blocks, (0, 1, 3, 2, 4, 5)),
        (-1, 2 * height, 2 * width, channels // 4),
    )
