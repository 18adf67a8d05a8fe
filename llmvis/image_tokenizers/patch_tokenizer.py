"""A cheap image tokenizer: patches, shifted channels and dense layers.

Convolutions run at a fraction of the matrix-product rate on a CPU. Here a position
sees its neighbours because groups of its channels come from them (Wu et al., 2018,
"Shift: A Zero FLOP, Zero Parameter Alternative to Spatial Convolutions",
https://arxiv.org/abs/1711.08141), and everything else is a matrix product.

Dimension key: B batch, Y X picture rows and columns, H W grid rows and columns,
P pixels on a side of a patch, C channels, D digits of one position.
"""

import keras
from keras import ops

from llmvis.errors import ConfigError
from llmvis.image_tokenizers.fsq import FiniteScalarQuantizer

_DIRECTIONS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]


@keras.saving.register_keras_serializable("llmvis")
class ShiftBlock(keras.layers.Layer):
    """A residual block that looks at the eight neighbours of each position.

    Args:
        hidden_dim: Channels in and out.

    Input and output: Features, shape `(B, H, W, C)`.
    """

    def __init__(self, hidden_dim, **kwargs):
        super().__init__(**kwargs)
        self.hidden_dim = hidden_dim
        self._norm = keras.layers.RMSNormalization(name="norm")
        self._expand = keras.layers.Dense(
            2 * hidden_dim, activation="silu", name="expand"
        )
        self._contract = keras.layers.Dense(
            hidden_dim, kernel_initializer="zeros", name="contract"
        )

    def build(self, input_shape):
        self._norm.build(input_shape)
        self._expand.build(input_shape)
        self._contract.build((*input_shape[:-1], 2 * self.hidden_dim))

    def call(self, features):
        shifted_BHWC = _shift(self._norm(features))
        return features + self._contract(self._expand(shifted_BHWC))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "hidden_dim": self.hidden_dim}


def _shift(features):
    _, height, width, channels = features.shape
    padded = ops.pad(features, ((0, 0), (1, 1), (1, 1), (0, 0)))
    # The centre keeps whatever does not divide by nine, so that no channel is lost.
    share = channels // (len(_DIRECTIONS) + 3)
    pieces, start = [], 0
    for dy, dx in _DIRECTIONS:
        size = channels - 8 * share if dy == dx == 0 else share
        window = padded[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        pieces.append(window[..., start : start + size])
        start += size
    return ops.concatenate(pieces, axis=-1)


@keras.saving.register_keras_serializable("llmvis")
class PatchTokenizer(keras.Model):
    """Codes of a picture and the picture of codes.

    Args:
        image_size: Pixels on a side, a multiple of `patch_size`.
        patch_size: Pixels on a side that become one position.
        num_digits: FSQ channels of each position.
        num_levels: Values each of them may take, odd.
        hidden_dim: Width of encoder and decoder.
        num_layers: Blocks in each of them.

    Input: `{"pixels": (B, Y, X, 3) float in [0, 1]}`.
    Output: What is left of them after encoding, same shape, about [0, 1].

    Raises:
        ConfigError: The grid does not divide the picture.
    """

    def __init__(
        self,
        image_size,
        *,
        patch_size,
        num_digits,
        num_levels,
        hidden_dim,
        num_layers,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if image_size % patch_size:
            raise ConfigError(
                f"tokenize.patch_size is {patch_size}, which does not divide the "
                f"picture size {image_size}. "
                f"Try {_nearest_divisor(image_size, patch_size)}."
            )
        self.image_size, self.patch_size = image_size, patch_size
        self.num_digits, self.num_levels = num_digits, num_levels
        self.hidden_dim, self.num_layers = hidden_dim, num_layers
        self.grid_size = image_size // patch_size
        self.quantizer = FiniteScalarQuantizer(num_levels, name="quantizer")
        self._encoder = _stack(hidden_dim, num_layers, num_digits, "encoder")
        pixels = 3 * patch_size**2
        self._decoder = _stack(hidden_dim, num_layers, pixels, "decoder")

    def build(self, input_shape):
        grid = (None, self.grid_size, self.grid_size)
        self._encoder.build((*grid, 3 * self.patch_size**2))
        self._decoder.build((*grid, self.num_digits))
        self.built = True

    def call(self, inputs):
        quantized_BHWD = self.quantizer(self._features(inputs["pixels"]))
        return self.decode_features(quantized_BHWD)

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002, PLR0913
        """Mean squared error of a pixel, and of its differences to its neighbours."""
        error = y_pred - x["pixels"]
        down, right = error[:, 1:] - error[:, :-1], error[:, :, 1:] - error[:, :, :-1]
        # Edges carry what a thing is, and cover few pixels.
        edges = ops.mean(down**2) + ops.mean(right**2)
        return ops.mean(error**2) + 0.5 * edges + sum(self.losses)

    def encode(self, images):
        """Pictures `(B, Y, X, 3)` in [0, 1] to int32 codes `(B, H, W, D)`."""
        return self.quantizer.encode(self.quantizer(self._features(images)))

    def decode(self, codes):
        """Codes `(B, H, W, D)` to pictures `(B, Y, X, 3)`, clipped to [0, 1]."""
        return ops.clip(self.decode_features(self.quantizer.decode(codes)), 0.0, 1.0)

    def decode_features(self, quantized):
        """Quantized features to pictures, not clipped, so that a gradient passes."""
        return self._from_patches(self._decoder(quantized)) + 0.5

    def _features(self, images):
        return self._encoder(self._to_patches(images - 0.5) * 2.0)

    def _to_patches(self, images):
        grid, patch = self.grid_size, self.patch_size
        split = ops.reshape(images, (-1, grid, patch, grid, patch, 3))
        return ops.reshape(
            ops.transpose(split, (0, 1, 3, 2, 4, 5)), (-1, grid, grid, 3 * patch**2)
        )

    def _from_patches(self, patches):
        grid, patch = self.grid_size, self.patch_size
        split = ops.reshape(patches, (-1, grid, grid, patch, patch, 3))
        return ops.reshape(
            ops.transpose(split, (0, 1, 3, 2, 4, 5)),
            (-1, self.image_size, self.image_size, 3),
        )

    def get_config(self):
        names = ("image_size", "patch_size", "num_digits", "num_levels")
        sizes = ("hidden_dim", "num_layers")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in (*names, *sizes)},
        }


def _stack(hidden_dim, num_layers, output_dim, name):
    blocks = [ShiftBlock(hidden_dim, name=f"block_{i}") for i in range(num_layers)]
    return keras.Sequential(
        [
            keras.layers.Dense(hidden_dim, name="read"),
            *blocks,
            keras.layers.RMSNormalization(name="norm"),
            keras.layers.Dense(output_dim, name="write"),
        ],
        name=name,
    )


def _nearest_divisor(number, wanted):
    divisors = [d for d in range(1, number + 1) if number % d == 0]
    return min(divisors, key=lambda divisor: abs(divisor - wanted))
