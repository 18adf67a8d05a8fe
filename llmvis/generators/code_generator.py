"""What the generators of image codes share: how codes are read, said and counted.

Dimension key: B batch, H W grid, T positions, L text tokens, C channels, D digits of a
position, V values of a digit.
"""

import keras
from keras import ops

from llmvis.generators.digit_head import DigitHead
from llmvis.generators.drawing import draw_values
from llmvis.generators.pooling import mean_of_own
from llmvis.generators.prompted import Prompted
from llmvis.generators.trunk import Trunk


class CodeGenerator(Prompted):
    """A trunk over the positions of a picture, with the prompt beside it.

    Args:
        text_encoder: Layer from token ids to states of `hidden_dim` channels.
        hidden_dim: Channels of the trunk.
        num_layers: Blocks of the trunk.
        num_heads: Attention heads.
        grid: Rows and columns of positions.
        num_digits: Digits of a position.
        num_levels: Values of a digit.

    Input: `{"token_ids": (B, L) int32, "codes": (B, H, W, D) int32}`, or rows that hold
        several prompts and pictures, as `llmvis.training.packing` makes them.
    """

    sizes = (
        "hidden_dim",
        "num_layers",
        "num_heads",
        "grid",
        "num_digits",
        "num_levels",
    )
    makes = "codes"
    causal: bool  # whether a position sees only those before it
    num_read: int  # codes that are read at a position

    def __init__(  # noqa: PLR0913, the sizes of one network
        self,
        text_encoder,
        *,
        hidden_dim,
        num_layers,
        num_heads,
        grid,
        num_digits,
        num_levels,
        **kwargs,
    ):
        super().__init__(text_encoder, **kwargs)
        self.hidden_dim, self.num_layers = hidden_dim, num_layers
        self.num_heads, self.grid = num_heads, tuple(grid)
        self.num_digits, self.num_levels = num_digits, num_levels
        self._read = keras.layers.Dense(hidden_dim, name="read")
        self._length = grid[0] * grid[1]
        self._positions = keras.layers.Embedding(
            self._length, hidden_dim, name="positions"
        )
        # Attention soon looks past a rare word, and what is never looked at is never
        # learnt. In the mean every word is heard from the first step to the last.
        self._hear = keras.layers.Dense(
            hidden_dim, use_bias=False, kernel_initializer="zeros", name="hear"
        )
        self._trunk = Trunk(
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            num_heads=num_heads,
            grid=grid,
            causal=self.causal,
            name="trunk",
        )
        self._head = DigitHead(
            num_digits=num_digits,
            num_levels=num_levels,
            digit_dim=hidden_dim,
            name="head",
        )

    def build(self, input_shape):
        length = self._length
        super().build(input_shape)
        features = self.num_read * self.num_digits * (self.num_levels + 1)
        self._read.build((None, length, features))
        self._positions.build((length,))
        self._hear.build((None, length, self.hidden_dim))
        self._trunk.build((None, length, self.hidden_dim))
        self._head.build((None, length, self.hidden_dim))
        self.built = True

    def _states(self, codes, text_states, rows):
        """States `(B, T, C)` of positions that read `codes` `(B, T, X, D)`."""
        states_BTC = self._read(self._features(codes))
        segments = rows["segments"], rows["text_segments"]
        states_BTC = states_BTC + self._positions(rows["places"])
        states_BTC = states_BTC + self._hear(mean_of_own(text_states, *segments))
        return self._trunk(states_BTC, text_states, *segments, rows["places"])

    def _rows(self, inputs):
        """Rows as they are, or of one prompt and one picture each."""
        if "segments" in inputs:
            return inputs
        token_ids, codes_BTD = inputs["token_ids"], self._flat(inputs["codes"])
        shape_BT = ops.shape(codes_BTD)[:2]
        return {
            "token_ids": token_ids,
            "text_segments": ops.cast(ops.not_equal(token_ids, 0), "int32"),
            "codes": codes_BTD,
            "segments": ops.ones(shape_BT, "int32"),
            "places": ops.broadcast_to(ops.arange(self._length), shape_BT),
        }

    def _states_of_text(self, rows):
        if self.text_encoder.keeps_apart:
            return self.text_encoder(rows["token_ids"], rows["text_segments"])
        return self.text_encoder(rows["token_ids"])

    def _draw_digits(self, states, noise, draw):
        """Draws one digit after another.

        Args:
            states: Shape `(B, ..., C)`; twice the batch where the draw is guided.
            noise: Shape `(B, ..., D, V)`.
            draw: How.

        Returns:
            Digits `(B, ..., D)`, as often as there are states, and how likely they
            were in all, in nats, `(B, ...)`.
        """
        hidden, drawn, nats = self._head.start(states), [], 0.0
        for digit in range(self.num_digits):
            logits = self._head.logits(hidden, digit)
            value, likely = draw_values(logits, noise[..., digit, :], draw)
            nats = nats + likely
            if draw.guided:
                value = ops.concatenate([value, value])
            hidden = self._head.add(hidden, digit, value)
            drawn.append(value)
        return ops.stack(drawn, axis=-1), nats

    def _features(self, codes):
        """What is read of codes `(B, T, X, D)`: each digit as a class and as a number.

        Levels are in an order, so that what is learnt of one holds nearly for the next.
        A code below 0 is read as nothing.
        """
        classes = ops.one_hot(codes, self.num_levels)
        numbers = 2.0 * ops.cast(codes, classes.dtype) / (self.num_levels - 1) - 1.0
        numbers = ops.where(codes < 0, 0.0, numbers)
        both = ops.concatenate([classes, numbers[..., None]], axis=-1)
        width = codes.shape[2] * self.num_digits * (self.num_levels + 1)
        return ops.reshape(both, (-1, codes.shape[1], width))

    def _flat(self, codes):
        """Codes `(B, H, W, D)` in raster order, `(B, T, D)`."""
        return ops.reshape(codes, (-1, self._length, self.num_digits))


def digit_losses(codes, logits):
    """Negative log-likelihood of each digit `(B, T, D)`, in nats."""
    return keras.losses.sparse_categorical_crossentropy(codes, logits, from_logits=True)
