"""A vector for each word, whatever stands beside it.

Mikolov et al., 2013, https://arxiv.org/abs/1301.3781. Generators that read one vector
take the mean of all; those that attend see a set of words without an order.

Dimension key: B batch, L tokens, E channels of a word vector, C channels.
"""

import keras


@keras.saving.register_keras_serializable("llmvis")
class WordEmbeddingTextEncoder(keras.layers.Layer):
    """Looks up each token.

    Args:
        vocabulary_size: Number of token ids.
        embedding_dim: Channels of a word vector.
        hidden_dim: Channels of a state.

    Input: Token ids, shape `(B, L)`, int32; and segments, which make no difference.
    Output: States, shape `(B, L, hidden_dim)`.
    """

    keeps_apart = True  # several prompts of one row

    def __init__(self, *, vocabulary_size, embedding_dim, hidden_dim, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.embedding_dim = embedding_dim
        self.words = keras.layers.Embedding(
            vocabulary_size, embedding_dim, name="words"
        )
        self._out = keras.layers.Dense(hidden_dim, name="write")

    def build(self, input_shape):
        self.words.build(input_shape)
        self._out.build((*input_shape, self.embedding_dim))

    def call(self, token_ids, segments=None):  # noqa: ARG002
        return self._out(self.words(token_ids))

    def compute_output_shape(self, input_shape, *_):
        return (*input_shape, self.hidden_dim)

    def get_config(self):
        names = ("vocabulary_size", "embedding_dim", "hidden_dim")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
        }
