"""One vector for a whole prompt, the mean of its words.

Dimension key: B batch, T image positions, L text tokens, C channels.
"""

from keras import ops


def mean_state(text_encoder, token_ids):
    """Means of the states of prompts `(B, L)` without their padding, `(B, C)`."""
    segments = ops.cast(ops.not_equal(token_ids, 0), "int32")
    # Padding must not vote, or short prompts drift to one picture.
    return mean_of_own(text_encoder(token_ids), segments[:, :1], segments)[:, 0]


def mean_of_own(text_states, segments, text_segments):
    """What each position hears on average from the words of its own prompt.

    Args:
        text_states: Shape `(B, L, C)`.
        segments: Which prompt of the row a position is of, `(B, T)`, int; 0 is none.
        text_segments: Which prompt a word is of, `(B, L)`, int.

    Returns:
        Shape `(B, T, C)`.
    """
    own_BTL = ops.cast(
        ops.equal(segments[:, :, None], text_segments[:, None, :]), "float32"
    )
    return ops.matmul(own_BTL, text_states) / ops.maximum(
        ops.sum(own_BTL, axis=-1, keepdims=True), 1.0
    )
