"""Convolutions that grow a picture from a few positions, and shrink it to them.

Dimension key: B batch, Y X picture rows and columns, C channels.
"""

import keras
from keras import ops

from llmvis.errors import ConfigError

_SMALLEST = 8  # positions on a side of the smallest grid


class Painter(keras.layers.Layer):
    """A dense layer and transposed convolutions that double the sides up to a picture.

    Zeiler et al., 2010, "Deconvolutional Networks".

    Args:
        hidden_dim: Channels of the smallest grid; halved at each doubling.
        image_size: Pixels on a side: 8 times a power of 2.

    Input: What to paint, shape `(B, C)`.
    Output: Pictures, shape `(B, Y, X, 3)`, in [0, 1].

    Raises:
        ConfigError: Pictures of that size cannot be grown.
    """

    def __init__(self, hidden_dim, image_size, **kwargs):
        super().__init__(**kwargs)
        self._grid = (_SMALLEST, _SMALLEST, hidden_dim)
        self._read = keras.layers.Dense(
            hidden_dim * _SMALLEST**2, activation="silu", name="read"
        )
        layers = [
            keras.layers.Conv2DTranspose(
                channels,
                4,
                strides=2,
                padding="same",
                activation="silu",
                name=f"double_{i}",  # Keras would count on from model to model
            )
            for i, channels in enumerate(_channels(hidden_dim, image_size))
        ]
        layers.append(
            keras.layers.Conv2D(
                3, 3, padding="same", activation="sigmoid", name="color"
            )
        )
        self._grow = keras.Sequential(layers, name="grow")

    def build(self, input_shape):
        self._read.build(input_shape)
        self._grow.build((None, *self._grid))

    def call(self, states):
        return self._grow(ops.reshape(self._read(states), (-1, *self._grid)))


class Viewer(keras.layers.Layer):
    """Convolutions that halve the sides: what `Painter` does, the other way round.

    Input: Pictures, shape `(B, Y, X, 3)`, in [0, 1].
    Output: What they show, shape `(B, 64 * hidden_dim)`.
    """

    def __init__(self, hidden_dim, image_size, **kwargs):
        super().__init__(**kwargs)
        self._size, self.num_features = image_size, hidden_dim * _SMALLEST**2
        sizes = [hidden_dim, *_channels(hidden_dim, image_size)[:-1]]
        layers = [
            keras.layers.Conv2D(
                channels,
                4,
                strides=2,
                padding="same",
                activation="leaky_relu",
                name=f"halve_{i}",
            )
            for i, channels in enumerate(reversed(sizes))
        ]
        self._shrink = keras.Sequential(layers, name="shrink")

    def build(self, _input_shape):
        self._shrink.build((None, self._size, self._size, 3))

    def call(self, pictures):
        cells = self._shrink(2.0 * pictures - 1.0)
        return ops.reshape(cells, (-1, self.num_features))


def _channels(hidden_dim, image_size):
    num_doublings = (image_size // _SMALLEST).bit_length() - 1
    if image_size != _SMALLEST << num_doublings:
        raise ConfigError(
            f"ingest.image_size is {image_size}, and convolutions double 8 pixels "
            "again and again. Set it to 32, 64, 128 or 256, or choose a "
            "train.generator that is not regression, vae or gan."
        )
    return [max(16, hidden_dim >> (n + 1)) for n in range(num_doublings)]
