"""Convolutions that grow a picture from a few positions, and shrink it to them."""

import keras

SMALLEST = 8  # positions on a side of the smallest grid


def growing(hidden_dim, image_size):
    """Transposed convolutions that double the sides up to a picture.

    Args:
        hidden_dim: Channels of the smallest grid; halved at each doubling.
        image_size: Pixels on a side: 8 times a power of 2.

    Returns:
        Features `(B, 8, 8, hidden_dim)` to pictures `(B, Y, X, 3)` in [0, 1].
    """
    layers = [
        keras.layers.Conv2DTranspose(
            channels, 4, strides=2, padding="same", activation="silu"
        )
        for channels in _channels(hidden_dim, image_size)
    ]
    layers.append(keras.layers.Conv2D(3, 3, padding="same", activation="sigmoid"))
    return keras.Sequential(layers, name="grow")


def shrinking(hidden_dim, image_size):
    """Convolutions that halve the sides: what `growing` does, the other way round.

    Returns:
        Pictures `(B, Y, X, 3)` to features `(B, 8, 8, hidden_dim)`.
    """
    sizes = [hidden_dim, *_channels(hidden_dim, image_size)[:-1]]
    layers = [
        keras.layers.Conv2D(
            channels, 4, strides=2, padding="same", activation="leaky_relu"
        )
        for channels in reversed(sizes)
    ]
    return keras.Sequential(layers, name="shrink")


def _channels(hidden_dim, image_size):
    num_doublings = (image_size // SMALLEST).bit_length() - 1
    return [max(16, hidden_dim >> (n + 1)) for n in range(num_doublings)]
