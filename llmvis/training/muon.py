"""Muon, a block of a matrix at a time.

Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/) takes the step
whose singular values are all alike. To find it for a whole matrix costs as much as the
gradients of a small batch. Blocks of 64 of its rows cost a fifth of that, teach as
much, and lie together already, where a block of columns would have to be copied.
MuonBP (Khaled et al., 2025, https://arxiv.org/abs/2510.16981) works on blocks between
whole steps, to save traffic.

The iterations work on the products of a block's rows with one another, which is a
small square matrix, and the block itself is multiplied once, at the end.
"""

import keras
from keras import ops

_HIGHEST = 64  # rows of a block
_LOWEST = 16


@keras.saving.register_keras_serializable("llmvis")
class BlockwiseMuon(keras.optimizers.Muon):
    """Takes the same arguments as `keras.optimizers.Muon`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._slowed = {}  # key of a variable -> its share of the learning rate

    def slow_down(self, variables, lr_ratio: float) -> None:
        """Leaves some variables to AdamW, at a learning rate of their own.

        What was learnt elsewhere is soon lost at the rate that random weights need.
        Nor does it fade: it has no weight decay.

        Args:
            variables: Before the optimizer is built.
            lr_ratio: Their learning rate, as a multiple of that of Muon.
        """
        self._slowed = {self._var_key(v): lr_ratio for v in variables}

    def _use_weight_decay(self, variable):
        is_slowed = self._var_key(variable) in self._slowed
        return not is_slowed and super()._use_weight_decay(variable)

    def _should_use_adamw(self, variable):
        is_slowed = self._var_key(variable) in self._slowed
        return is_slowed or super()._should_use_adamw(variable)

    def update_step(self, gradient, variable, learning_rate):
        ratio = self._slowed.get(self._var_key(variable), self.adam_lr_ratio)
        if ratio != self.adam_lr_ratio:
            learning_rate = learning_rate * ratio / self.adam_lr_ratio
        super().update_step(gradient, variable, learning_rate)

    def zeropower_via_newtonschulz5(self, x, steps: int):
        """Makes the singular values of each block nearly alike.

        Args:
            x: A matrix.
            steps: Newton-Schulz iterations.

        Returns:
            Its shape, and the norm that orthogonalising all of it would give.
        """
        rows, columns = x.shape
        height = _block_height(rows)
        blocks = ops.reshape(x, (rows // height, height, columns))
        if height > columns:
            turned = self._orthogonal(ops.transpose(blocks, (0, 2, 1)), steps)
            blocks = ops.transpose(turned, (0, 2, 1))
        else:
            blocks = self._orthogonal(blocks, steps)
        share = min(rows, columns) / ((rows // height) * min(height, columns))
        return ops.reshape(blocks, (rows, columns)) * share**0.5

    def _orthogonal(self, blocks, steps):
        """Newton-Schulz iterations of blocks `(N, W, C)`, all of them at once.

        Each iteration is a polynomial of `blocks @ blocks.T` times the blocks. So the
        polynomials are multiplied with one another first.
        """
        norm = ops.sqrt(ops.sum(blocks**2, axis=(1, 2), keepdims=True))
        blocks = blocks / (norm + 1e-7)
        gram = ops.matmul(blocks, ops.transpose(blocks, (0, 2, 1)))
        one, whole = ops.eye(blocks.shape[1]), None
        for step in range(steps):
            factor = self.muon_a * one + self.muon_b * gram
            factor = factor + self.muon_c * ops.matmul(gram, gram)
            whole = factor if whole is None else ops.matmul(factor, whole)
            if step < steps - 1:
                gram = ops.matmul(ops.matmul(factor, gram), factor)
        return ops.matmul(whole, blocks)


def _block_height(rows):
    for height in range(_HIGHEST, _LOWEST - 1, -1):
        if rows % height == 0:
            return height
    return rows
