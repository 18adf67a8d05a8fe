"""Word embeddings read from left to right by a recurrent network.

The three cells of the field: the plain one (Elman, 1990, "Finding Structure in Time",
Cognitive Science 14(2)), long short-term memory (Hochreiter and Schmidhuber, 1997,
"Long Short-Term Memory", Neural Computation 9(8)) and the gated recurrent unit (Cho et
al., 2014, https://arxiv.org/abs/1406.1078).

Dimension key: B batch, L tokens, C channels.
"""

import keras
from keras import ops

CELLS = {
    "rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}


@keras.saving.register_keras_serializable("llmvis")
class RecurrentTextEncoder(keras.layers.Layer):
    """Reads token ids from left to right.

    Args:
        cell: One of `CELLS`.
        vocabulary_size: Number of token ids.
        hidden_dim: Channels of a state.

    Input: Token ids, shape `(B, L)`, int32; at padding (0) the state stays as it was.
    Output: States, shape `(B, L, hidden_dim)`.
    """

    keeps_apart = False  # several prompts of one row

    def __init__(self, cell, *, vocabulary_size, hidden_dim, **kwargs):
        super().__init__(**kwargs)
        self.cell, self.vocabulary_size = cell, vocabulary_size
        self.hidden_dim = hidden_dim
        self._words = keras.layers.Embedding(vocabulary_size, hidden_dim, name="words")
        self._recurrent = CELLS[cell](hidden_dim, return_sequences=True, name=cell)

    def build(self, input_shape):
        self._words.build(input_shape)
        self._recurrent.build((*input_shape, self.hidden_dim))

    def call(self, token_ids):
        return self._recurrent(self._words(token_ids), mask=ops.not_equal(token_ids, 0))

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.hidden_dim)

    def get_config(self):
        names = ("cell", "vocabulary_size", "hidden_dim")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
        }
