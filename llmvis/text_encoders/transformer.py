"""A small bidirectional transformer over the prompt.

Vaswani et al., 2017, https://arxiv.org/abs/1706.03762, with the block of today: RMS
norm before each part, normalised queries and keys, rotary positions and SwiGLU (see
`llmvis.generators.trunk`). Before each part every token also hears its two neighbours
through a depthwise convolution, as in Primer (So et al., 2021,
https://arxiv.org/abs/2109.08668): that "blue" belongs to the "bird" after it need not
be found by attention first.

A third of the heads see what comes before a token, a third what comes after it, both
rather what is near, and the last third sees all alike (DiSAN, Shen et al., 2018,
https://arxiv.org/abs/1709.04696; ALiBi, Press et al., 2022,
https://arxiv.org/abs/2108.12409). "Left of" says one thing of the words before it and
the opposite of those after it: heads that cannot tell the two apart learn neither for a
thousand steps. Those that see all alike start by looking for the word itself elsewhere:
"a bell under the star" speaks of the star that was named before, and a word that is
said twice is what two relations have in common.

Dimension key: B batch, L tokens, C channels, N heads.
"""

import keras
import numpy as np
from keras import ops

from llmvis.attention import (
    HIDDEN,
    apart_bias,
    attend,
    rotary_table,
    rotate,
    split_heads,
)

_REACH = 3  # tokens of a convolution
_FADING = 0.2  # by which the logit of a head falls with every token of distance
_SAME_WORD = 2.0  # by which, at first, that of the word itself elsewhere is higher


@keras.saving.register_keras_serializable("llmvis")
class TransformerTextEncoder(keras.layers.Layer):
    """Reads token ids in both directions.

    Args:
        vocabulary_size: Number of token ids.
        hidden_dim: Channels of a state.
        num_layers: Blocks.
        num_heads: Attention heads; `hidden_dim` divided by it is even.

    Input: Token ids, shape `(B, L)`, int32; 0 is padding and takes no part. Where a row
        holds several prompts, also segments `(B, L)`, int32: which of them a token is
        of, from 1 on, and 0 at padding.
    Output: States, shape `(B, L, hidden_dim)`; at padding they mean nothing.
    """

    keeps_apart = True  # several prompts of one row

    def __init__(self, *, vocabulary_size, hidden_dim, num_layers, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.hidden_dim = vocabulary_size, hidden_dim
        self.num_layers, self.num_heads = num_layers, num_heads
        # As large as what the blocks will add, so that words are not drowned by it.
        self._words = keras.layers.Embedding(
            vocabulary_size,
            hidden_dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="words",
        )
        self._blocks = [
            _EncoderBlock(hidden_dim, num_heads, name=f"block_{i}")
            for i in range(num_layers)
        ]
        self._norm = keras.layers.RMSNormalization(name="norm")

    def build(self, input_shape):
        states_shape = (*input_shape, self.hidden_dim)
        self._words.build(input_shape)
        for block in self._blocks:
            block.build(states_shape)
        self._norm.build(states_shape)

    def call(self, token_ids, segments=None):
        if segments is None:
            segments = ops.cast(ops.not_equal(token_ids, 0), "int32")
        leaning_NLL = _leaning(token_ids.shape[1], self.num_heads)
        bias_BNLL = apart_bias(segments, segments) + leaning_NLL
        head_dim = self.hidden_dim // self.num_heads
        rotary = rotary_table(np.arange(token_ids.shape[1]), head_dim // 2, 50)
        states_BLC = self._words(token_ids)
        again_B1LL = _again(token_ids)
        for block in self._blocks:
            states_BLC = block(states_BLC, bias_BNLL, again_B1LL, segments, rotary)
        return self._norm(states_BLC)

    def compute_output_shape(self, input_shape, *_):
        return (*input_shape, self.hidden_dim)

    def get_config(self):
        names = ("vocabulary_size", "hidden_dim", "num_layers", "num_heads")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
        }


class _EncoderBlock(keras.layers.Layer):
    def __init__(self, hidden_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self._num_heads, self._head_dim = num_heads, hidden_dim // num_heads
        self._read = _dense(3 * hidden_dim, "read")
        self._write = _dense(hidden_dim, "write", "zeros")
        self._expand = _dense(4 * hidden_dim, "expand")
        self._contract = _dense(hidden_dim, "contract", "zeros")
        self._norms = [keras.layers.RMSNormalization(name=f"norm_{i}") for i in (0, 1)]
        self._near = [_Neighbours(name=f"near_{i}") for i in (0, 1)]
        self._query_norm = keras.layers.RMSNormalization(name="query_norm")
        self._key_norm = keras.layers.RMSNormalization(name="key_norm")

    def build(self, input_shape):
        for layer in (self._read, self._write, self._expand, *self._norms, *self._near):
            layer.build(input_shape)
        self._contract.build((*input_shape[:-1], self._expand.units // 2))
        for norm in (self._query_norm, self._key_norm):
            norm.build((None, None, None, self._head_dim))
        sees_all_N11 = (np.arange(self._num_heads) % 3 == 2)[:, None, None]
        self._same_word = self.add_weight(
            shape=(self._num_heads, 1, 1),
            initializer=keras.initializers.Constant(_SAME_WORD * sees_all_N11),
            name="same_word",
        )

    def call(self, states, bias, again, segments, rotary):
        bias = bias + again * self._same_word
        normed_BLC = self._near[0](self._norms[0](states), segments)
        query, key, value = (
            split_heads(part, self._num_heads)
            for part in ops.split(self._read(normed_BLC), 3, axis=-1)
        )
        query = rotate(self._query_norm(query), rotary)
        key = rotate(self._key_norm(key), rotary)
        states = states + self._write(attend(query, key, value, bias))
        normed_BLC = self._near[1](self._norms[1](states), segments)
        gate, value = ops.split(self._expand(normed_BLC), 2, axis=-1)
        return states + self._contract(ops.silu(gate) * value)


class _Neighbours(keras.layers.Layer):
    """Adds to each token a weighted sum of those of its segment within reach."""

    def build(self, input_shape):
        self._kernel = self.add_weight(
            shape=(_REACH, input_shape[-1]), initializer="zeros", name="kernel"
        )

    def call(self, states, segments):
        length, side = states.shape[1], _REACH // 2
        padded = ops.pad(states, ((0, 0), (side, side), (0, 0)))
        around = ops.pad(segments, ((0, 0), (side, side)))
        near = [
            padded[:, i : i + length]
            * ops.cast(around[:, i : i + length] == segments, "float32")[..., None]
            for i in range(_REACH)
        ]
        return states + sum(one * self._kernel[i] for i, one in enumerate(near))


def _again(token_ids):
    """1 where a key is the same word as the query, at another place: `(B, 1, L, L)`."""
    same_BLL = ops.equal(token_ids[:, :, None], token_ids[:, None, :])
    elsewhere_LL = 1.0 - np.eye(token_ids.shape[1], dtype="float32")
    return (ops.cast(same_BLL, "float32") * elsewhere_LL)[:, None]


def _leaning(length, num_heads):
    """What is added to the logits of a key from where it stands: `(N, L, L)`."""
    ahead_LL = np.arange(length) - np.arange(length)[:, None]
    fading_LL = -_FADING * np.abs(ahead_LL)
    before_LL = np.where(ahead_LL > 0, HIDDEN, fading_LL)
    after_LL = np.where(ahead_LL < 0, HIDDEN, fading_LL)
    kinds = [before_LL, after_LL, np.zeros((length, length))]
    return np.stack([kinds[n % 3] for n in range(num_heads)]).astype("float32")


def _dense(units, name, initializer="glorot_uniform"):
    # What writes starts at zero, so that a block changes nothing until it has learnt.
    return keras.layers.Dense(
        units, use_bias=False, kernel_initializer=initializer, name=name
    )
