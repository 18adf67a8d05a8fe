"""Next-position prediction over image codes.

Van den Oord et al., 2016, "Conditional Image Generation with PixelCNN Decoders",
https://arxiv.org/abs/1606.05328, in the form of DALL-E (Ramesh et al., 2021,
https://arxiv.org/abs/2102.12092): a decoder-only transformer over the codes of an image
tokenizer, in raster order.

Dimension key: B batch, H W grid, T positions, L text tokens, C channels, D digits of a
position, V values of a digit.
"""

import keras
import numpy as np
from keras import ops

from llmvis.generators.code_generator import CodeGenerator, digit_losses
from llmvis.generators.pooling import mean_of_own

# Rows and columns from a position to those neighbours that are drawn before it.
_NEIGHBOURS = [(0, -1), (-1, -1), (-1, 0), (-1, 1)]


@keras.saving.register_keras_serializable("llmvis")
class AutoregressiveGenerator(CodeGenerator):
    """Draws one position after another, and its digits one after another.

    Takes the arguments of `CodeGenerator`.

    Output: Logits, shape `(B, T, D, V)`.
    """

    causal = True
    num_read = len(_NEIGHBOURS)

    def call(self, inputs):
        rows = self._rows(inputs)
        text_states = self._states_of_text(rows)
        states_BTC = self._states(self._earlier(rows), text_states, rows)
        return self._head(states_BTC, rows["codes"])

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean negative log-likelihood of a digit, in nats."""
        rows = self._rows(x)
        there_BT = ops.cast(rows["segments"] > 0, "float32")
        losses_BT = ops.mean(digit_losses(rows["codes"], y_pred), axis=-1)
        return ops.sum(losses_BT * there_BT) / ops.maximum(ops.sum(there_BT), 1.0)

    def score(self, token_ids, codes, lengths):
        """Log-likelihood of codes given prompts.

        Args:
            token_ids: Shape `(B, L)`.
            codes: Shape `(B, H, W, D)`.
            lengths: Positions of each after which nothing is said, and nothing was
                learnt; shape `(B,)`.

        Returns:
            Nats, shape `(B,)`.
        """
        logits = self({"token_ids": token_ids, "codes": codes})
        losses_BT = ops.sum(digit_losses(self._flat(codes), logits), axis=-1)
        said_BT = ops.arange(self._length) < ops.cast(lengths, "int32")[:, None]
        return -ops.sum(losses_BT * ops.cast(said_BT, losses_BT.dtype), axis=1)

    def _earlier(self, rows):
        """Codes of the earlier neighbours, `(B, T, 4, D)`, -1 beyond the border."""
        codes, places = rows["codes"], rows["places"]
        length, num_digits = codes.shape[1:]
        # A picture starts as many positions ahead of each of them as its place says.
        starts_BT1 = (ops.arange(length) - places)[..., None]
        near_BTX = ops.take(_near(self.grid), places, axis=0)
        index_BX = ops.reshape(ops.maximum(starts_BT1 + near_BTX, 0), (-1, length * 4))
        taken = ops.take_along_axis(codes, index_BX[..., None], axis=1)
        taken = ops.reshape(taken, (-1, length, 4, num_digits))
        return ops.where(near_BTX[..., None] < 0, -1, taken)

    @property
    def noise_shape(self):
        return (self._length, self.num_digits, self.num_levels)

    def sample(self, token_ids, noise, null_ids, draw):
        """Draws codes, up to the last position of any picture that says something.

        Args:
            token_ids: Prompts, shape `(B, L)`.
            noise: Gumbel noise that alone decides the draw, shape `(B, T, D, V)`.
            null_ids: The empty prompt, shape `(L,)`.
            draw: How a digit is drawn.

        Returns:
            Codes, shape `(B, H, W, D)`, int32; 0 where nothing is said.
        """
        token_ids, text_states = self._read_prompts(token_ids, null_ids, draw)
        is_word_BL = ops.not_equal(token_ids, 0)
        cache, text_bias = self._trunk.start_cache(text_states, is_word_BL)
        words_BL = ops.cast(is_word_BL, "int32")
        heard_B1C = self._hear(mean_of_own(text_states, words_BL[:, :1], words_BL))
        rows, length = noise.shape[0], self._length
        near = ops.convert_to_tensor(_near(self.grid))

        def lengths(codes_BTD):
            grid = (-1, *self.grid, self.num_digits)
            return ops.cast(draw.lengths(ops.reshape(codes_BTD, grid)), "int32")

        def is_unfinished(position, codes_BTD, _cache):
            return position < ops.max(lengths(codes_BTD))

        def draw_position(position, codes_BTD, cache):
            near_X = ops.slice(near, (position, 0), (1, near.shape[1]))[0]
            earlier_BXD = ops.where(
                near_X[:, None] < 0, -1, ops.take(codes_BTD, ops.maximum(near_X, 0), 1)
            )
            states_BC = self._read(self._features(earlier_BXD[:, None]))[:, 0]
            if draw.guided:
                # The empty prompt goes on with what the prompt drew.
                states_BC = ops.concatenate([states_BC, states_BC])
            states_B1C = states_BC[:, None] + heard_B1C
            states_B1C = states_B1C + self._positions(ops.convert_to_tensor(position))
            states_B1C, cache = self._trunk.step(states_B1C, position, cache, text_bias)
            size = (rows, 1, self.num_digits, self.num_levels)
            noise_BDV = ops.slice(noise, (0, position, 0, 0), size)[:, 0]
            drawn_BD, _ = self._draw_digits(states_B1C[:, 0], noise_BDV, draw)
            drawn_B1D = drawn_BD[:rows, None]
            codes_BTD = ops.slice_update(codes_BTD, (0, position, 0), drawn_B1D)
            return position + 1, codes_BTD, cache

        codes_BTD = ops.zeros((rows, length, self.num_digits), "int32")
        _, codes_BTD, _ = ops.while_loop(
            is_unfinished, draw_position, (0, codes_BTD, cache)
        )
        # What a longer picture of the batch had drawn here as well.
        said_BT = ops.arange(length) < lengths(codes_BTD)[:, None]
        codes_BTD = ops.where(said_BT[..., None], codes_BTD, 0)
        return ops.reshape(codes_BTD, (-1, *self.grid, self.num_digits))


def _near(grid):
    """The places of the earlier neighbours of each, `(T, 4)`, -1 beyond the border."""
    height, width = grid
    rows, columns = np.divmod(np.arange(height * width), width)
    near = []
    for dy, dx in _NEIGHBOURS:
        inside = (rows + dy >= 0) & (columns + dx >= 0) & (columns + dx < width)
        near.append(np.where(inside, (rows + dy) * width + columns + dx, -1))
    return np.stack(near, axis=-1).astype("int32")
