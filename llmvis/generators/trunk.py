"""The transformer that every token generator shares.

RMS norm (Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467), normalised
queries and keys (Henry et al., 2020, https://arxiv.org/abs/2010.04245), rotary
positions in two dimensions (Su et al., 2021, https://arxiv.org/abs/2104.09864) and
SwiGLU (Shazeer, 2020, https://arxiv.org/abs/2002.05202). The prompt is read as further
keys and values of every self-attention, as in GLIDE (Nichol et al., 2021,
https://arxiv.org/abs/2112.10741): cheaper than a prefix, which would pass through
every layer, and than cross-attention, which needs queries of its own.

Dimension key: B batch, T image positions in raster order, S keys (text, then image),
L text tokens, C channels, N heads, K channels of a head.
"""

import keras
import numpy as np
from keras import ops

from llmvis.attention import (
    HIDDEN,
    apart_bias,
    attend,
    padding_bias,
    rotary_table,
    rotate,
    split_heads,
)


@keras.saving.register_keras_serializable("llmvis")
class Trunk(keras.layers.Layer):
    """Image positions that see the prompt and one another.

    Args:
        hidden_dim: Channels.
        num_layers: Blocks.
        num_heads: Attention heads; `hidden_dim` divided by it is a multiple of 4.
        grid: Rows and columns of image positions.
        causal: Whether each sees only itself and those before, or all.

    Input: Image states `(B, T, C)` and text states `(B, L, C)`; the `segments` of both,
        `(B, T)` and `(B, L)`, int: which of the pictures of a row something is of, 0
        at padding; and where in its picture each state is, `(B, T)`, in raster order.
    Output: Image states, shape `(B, T, C)`, normalised.
    """

    def __init__(self, *, hidden_dim, num_layers, num_heads, grid, causal, **kwargs):
        super().__init__(**kwargs)
        self.hidden_dim, self.num_layers = hidden_dim, num_layers
        self.num_heads, self.grid, self.causal = num_heads, tuple(grid), causal
        self._blocks = [
            _Block(hidden_dim, num_heads, name=f"block_{i}") for i in range(num_layers)
        ]
        self._norm = keras.layers.RMSNormalization(name="norm")
        self._length = grid[0] * grid[1]
        self._rotary = _grid_rotary(self.grid, hidden_dim // num_heads)

    def build(self, input_shape):
        for block in self._blocks:
            block.build(input_shape)
        self._norm.build(input_shape)

    def call(self, states, text_states, segments, text_segments, places):
        bias_B1TT = apart_bias(segments, segments)
        if self.causal:
            length = segments.shape[1]
            later_TT = np.triu(np.ones((length, length), "float32"), k=1) * HIDDEN
            bias_B1TT = ops.minimum(bias_B1TT, later_TT)
        bias_B1TS = ops.concatenate(
            [apart_bias(segments, text_segments), bias_B1TT], axis=-1
        )
        rotary = tuple(
            ops.take(table, places, axis=0)[:, None] for table in self._rotary
        )
        for block in self._blocks:
            states = block(states, text_states, bias_B1TS, rotary)
        return self._norm(states)

    def start_cache(self, text_states, text_mask):
        """Prepares step-by-step decoding: the keys and values of the prompt.

        Returns:
            The cache: the text bias, and for each block its keys and values with
            room for all image positions, `(B, N, L + T, K)`.
        """
        cache = [block.start_cache(text_states, self._length) for block in self._blocks]
        return cache, padding_bias(text_mask)

    def step(self, states, position, cache, text_bias):
        """One position given the cache of those before it.

        Args:
            states: Shape `(B, 1, C)`.
            position: Index in raster order, a scalar.
            cache: Keys and values for each block.
            text_bias: From `start_cache`, shape `(B, 1, 1, L)`.

        Returns:
            States `(B, 1, C)` and the new cache.
        """
        ahead_T = ops.cast(ops.arange(self._length) > position, "float32") * HIDDEN
        ahead = ops.broadcast_to(ahead_T, (ops.shape(states)[0], 1, 1, self._length))
        bias_B11S = ops.concatenate([text_bias, ahead], axis=-1)
        rotary = tuple(
            ops.slice(table, (position, 0), (1, table.shape[1]))
            for table in self._rotary
        )
        slot, new_cache = text_bias.shape[-1] + position, []
        for block, kept in zip(self._blocks, cache, strict=True):
            states, kept = block.step(states, slot, kept, bias_B11S, rotary)
            new_cache.append(kept)
        return self._norm(states), new_cache

    def compute_output_shape(self, input_shape, *_):
        return input_shape

    def get_config(self):
        names = ("hidden_dim", "num_layers", "num_heads", "grid", "causal")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
        }


def _grid_rotary(grid, head_dim):
    """Cosines and sines `(T, K / 2)`: half the pairs turn by row, half by column."""
    places = np.divmod(np.arange(grid[0] * grid[1]), grid[1])
    tables = [rotary_table(axis, head_dim // 4, 100) for axis in places]
    return tuple(np.concatenate(parts, axis=1) for parts in zip(*tables, strict=True))


class _Block(keras.layers.Layer):
    def __init__(self, hidden_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self._num_heads, self._head_dim = num_heads, hidden_dim // num_heads
        intermediate_dim = 8 * hidden_dim // 3
        self._read = _dense(3 * hidden_dim, "read")
        self._read_text = _dense(2 * hidden_dim, "read_text")
        self._write = _dense(hidden_dim, "write", "zeros")
        self._expand = _dense(2 * intermediate_dim, "expand")
        self._contract = _dense(hidden_dim, "contract", "zeros")
        self._norms = [keras.layers.RMSNormalization(name=f"norm_{i}") for i in (0, 1)]
        self._query_norm = keras.layers.RMSNormalization(name="query_norm")
        self._key_norm = keras.layers.RMSNormalization(name="key_norm")

    def build(self, input_shape):
        for layer in (*self._norms, self._read, self._read_text, self._write):
            layer.build(input_shape)
        self._expand.build(input_shape)
        self._contract.build((*input_shape[:-1], self._expand.units // 2))
        for norm in (self._query_norm, self._key_norm):
            norm.build((None, None, None, self._head_dim))

    def call(self, states, text_states, bias, rotary):
        query, key, value = self._image_heads(states, rotary)
        text_key, text_value = self._text_heads(text_states)
        key_BNSK = ops.concatenate([text_key, key], axis=2)
        value_BNSK = ops.concatenate([text_value, value], axis=2)
        states = states + self._write(attend(query, key_BNSK, value_BNSK, bias))
        return states + self._mix(states)

    def start_cache(self, text_states, room):
        cache = []
        for part in self._text_heads(text_states):
            cache.append(ops.pad(part, ((0, 0), (0, 0), (0, room), (0, 0))))
        return tuple(cache)

    def step(self, states, slot, cache, bias, rotary):
        query, key, value = self._image_heads(states, rotary)
        key_BNSK = ops.slice_update(cache[0], (0, 0, slot, 0), key)
        value_BNSK = ops.slice_update(cache[1], (0, 0, slot, 0), value)
        states = states + self._write(attend(query, key_BNSK, value_BNSK, bias))
        return states + self._mix(states), (key_BNSK, value_BNSK)

    def _image_heads(self, states, rotary):
        query, key, value = (
            split_heads(part, self._num_heads)
            for part in ops.split(self._read(self._norms[0](states)), 3, axis=-1)
        )
        query = rotate(self._query_norm(query), rotary)
        return query, rotate(self._key_norm(key), rotary), value

    def _text_heads(self, text_states):
        key, value = ops.split(self._read_text(text_states), 2, axis=-1)
        key, value = (split_heads(part, self._num_heads) for part in (key, value))
        return self._key_norm(key), value

    def _mix(self, states):
        gate, value = ops.split(self._expand(self._norms[1](states)), 2, axis=-1)
        return self._contract(ops.silu(gate) * value)


def _dense(units, name, initializer="glorot_uniform"):
    # What writes starts at zero, so that a block changes nothing until it has learnt.
    return keras.layers.Dense(
        units,
        use_bias=False,
        kernel_initializer=initializer,
        name=name,
    )
