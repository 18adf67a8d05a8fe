"""Image codes that are drawn many at a time, the surest first.

Chang et al., 2022, "MaskGIT: Masked Generative Image Transformer",
https://arxiv.org/abs/2202.04200, and with text Muse (Chang et al., 2023,
https://arxiv.org/abs/2301.00704).

Dimension key: B batch, H W grid, T positions, L text tokens, D digits of a position, V
values of a digit.
"""

import math

import keras
import numpy as np
from keras import ops

from llmvis.generators.code_generator import CodeGenerator, digit_losses


@keras.saving.register_keras_serializable("llmvis")
class MaskedGenerator(CodeGenerator):
    """Tells the positions that are hidden from those that are not.

    Takes the arguments of `CodeGenerator`.

    Output: A dictionary: `logits` `(B, T, D, V)`, and `hidden` `(B, T)`, bool: which
        positions could not be seen.
    """

    causal = False
    draws_in_steps = True
    num_read = 1

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._seeds = keras.random.SeedGenerator()

    def call(self, inputs, training=False):
        rows = self._rows(inputs)
        # The same positions in every validation, so that its losses can be compared.
        seeds = (self._seeds, self._seeds) if training else (4, 1)
        hidden_BT = _hide(rows["places"], seeds)
        seen_BTD = ops.where(hidden_BT[..., None], -1, rows["codes"])
        text_states = self._states_of_text(rows)
        states_BTC = self._states(seen_BTD[:, :, None], text_states, rows)
        return {"logits": self._head(states_BTC, rows["codes"]), "hidden": hidden_BT}

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean negative log-likelihood of a hidden digit, in nats."""
        rows = self._rows(x)
        counts_BT = ops.logical_and(rows["segments"] > 0, y_pred["hidden"])
        counts_BT = ops.cast(counts_BT, "float32")
        losses_BT = ops.mean(digit_losses(rows["codes"], y_pred["logits"]), axis=-1)
        return ops.sum(losses_BT * counts_BT) / ops.maximum(ops.sum(counts_BT), 1.0)

    @property
    def noise_shape(self):
        # One digit more: what it is told decides which positions are kept.
        return (self._length, self.num_digits + 1, self.num_levels)

    def sample(self, token_ids, noise, null_ids, draw):
        """Draws codes.

        Args:
            token_ids: Prompts, shape `(B, L)`.
            noise: Gumbel noise that alone decides the draw, shape `(B, T, D + 1, V)`.
            null_ids: The empty prompt, shape `(L,)`.
            draw: How a digit is drawn, and in how many passes.

        Returns:
            Codes, shape `(B, H, W, D)`, int32.
        """
        shape_BT = noise.shape[:2]
        token_ids, text_states = self._read_prompts(token_ids, null_ids, draw)
        rows = self._rows(
            {
                "token_ids": token_ids,
                "codes": ops.zeros(
                    (ops.shape(token_ids)[0], *self.grid, self.num_digits)
                ),
            }
        )
        kept_after, num_steps = _kept_after(self._length, draw.num_steps)

        def draw_some(step, codes_BTD):
            # The empty prompt goes on with what the prompt drew.
            seen = ops.concatenate([codes_BTD, codes_BTD]) if draw.guided else codes_BTD
            states_BTC = self._states(seen[:, :, None], text_states, rows)
            drawn, sure_BT = self._draw_digits(states_BTC, noise[:, :, :-1], draw)
            # At first also what is less sure is kept, or all pictures would be alike.
            luck = 1.0 - ops.cast(step + 1, "float32") / num_steps
            sure_BT = sure_BT + luck * noise[:, :, -1, 0]
            known_BT = codes_BTD[..., 0] >= 0
            sure_BT = ops.where(known_BT, math.inf, sure_BT)
            rank_BT = ops.argsort(ops.argsort(-sure_BT, axis=1), axis=1)
            is_kept_BT = rank_BT < ops.take(kept_after, step)
            drawn_BTD = ops.where(is_kept_BT[..., None], drawn[: shape_BT[0]], -1)
            return ops.where(known_BT[..., None], codes_BTD, drawn_BTD)

        codes_BTD = -ops.ones((*shape_BT, self.num_digits), "int32")
        codes_BTD = ops.fori_loop(0, num_steps, draw_some, codes_BTD)
        return ops.reshape(codes_BTD, (-1, *self.grid, self.num_digits))


def _hide(places, seeds):
    """Chooses positions `(B, T)`: of each picture another share, mostly a large one."""
    shape_BT = ops.shape(places)
    first_BT = ops.maximum(ops.arange(shape_BT[1]) - places, 0)
    share_BT = ops.cos(keras.random.uniform(shape_BT, seed=seeds[0]) * math.pi / 2)
    share_BT = ops.take_along_axis(share_BT, first_BT, axis=1)
    return keras.random.uniform(shape_BT, seed=seeds[1]) < share_BT


def _kept_after(length, num_steps):
    """How many positions are known after each step, few at first; and of the steps."""
    num_steps = min(num_steps, length)
    done = np.arange(1, num_steps + 1)
    hidden = np.floor(length * np.cos(done / num_steps * math.pi / 2) + 1e-6)
    kept = np.maximum(length - hidden, done).astype("int32")
    return ops.convert_to_tensor(kept), num_steps
