"""How often each word is said, and nothing of where.

Harris, 1954, "Distributional Structure", Word 10(2-3). A linear layer over counts is
the sum of a learnt vector for each word that is said; a layer after it lets words that
are said together mean something that none of them means alone.

Dimension key: B batch, L tokens, C channels.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("llmvis")
class BagOfWordsTextEncoder(keras.layers.Layer):
    """Counts words and reads the counts.

    Args:
        vocabulary_size: Number of token ids.
        hidden_dim: Channels of a state.

    Input: Token ids, shape `(B, L)`, int32; 0 is padding and is not counted. Where a
        row holds several prompts, also segments `(B, L)`, int32: which of them a token
        is of, from 1 on, and 0 at padding.
    Output: States, shape `(B, L, hidden_dim)`, the same at every token of a prompt.
    """

    keeps_apart = True  # several prompts of one row

    def __init__(self, *, vocabulary_size, hidden_dim, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self._counts = keras.layers.Embedding(
            vocabulary_size, hidden_dim, name="counts"
        )
        self._hidden = keras.layers.Dense(hidden_dim, activation="silu", name="hidden")
        self._out = keras.layers.Dense(hidden_dim, name="write")

    def build(self, input_shape):
        states_shape = (*input_shape, self.hidden_dim)
        self._counts.build(input_shape)
        self._hidden.build(states_shape)
        self._out.build(states_shape)

    def call(self, token_ids, segments=None):
        if segments is None:
            segments = ops.cast(ops.not_equal(token_ids, 0), "int32")
        together_BLL = ops.equal(segments[:, :, None], segments[:, None, :])
        said_BLC = self._counts(token_ids)
        said_BLC = said_BLC * ops.cast(token_ids != 0, said_BLC.dtype)[..., None]
        sums_BLC = ops.matmul(ops.cast(together_BLL, said_BLC.dtype), said_BLC)
        return self._out(self._hidden(sums_BLC))

    def compute_output_shape(self, input_shape, *_):
        return (*input_shape, self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "hidden_dim": self.hidden_dim,
        }
