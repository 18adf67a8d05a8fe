"""Draws the digits of one position one after another.

A position with eight digits of seven values has 5.7 million codes, too many for one
softmax. The chain rule needs only seven logits at a time: digit d is drawn given the
state of the position and the digits before d. That is the depth direction of the
RQ-Transformer (Lee et al., 2022, https://arxiv.org/abs/2203.01941), with one masked
layer in place of a second transformer, as in MADE (Germain et al., 2015,
https://arxiv.org/abs/1502.03509).

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
    Output: Logits, shape `(B, T, D, V)`; those of digit d see only digits before d.
    """

    def __init__(self, *, num_digits, num_levels, digit_dim, **kwargs):
        super().__init__(**kwargs)
        self.num_digits, self.num_levels = num_digits, num_levels
        self.digit_dim = digit_dim
        self._read = keras.layers.Dense(num_digits * digit_dim, name="read")
        ones = np.ones((num_digits, num_digits))
        self._before = _blocks(np.triu(ones, k=1), num_levels, digit_dim)
        self._own = _blocks(np.eye(num_digits), digit_dim, num_levels)

    def build(self, input_shape):
        self._read.build(input_shape)
        hidden, values = self._own.shape
        self._earlier = self.add_weight(shape=(values, hidden), name="earlier")
        self._write = self.add_weight(
            shape=(hidden, values), initializer="zeros", name="write"
        )
        self._bias = self.add_weight(shape=(values,), initializer="zeros", name="bias")

    def call(self, states, codes):
        shape_BT = (-1, codes.shape[1])
        values_BTX = ops.reshape(
            ops.one_hot(codes, self.num_levels), (*shape_BT, self._own.shape[1])
        )
        # Masked products do many times the work that is needed, and still take less
        # time than one small product for each digit.
        hidden_BTX = self.start(states) + ops.matmul(
            values_BTX, self._earlier * self._before
        )
        logits_BTX = ops.matmul(ops.silu(hidden_BTX), self._write * self._own)
        return ops.reshape(
            logits_BTX + self._bias, (*shape_BT, self.num_digits, self.num_levels)
        )

    def start(self, states):
        """What the state says of all digits: the hidden layer before any is drawn."""
        return self._read(states)

    def logits(self, hidden, digit):
        """Logits `(..., V)` of one digit from the hidden layer `(..., D * M)`."""
        mine = slice(digit * self.digit_dim, (digit + 1) * self.digit_dim)
        values = slice(digit * self.num_levels, (digit + 1) * self.num_levels)
        product = ops.matmul(ops.silu(hidden[..., mine]), self._write[mine, values])
        return product + self._bias[values]

    def add(self, hidden, digit, drawn):
        """Tells the hidden layer that `digit` came out as `drawn`, shape `(...,)`."""
        values = slice(digit * self.num_levels, (digit + 1) * self.num_levels)
        # No mask: what it adds to digits drawn already is never looked at again.
        return hidden + ops.matmul(
            ops.one_hot(drawn, self.num_levels), self._earlier[values]
        )

    def compute_output_shape(self, _, codes_shape):
        return (*codes_shape, self.num_levels)

    def get_config(self):
        names = ("num_digits", "num_levels", "digit_dim")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
        }


def _blocks(mask, rows, columns):
    """Blows a mask of digits up to one of their channels."""
    return np.kron(mask, np.ones((rows, columns))).astype("float32")
