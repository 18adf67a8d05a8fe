"""What the attention of every transformer here shares.

Dimension key: B batch, L tokens or positions, S keys, C channels, N heads, K channels
of a head.
"""

import numpy as np
from keras import ops

HIDDEN = -1e9  # added to the logit of a key that must not be seen


def split_heads(states, num_heads):
    """States `(B, L, C)` to `(B, N, L, K)`."""
    _, length, channels = states.shape
    heads = ops.reshape(states, (-1, length, num_heads, channels // num_heads))
    return ops.transpose(heads, (0, 2, 1, 3))


def attend(query, key, value, bias):
    """Mixes values by how well queries and keys agree, and joins the heads.

    Args:
        query: Shape `(B, N, L, K)`.
        key: Shape `(B, N, S, K)`.
        value: Shape `(B, N, S, K)`.
        bias: Added to the logits, broadcast to `(B, N, L, S)`.

    Returns:
        Shape `(B, L, C)`.
    """
    _, num_heads, length, head_dim = query.shape
    scaled = query * head_dim**-0.5
    logits_BNLS = ops.matmul(scaled, ops.transpose(key, (0, 1, 3, 2))) + bias
    mixed_BNLK = ops.matmul(ops.softmax(logits_BNLS), value)
    mixed_BLNK = ops.transpose(mixed_BNLK, (0, 2, 1, 3))
    return ops.reshape(mixed_BLNK, (-1, length, num_heads * head_dim))


def padding_bias(mask):
    """Hides keys that are padding: a mask `(B, S)` to `(B, 1, 1, S)`."""
    return (1.0 - ops.cast(mask, "float32"))[:, None, None, :] * HIDDEN


def apart_bias(segments, seen):
    """Lets what is of one segment see that segment alone.

    Args:
        segments: Of who looks, shape `(B, L)`, int; 0 is padding.
        seen: Of what is looked at, shape `(B, S)`.

    Returns:
        The bias, shape `(B, 1, L, S)`: 0 where both are of one segment.
    """
    apart_BLS = ops.not_equal(segments[:, :, None], seen[:, None, :])
    return ops.cast(apart_BLS, "float32")[:, None] * HIDDEN


def rotary_table(positions, num_pairs, longest):
    """Cosines and sines by which pairs of channels turn, each `(L, num_pairs)`.

    Su et al., 2021, https://arxiv.org/abs/2104.09864: what a query and a key say to
    each other then depends on how far apart they are, and not on where they are.

    Args:
        positions: Where each token is, shape `(L,)`.
        num_pairs: Pairs of channels.
        longest: The slowest pair turns by about a radian in so many positions.
    """
    angles = np.outer(positions, 1.0 / longest ** (np.arange(num_pairs) / num_pairs))
    return np.cos(angles).astype("float32"), np.sin(angles).astype("float32")


def rotate(vectors, rotary):
    """Turns each pair of channels of `(..., L, K)` by its angle."""
    cosines, sines = rotary
    first, second = ops.split(vectors, 2, axis=-1)
    return ops.concatenate(
        [first * cosines - second * sines, first * sines + second * cosines], axis=-1
    )
