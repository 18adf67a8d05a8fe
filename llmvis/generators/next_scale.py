"""Next-scale prediction: a coarse picture first, then each finer one from it.

Tian et al., 2024, "Visual Autoregressive Modeling: Scalable Image Generation via
Next-Scale Prediction", https://arxiv.org/abs/2404.02905, over the codes of a tokenizer
whose digits are colours: the colours of a coarser picture are the means of the finer.
Where a thing is and how far it reaches is settled while the picture has few cells; in
raster order its first row would have to settle it. A cell is split into four with all
of the coarser picture in sight, and given that, cells are drawn independently of each
other.

Dimension key: B batch, H W cells, P cells of all scales, L text tokens, C channels,
D digits of the four parts of a cell, V values of a digit, F features.
"""

import keras
import numpy as np
from keras import ops

from llmvis.blocks import gather, spread
from llmvis.errors import ConfigError
from llmvis.generators.digit_head import DigitHead
from llmvis.generators.drawing import draw_values, with_null_prompts
from llmvis.generators.trunk import Trunk

_COLORS = 3
_DIGIT_SHARE = 4  # of the trunk's channels that each digit has to itself in the head
_WINDOW = 3  # cells on a side of what a cell reads of the coarser picture


@keras.saving.register_keras_serializable("llmvis")
class NextScaleGenerator(keras.Model):
    """Splits every cell of a picture into four, until it has the size of the codes.

    Args:
        text_encoder: Layer from token ids to states of `hidden_dim` channels.
        hidden_dim: Channels of the trunk.
        num_layers: Blocks of the trunk.
        num_heads: Attention heads.
        grid_size: Positions of the codes on a side, a power of two.
        num_digits: Digits of a position: three colours of each of its patches.
        num_levels: Values of a digit.

    Input: `{"token_ids": (B, L) int32, "codes": (B, H, W, D) int32}`.
    Output: Logits of the parts of every cell, coarse scales first, `(B, P, D, V)`.

    Raises:
        ConfigError: The grid cannot be reached by splitting cells into four.
    """

    makes = "codes"

    def __init__(  # noqa: PLR0913, the sizes of one network
        self,
        text_encoder,
        *,
        hidden_dim,
        num_layers,
        num_heads,
        grid_size,
        num_digits,
        num_levels,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if grid_size & (grid_size - 1) or num_digits != _COLORS * 4:
            raise ConfigError(
                f"next_scale cannot reach {grid_size} x {grid_size} positions of "
                f"{num_digits // _COLORS} patches by splitting cells into four. Set "
                "tokenize.block_size to 2, and a picture size and tokenize.patch_size "
                "whose quotient is a power of two."
            )
        self.text_encoder = text_encoder
        self.hidden_dim, self.num_layers = hidden_dim, num_layers
        self.num_heads, self.grid_size = num_heads, grid_size
        self.num_digits, self.num_levels = num_digits, num_levels
        self._scales = [2**i for i in range(grid_size.bit_length())]
        self._read = keras.layers.Dense(hidden_dim, name="read")
        self._positions = keras.layers.Embedding(
            sum(scale**2 for scale in self._scales), hidden_dim, name="positions"
        )
        self._trunk = Trunk(
            hidden_dim=hidden_dim,
            num_layers=num_layers,
            num_heads=num_heads,
            grids=self._scales,
            causal=False,
            name="trunk",
        )
        self._head = DigitHead(
            num_digits=num_digits,
            num_levels=num_levels,
            digit_dim=hidden_dim // _DIGIT_SHARE,
            name="head",
        )

    def build(self, input_shape):
        length = self._positions.input_dim
        if not self.text_encoder.built:  # as it is where it was loaded
            self.text_encoder.build(input_shape["token_ids"])
        features = _WINDOW**2 * _COLORS * (self.num_levels + 1)
        self._read.build((None, length, features))
        self._positions.build((length,))
        self._trunk.build((None, length, self.hidden_dim))
        self._head.build((None, length, self.hidden_dim))
        self.built = True

    def call(self, inputs):
        pictures = self._pictures(inputs["codes"])
        states_BPC = ops.concatenate(
            [self._look(i, picture) for i, picture in enumerate(pictures[:-1])], axis=1
        )
        text_states = self.text_encoder(inputs["token_ids"])
        text_mask = ops.not_equal(inputs["token_ids"], 0)
        states_BPC = self._trunk(states_BPC, text_states, text_mask)
        return self._head(states_BPC, _parts(pictures))

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean negative log-likelihood of a digit, in nats."""
        return ops.mean(self._digit_losses(x["codes"], y_pred))

    def score(self, token_ids, codes):
        """Log-likelihood of the pictures of all scales given prompts, nats, `(B,)`."""
        logits = self({"token_ids": token_ids, "codes": codes})
        return -ops.sum(self._digit_losses(codes, logits), axis=(1, 2))

    @property
    def noise_shape(self):
        return (self._positions.input_dim, self.num_digits, self.num_levels)

    def sample(self, token_ids, noise, null_ids, draw):
        """Draws codes.

        Args:
            token_ids: Prompts, shape `(B, L)`.
            noise: Gumbel noise that alone decides the draw, shape `(B, P, D, V)`.
            null_ids: The empty prompt, shape `(L,)`.
            draw: How a digit is drawn.

        Returns:
            Codes, shape `(B, H, W, D)`, int32.
        """
        if draw.guided:
            token_ids = with_null_prompts(token_ids, null_ids)
        text_states = self.text_encoder(token_ids)
        text_mask = ops.not_equal(token_ids, 0)
        rows, first = noise.shape[0], 0
        picture = ops.zeros((rows, 1, 1, _COLORS), "int32")
        for i, scale in enumerate(self._scales):
            states_BPC = self._look(i, picture)
            if draw.guided:
                # The empty prompt goes on with what the prompt drew.
                states_BPC = ops.concatenate([states_BPC, states_BPC])
            states_BPC = self._trunk.at_scale(i, states_BPC, text_states, text_mask)
            noise_BPDV = noise[:, first : first + scale**2]
            drawn_BPD = self._draw_digits(states_BPC, noise_BPDV, draw)[:rows]
            parts = ops.reshape(drawn_BPD, (rows, scale, scale, self.num_digits))
            picture = spread(parts, 2)
            first += scale**2
        return gather(picture, 2)

    def _draw_digits(self, states, noise, draw):
        hidden_BPX, drawn = self._head.start(states), []
        for digit in range(self.num_digits):
            logits_BPV = self._head.logits(hidden_BPX, digit)
            drawn_BP = draw_values(logits_BPV, noise[:, :, digit], draw)
            if draw.guided:
                drawn_BP = ops.concatenate([drawn_BP, drawn_BP])
            hidden_BPX = self._head.add(hidden_BPX, digit, drawn_BP)
            drawn.append(drawn_BP)
        return ops.stack(drawn, axis=-1)

    def _pictures(self, codes):
        """Digits of all scales, coarse first: `(B, 1, 1, 3)` to `(B, 2H, 2W, 3)`."""
        pictures = [spread(codes, 2)]
        while pictures[0].shape[1] > 1:
            means = ops.average_pool(ops.cast(pictures[0], "float32"), 2, 2)
            pictures.insert(0, ops.cast(ops.round(means), "int32"))
        # Nothing is known at first, not even the mean colour.
        pictures[0] = ops.zeros_like(pictures[0])
        return pictures

    def _look(self, i, picture):
        """States of the cells of scale `i` from the picture as it is so far."""
        # Each digit as a class and as a number: colours have an order, so that what is
        # learnt of one holds nearly for the next.
        classes = ops.one_hot(picture, self.num_levels)
        numbers = 2.0 * ops.cast(picture, classes.dtype) / (self.num_levels - 1) - 1.0
        both = ops.concatenate([classes, numbers[..., None]], axis=-1)
        size, width = self._scales[i], _COLORS * (self.num_levels + 1)
        features = ops.reshape(both, (-1, size, size, width))
        seen = ops.pad(features, ((0, 0), (1, 1), (1, 1), (0, 0)))
        window_BHWF = ops.concatenate(
            [
                seen[:, y : y + size, x : x + size]
                for y in range(_WINDOW)
                for x in range(_WINDOW)
            ],
            axis=-1,
        )
        states_BHWC = self._read(window_BHWF)
        states_BPC = ops.reshape(states_BHWC, (-1, size**2, self.hidden_dim))
        first = sum(scale**2 for scale in self._scales[:i])
        return states_BPC + self._positions(np.arange(first, first + size**2))

    def _digit_losses(self, codes, logits):
        return keras.losses.sparse_categorical_crossentropy(
            _parts(self._pictures(codes)), logits, from_logits=True
        )

    def get_config(self):
        names = ("hidden_dim", "num_layers", "num_heads", "grid_size")
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


def _parts(pictures):
    """Digits of the four parts of every cell, coarse scales first: `(B, P, D)`."""
    parts = [gather(picture, 2) for picture in pictures[1:]]
    return ops.concatenate(
        [ops.reshape(p, (-1, p.shape[1] * p.shape[2], p.shape[3])) for p in parts],
        axis=1,
    )
