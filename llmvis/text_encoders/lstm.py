"""Word embeddings read by a long short-term memory.

Hochreiter and Schmidhuber, 1997, "Long Short-Term Memory", Neural Computation 9(8).

Dimension key: B batch, L tokens, C channels.
"""

import keras


@keras.saving.register_keras_serializable("llmvis")
class LstmTextEncoder(keras.layers.Layer):
    """Reads token ids from left to right.

    Args:
        vocabulary_size: Number of token ids.
        hidden_dim: Channels of a state.

    Input: Token ids, shape `(B, L)`, int32; at padding (0) the state stays as it was.
    Output: States, shape `(B, L, hidden_dim)`.
    """

    keeps_apart = False  # several prompts of one row

    def __init__(self, *, vocabulary_size, hidden_dim, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self._words = keras.layers.Embedding(vocabulary_size, hidden_dim, name="words")
        self._lstm = keras.layers.LSTM(hidden_dim, return_sequences=True, name="lstm")

    def build(self, input_shape):
        self._words.build(input_shape)
        self._lstm.build((*input_shape, self.hidden_dim))

    def call(self, token_ids):
        return self._lstm(
            self._words(token_ids), mask=keras.ops.not_equal(token_ids, 0)
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.hidden_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "hidden_dim": self.hidden_dim,
        }
