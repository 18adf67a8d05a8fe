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

from llmvis.generators.digit_head import DigitHead
from llmvis.generators.drawing import draw_values, with_null_prompts
from llmvis.generators.trunk import Trunk

# Rows and columns from a position to those neighbours that are drawn before it.
_NEIGHBOURS = [(0, -1), (-1, -1), (-1, 0), (-1, 1)]


@keras.saving.register_keras_serializable("llmvis")
class AutoregressiveGenerator(keras.Model):
    """Draws one position after another, and its digits one after another.

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
    Output: Logits, shape `(B, T, D, V)`.
    """

    makes = "codes"

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
        super().__init__(**kwargs)
        self.text_encoder = text_encoder
        self.hidden_dim, self.num_layers = hidden_dim, num_layers
        self.num_heads, self.grid = num_heads, tuple(grid)
        self.num_digits, self.num_levels = num_digits, num_levels
        self._read = keras.layers.Dense(hidden_dim, name="read")
        self._length = grid[0] * grid[1]
        self._positions = keras.layers.Embedding(
            self._length, hidden_dim, name="positions"
        )
        self._trunk = Trunk(
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            num_heads=num_heads,
            grid=grid,
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
        if not self.text_encoder.built:  # as it is where it was loaded
            self.text_encoder.build(input_shape["token_ids"])
        features = len(_NEIGHBOURS) * self.num_digits * (self.num_levels + 1)
        self._read.build((None, length, features))
        self._positions.build((length,))
        self._trunk.build((None, length, self.hidden_dim))
        self._head.build((None, length, self.hidden_dim))
        self.built = True

    def call(self, inputs):
        rows = inputs if "segments" in inputs else self._each_alone(**inputs)
        states_BTC = self._read(self._features(self._earlier(rows)))
        states_BTC = states_BTC + self._positions(rows["places"])
        text_states = self._states_of_text(rows)
        segments = rows["segments"], rows["text_segments"]
        states_BTC = self._trunk(states_BTC, text_states, *segments, rows["places"])
        return self._head(states_BTC, rows["codes"])

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean negative log-likelihood of a digit, in nats."""
        rows = x if "segments" in x else self._each_alone(**x)
        there_BT = ops.cast(rows["segments"] > 0, "float32")
        losses_BT = ops.mean(_digit_losses(rows["codes"], y_pred), axis=-1)
        return ops.sum(losses_BT * there_BT) / ops.maximum(ops.sum(there_BT), 1.0)

    def score(self, token_ids, codes):
        """Log-likelihood of codes `(B, H, W, D)` given prompts, in nats, `(B,)`."""
        logits = self({"token_ids": token_ids, "codes": codes})
        digits_BTD = self._in_raster_order(codes)
        return -ops.sum(_digit_losses(digits_BTD, logits), axis=(1, 2))

    def _each_alone(self, token_ids, codes, **_):
        """Rows that hold one prompt and one picture each."""
        codes_BTD = self._in_raster_order(codes)
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
        """Draws codes.

        Args:
            token_ids: Prompts, shape `(B, L)`.
            noise: Gumbel noise that alone decides the draw, shape `(B, T, D, V)`.
            null_ids: The empty prompt, shape `(L,)`.
            draw: How a digit is drawn.

        Returns:
            Codes, shape `(B, H, W, D)`, int32.
        """
        if draw.guided:
            token_ids = with_null_prompts(token_ids, null_ids)
        cache, text_bias = self._trunk.start_cache(
            self.text_encoder(token_ids), ops.not_equal(token_ids, 0)
        )
        rows, length = noise.shape[0], self._length
        near = ops.convert_to_tensor(_near(self.grid))

        def draw_position(position, carry):
            codes_BTD, cache = carry
            near_X = ops.slice(near, (position, 0), (1, near.shape[1]))[0]
            earlier_BXD = ops.where(
                near_X[:, None] < 0, -1, ops.take(codes_BTD, ops.maximum(near_X, 0), 1)
            )
            states_BC = self._read(self._features(earlier_BXD[:, None]))[:, 0]
            if draw.guided:
                # The empty prompt goes on with what the prompt drew.
                states_BC = ops.concatenate([states_BC, states_BC])
            states_B1C = states_BC[:, None] + self._positions(
                ops.convert_to_tensor(position)
            )
            states_B1C, cache = self._trunk.step(states_B1C, position, cache, text_bias)
            size = (rows, 1, self.num_digits, self.num_levels)
            noise_BDV = ops.slice(noise, (0, position, 0, 0), size)[:, 0]
            drawn_BD = self._draw_digits(states_B1C[:, 0], noise_BDV, draw)
            drawn_B1D = drawn_BD[:rows, None]
            codes_BTD = ops.slice_update(codes_BTD, (0, position, 0), drawn_B1D)
            return codes_BTD, cache

        codes_BTD = ops.zeros((rows, length, self.num_digits), "int32")
        codes_BTD, _ = ops.fori_loop(0, length, draw_position, (codes_BTD, cache))
        return ops.reshape(codes_BTD, (-1, *self.grid, self.num_digits))

    def _draw_digits(self, states, noise, draw):
        hidden_BX, drawn = self._head.start(states), []
        for digit in range(self.num_digits):
            logits_BV = self._head.logits(hidden_BX, digit)
            drawn_B = draw_values(logits_BV, noise[:, digit], draw)
            if draw.guided:
                drawn_B = ops.concatenate([drawn_B, drawn_B])
            hidden_BX = self._head.add(hidden_BX, digit, drawn_B)
            drawn.append(drawn_B)
        return ops.stack(drawn, axis=-1)

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

    def _in_raster_order(self, codes):
        return ops.reshape(codes, (-1, self._length, self.num_digits))

    def get_config(self):
        names = ("hidden_dim", "num_layers", "num_heads", "grid")
        return {
            **super().get_config(),
            "text_encoder": keras.saving.serialize_keras_object(self.text_encoder),
            **{
                name: getattr(self, name)
                for name in (*names, "num_digits", "num_levels")
            },
        }

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config.pop("text_encoder"))
        return cls(encoder, **config)


def _near(grid):
    """The places of the earlier neighbours of each, `(T, 4)`, -1 beyond the border."""
    height, width = grid
    rows, columns = np.divmod(np.arange(height * width), width)
    near = []
    for dy, dx in _NEIGHBOURS:
        inside = (rows + dy >= 0) & (columns + dx >= 0) & (columns + dx < width)
        near.append(np.where(inside, (rows + dy) * width + columns + dx, -1))
    return np.stack(near, axis=-1).astype("int32")


def _digit_losses(codes, logits):
    """Negative log-likelihood of each digit `(B, T, D)`, in nats."""
    return keras.losses.sparse_categorical_crossentropy(codes, logits, from_logits=True)
