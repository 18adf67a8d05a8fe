"""A small bidirectional transformer over the prompt.

Vaswani et al., 2017, https://arxiv.org/abs/1706.03762, with the block of today: RMS
norm before each part and SwiGLU (Shazeer, 2020, https://arxiv.org/abs/2002.05202).

Dimension key: B batch, L tokens, C channels.
"""

import keras
from keras import ops


@keras.saving.register_keras_serializable("llmvis")
class TransformerTextEncoder(keras.layers.Layer):
    """Reads token ids in both directions.

    Args:
        vocabulary_size: Number of token ids.
        max_tokens: The longest prompt, in tokens.
        hidden_dim: Channels of a state.
        num_layers: Blocks.
        num_heads: Attention heads; divides `hidden_dim`.

    Input: Token ids, shape `(B, L)`, int32; 0 is padding and takes no part.
    Output: States, shape `(B, L, hidden_dim)`; at padding they mean nothing.
    """

    def __init__(
        self,
        *,
        vocabulary_size,
        max_tokens,
        hidden_dim,
        num_layers,
        num_heads,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size, self.max_tokens = vocabulary_size, max_tokens
        self.hidden_dim, self.num_layers = hidden_dim, num_layers
        self.num_heads = num_heads
        self._words = keras.layers.Embedding(vocabulary_size, hidden_dim, name="words")
        self._positions = keras.layers.Embedding(
            max_tokens, hidden_dim, name="positions"
        )
        self._blocks = [
            _EncoderBlock(hidden_dim, num_heads, name=f"block_{i}")
            for i in range(num_layers)
        ]
        self._norm = keras.layers.RMSNormalization(name="norm")

    def build(self, input_shape):
        states_shape = (*input_shape, self.hidden_dim)
        self._words.build(input_shape)
        self._positions.build((input_shape[-1],))
        for block in self._blocks:
            block.build(states_shape)
        self._norm.build(states_shape)

    def call(self, token_ids):
        mask_BL = ops.not_equal(token_ids, 0)
        positions_L = ops.arange(token_ids.shape[1])
        states_BLC = self._words(token_ids) + self._positions(positions_L)
        for block in self._blocks:
            states_BLC = block(states_BLC, mask_BL)
        return self._norm(states_BLC)

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.hidden_dim)

    def get_config(self):
        names = ("vocabulary_size", "max_tokens", "hidden_dim", "num_layers")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in (*names, "num_heads")},
        }


class _EncoderBlock(keras.layers.Layer):
    def __init__(self, hidden_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self._attention = keras.layers.MultiHeadAttention(
            num_heads, hidden_dim // num_heads, use_bias=False, name="attention"
        )
        self._norms = [keras.layers.RMSNormalization(name=f"norm_{i}") for i in (0, 1)]
        self._gate = keras.layers.Dense(
            2 * hidden_dim, activation="silu", use_bias=False, name="gate"
        )
        self._value = keras.layers.Dense(2 * hidden_dim, use_bias=False, name="value")
        self._contract = keras.layers.Dense(hidden_dim, use_bias=False, name="contract")

    def build(self, input_shape):
        self._attention.build(input_shape, input_shape)
        for norm in self._norms:
            norm.build(input_shape)
        self._gate.build(input_shape)
        self._value.build(input_shape)
        self._contract.build((*input_shape[:-1], 2 * input_shape[-1]))

    def call(self, states, mask):
        normed_BLC = self._norms[0](states)
        states = states + self._attention(
            normed_BLC, normed_BLC, attention_mask=mask[:, None, :]
        )
        normed_BLC = self._norms[1](states)
        return states + self._contract(self._gate(normed_BLC) * self._value(normed_BLC))
