"""Muon, a block of a matrix at a time.

Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/) takes the step
whose singular values are all alike. To find it for a whole matrix costs as much as the
gradients of a small batch; blocks as wide as an attention head cost a third of it, and
each head gets a step of its own. MuonBP (Khaled et al., 2025,
https://arxiv.org/abs/2510.16981) does so between whole steps, to save traffic.
"""

import keras
from keras import ops

_WIDEST = 64  # channels of a block
_NARROWEST = 16


@keras.saving.register_keras_serializable("llmvis")
class BlockwiseMuon(keras.optimizers.Muon):
    """Takes the same arguments as `keras.optimizers.Muon`."""

    def zeropower_via_newtonschulz5(self, x, steps: int):
        """Makes the singular values of each block nearly alike.

        Args:
            x: A matrix.
            steps: Newton-Schulz iterations.

        Returns:
            Its shape, and the norm that orthogonalising all of it would give.
        """
        if x.shape[0] > x.shape[1]:
            return ops.transpose(
                self.zeropower_via_newtonschulz5(ops.transpose(x), steps)
            )
        rows, columns = x.shape
        width = _block_width(columns)
        split = ops.reshape(x, (rows, columns // width, width))
        blocks = super().zeropower_via_newtonschulz5(
            ops.transpose(split, (1, 2, 0)), steps
        )
        share = rows / ((columns // width) * min(width, rows))
        whole = ops.transpose(blocks, (2, 0, 1)) * share**0.5
        return ops.reshape(whole, (rows, columns))


def _block_width(columns):
    for width in range(_WIDEST, _NARROWEST - 1, -1):
        if columns % width == 0:
            return width
    return columns
