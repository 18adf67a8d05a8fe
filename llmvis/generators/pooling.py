"""One vector for a whole prompt, for generators that do not attend to its words.

Dimension key: B batch, L text tokens, C channels.
"""

from keras import ops


def mean_state(text_encoder, token_ids):
    """Means of the states of prompts `(B, L)` without their padding, `(B, C)`."""
    mask_BL1 = ops.cast(ops.not_equal(token_ids, 0), "float32")[..., None]
    # Padding must not vote, or short prompts drift to one picture.
    return ops.sum(text_encoder(token_ids) * mask_BL1, axis=1) / ops.sum(
        mask_BL1, axis=1
    )
