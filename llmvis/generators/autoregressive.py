"""Next-position prediction over image codes.

Van den Oord et al., 2016, "Conditional Image Generation with PixelCNN Decoders",
https://arxiv.org/abs/1606.05328, in the form of DALL-E (Ramesh et al., 2021,
https://arxiv.org/abs/2102.12092): a decoder-only transformer over the codes of an image
tokenizer, in raster order.

Dimension key: B batch, H W grid, T positions, L text tokens, C channels, D digits of a
position, V values of a digit.
"""

import keras
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

    Input: `{"token_ids": (B, L) int32, "codes": (B, H, W, D) int32}`.
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
        codes_BTD = self._in_raster_order(inputs["codes"])
        states_BTC = self._read(self._neighbours(self._features(inputs["codes"])))
        states_BTC = states_BTC + self._positions(ops.arange(self._length))
        text_states = self.text_encoder(inputs["token_ids"])
        text_mask = ops.not_equal(inputs["token_ids"], 0)
        return self._head(self._trunk(states_BTC, text_states, text_mask), codes_BTD)

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean negative log-likelihood of a digit, in nats."""
        return ops.mean(self._digit_losses(x["codes"], y_pred))

    def score(self, token_ids, codes):
        """Log-likelihood of codes `(B, H, W, D)` given prompts, in nats, `(B,)`."""
        logits = self({"token_ids": token_ids, "codes": codes})
        return -ops.sum(self._digit_losses(codes, logits), axis=(1, 2))

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

        def draw_position(position, carry):
            codes_BTD, cache, seen = carry
            row, column = position // self.grid[1], position % self.grid[1]
            window = ops.slice(seen, (0, row, column, 0), (rows, 2, 3, seen.shape[-1]))
            states_BC = self._read(
                ops.concatenate(
                    [window[:, 1 + dy, 1 + dx] for dy, dx in _NEIGHBOURS], -1
                )
            )
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
            seen = ops.slice_update(
                seen, (0, row + 1, column + 1, 0), self._features(drawn_B1D[:, None])
            )
            return codes_BTD, cache, seen

        codes_BTD = ops.zeros((rows, length, self.num_digits), "int32")
        width = self.num_digits * (self.num_levels + 1)
        seen = _with_border(ops.zeros((rows, *self.grid, width)))
        codes_BTD, _, _ = ops.fori_loop(
            0, length, draw_position, (codes_BTD, cache, seen)
        )
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
        """What is read of codes `(B, H, W, D)`: each digit as a class and as a number.

        Levels are colours in their order, so that what is learnt of one holds nearly
        for the next.
        """
        classes = ops.one_hot(codes, self.num_levels)
        numbers = 2.0 * ops.cast(codes, classes.dtype) / (self.num_levels - 1) - 1.0
        both = ops.concatenate([classes, numbers[..., None]], axis=-1)
        width = self.num_digits * (self.num_levels + 1)
        return ops.reshape(both, (-1, *codes.shape[1:-1], width))

    def _neighbours(self, features):
        """Features `(B, H, W, F)` to those of earlier neighbours, `(B, T, 4 * F)`.

        Without them a position would have to find its neighbours by attention first.
        """
        (height, width), seen = self.grid, _with_border(features)
        beside = [
            seen[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
            for dy, dx in _NEIGHBOURS
        ]
        wide = ops.concatenate(beside, axis=-1)
        return ops.reshape(wide, (-1, self._length, wide.shape[-1]))

    def _in_raster_order(self, codes):
        return ops.reshape(codes, (-1, self._length, self.num_digits))

    def _digit_losses(self, codes, logits):
        return keras.losses.sparse_categorical_crossentropy(
            self._in_raster_order(codes), logits, from_logits=True
        )

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


def _with_border(grid):
    """Puts zeros above and at both sides of `(B, H, W, F)`."""
    return ops.pad(grid, ((0, 0), (1, 0), (1, 1), (0, 0)))
