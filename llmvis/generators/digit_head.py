"""Draws the digits of one position one after another.

A position with eight digits of seven values has 5.7 million codes, too many for one
softmax. The chain rule needs only seven logits at a time: digit d is drawn given the
state of the position and the digits before d (the "depth" direction of the RQ-Transformer,
Lee et al., 2022, https://arxiv.org/abs/2203.01941, with one masked layer in place of a
second transformer, as in MADE, Germain et al., 2015, https://arxiv.org/abs/1502.03509).

Dimension key: B batch, T positions, C channels, D digits, V values of a digit,
M channels for each digit.
"""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("llmvis")
class DigitHead(keras.layers.Layer):
    """Logits of every digit given the state and the digits before it.

    Args:
        num_digits: Digits of a position.
        num_levels: Values of a digit.
        digit_dim: Channels behind each digit's logits.

    Input: States `(B, T, C)` and codes `(B, T, D)`, int32.
    Output: Logits, shape `(B, T, D, V)`; those of digit d do not see digits d and after.
    """

    def __init__(self, *, num_digits, num_levels, digit_dim, **kwargs):
        super().__init__(**kwargs)
        self.num_digits, self.num_levels = num_digits, num_levels
        self.digit_dim = digit_dim
        self._read = keras.layers.Dense(num_digits * digit_dim, name="read")
        before = np.tril(np.ones((num_digits, num_digits)), k=-1).T
        mask = np.kron(before, np.ones((num_levels, digit_dim)))
        self._before = mask.astype("float32")

    def build(self, input_shape):
        self._read.build(input_shape)
        digits, dim, levels = self.num_digits, self.digit_dim, self.num_levels
        self._earlier = self.add_weight(
            shape=(digits * levels, digits * dim), name="earlier"
        )
        self._write = self.add_weight(
            shape=(digits, dim, levels), initializer="zeros", name="write"
        )
        self._bias = self.add_weight(
            shape=(digits, levels), initializer="zeros", name="bias"
        )

    def call(self, states, codes):
        digits_BTX = ops.reshape(
            ops.one_hot(codes, self.num_levels),
            (-1, codes.shape[1], self.num_digits * self.num_levels),
        )
        hidden_BTX = self.start(states) + digits_BTX @ (self._earlier * self._before)
        hidden_BTDM = ops.reshape(
            hidden_BTX, (-1, states.shape[1], self.num_digits, self.digit_dim)
        )
        logits_BTDV = ops.einsum("btdm,dmv->btdv", ops.silu(hidden_BTDM), self._write)
        return logits_BTDV + self._bias

    def start(self, states):
        """What the state says of all digits: the hidden layer before any is drawn."""
        return self._read(states)

    def logits(self, hidden, digit):
        """Logits `(B, V)` of one digit from the hidden layer `(B, D * M)`."""
        first = digit * self.digit_dim
        mine_BM = ops.silu(hidden[:, first : first + self.digit_dim])
        return mine_BM @ self._write[digit] + self._bias[digit]

    def add(self, hidden, digit, drawn):
        """Tells the hidden layer that `digit` came out as `drawn`, shape `(B,)`."""
        rows = (self._earlier * self._before)[
            digit * self.num_levels : (digit + 1) * self.num_levels
        ]
        return hidden + ops.one_hot(drawn, self.num_levels) @ rows

    def compute_output_shape(self, input_shape, codes_shape):
        return (*codes_shape, self.num_levels)

    def get_config(self):
        names = ("num_digits", "num_levels", "digit_dim")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
        }
