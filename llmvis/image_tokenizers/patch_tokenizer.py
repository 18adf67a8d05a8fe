"""A cheap image tokenizer: patches, shifted channels and dense layers.

Convolutions run at a fraction of the matrix-product rate on a CPU. Here a position
sees its neighbours because groups of its channels come from them (Wu et al., 2018,
"Shift: A Zero FLOP, Zero Parameter Alternative to Spatial Convolutions",
https://arxiv.org/abs/1711.08141), and everything else is a matrix product.

A patch is small, so that its few digits are quickly learned. A position of the codes is
a block of patches, so that a language model has few positions, each with many digits.

Dimension key: B batch, Y X picture rows and columns, H W rows and columns of positions,
C channels, D digits of one position.
"""

import keras
import numpy as np
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
    # The centre keeps whatever does not divide by nine, so that no channel is lost.
    share = channels // (len(_DIRECTIONS) + 3)
    centre = len(_DIRECTIONS) // 2
    sizes = np.full(len(_DIRECTIONS), share)
    sizes[centre] = channels - 8 * share
    # Split before padding: the gradient of a slice of channels would fill the others
    # with zeros and add them up, nine times.
    groups = ops.split(features, np.cumsum(sizes)[:-1].tolist(), axis=-1)
    moved = []
    for (dy, dx), group in zip(_DIRECTIONS, groups, strict=True):
        padded = ops.pad(group, ((0, 0), (1, 1), (1, 1), (0, 0)))
        moved.append(padded[:, 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width])
    return ops.concatenate(moved, axis=-1)


@keras.saving.register_keras_serializable("llmvis")
class PatchTokenizer(keras.Model):
    """Codes of a picture and the picture of codes.

    Args:
        image_size: Pixels on a side, a multiple of `patch_size`.
        patch_size: Pixels on a side of a patch.
        block_size: Patches on a side that are one position of the codes.
        digits_per_patch: FSQ channels of each patch.
        num_levels: Values each of them may take, odd.
        hidden_dim: Width of encoder and decoder.
        num_layers: Blocks in each of them.

    Input: `{"pixels": (B, Y, X, 3) float in [0, 1]}`.
    Output: What is left of them after encoding, same shape, about [0, 1].

    Raises:
        ConfigError: The grid does not divide the picture.
    """

    def __init__(  # noqa: PLR0913, the sizes of one network
        self,
        image_size,
        *,
        patch_size,
        block_size,
        digits_per_patch,
        num_levels,
        hidden_dim,
        num_layers,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if image_size % (patch_size * block_size):
            raise ConfigError(
                f"A position of {block_size} patches of {patch_size} pixels does not "
                f"divide the picture size {image_size}. Change tokenize.patch_size or "
                "tokenize.block_size so that their product does."
            )
        self.image_size, self.patch_size = image_size, patch_size
        self.block_size, self.digits_per_patch = block_size, digits_per_patch
        self.num_levels, self.hidden_dim = num_levels, hidden_dim
        self.num_layers = num_layers
        self.grid_size = image_size // (patch_size * block_size)
        self.num_digits = digits_per_patch * block_size**2
        self.quantizer = FiniteScalarQuantizer(num_levels, name="quantizer")
        self._encoder = _stack(hidden_dim, num_layers, digits_per_patch, "encoder")
        self._decoder = _stack(hidden_dim, num_layers, 3 * patch_size**2, "decoder")

    def build(self, input_shape):  # noqa: ARG002, the size is known
        patches = self.image_size // self.patch_size
        self._encoder.build((None, patches, patches, 3 * self.patch_size**2))
        self._decoder.build((None, patches, patches, self.digits_per_patch))
        self.built = True

    def call(self, inputs):
        quantized_BHWD = self.quantizer(self._features(inputs["pixels"]))
        return self.decode_features(quantized_BHWD)

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean squared error of a pixel, and of its differences to its neighbours."""
        error = y_pred - x["pixels"]
        down, right = error[:, 1:] - error[:, :-1], error[:, :, 1:] - error[:, :, :-1]
        # Edges carry what a thing is, and cover few pixels.
        edges = ops.mean(down**2) + ops.mean(right**2)
        return ops.mean(error**2) + 0.5 * edges + sum(self.losses)

    def encode(self, images):
        """Pictures `(B, Y, X, 3)` in [0, 1] to int32 codes `(B, H, W, D)`."""
        digits = self.quantizer.encode(self.quantizer(self._features(images)))
        return _gather(digits, self.block_size)

    def decode(self, codes):
        """Codes `(B, H, W, D)` to pictures `(B, Y, X, 3)`, clipped to [0, 1]."""
        digits = _spread(codes, self.block_size)
        pictures = self.decode_features(self.quantizer.decode(digits))
        return ops.clip(pictures, 0.0, 1.0)

    def decode_features(self, quantized):
        """Quantized features to pictures, not clipped, so that a gradient passes."""
        return _spread(self._decoder(quantized), self.patch_size) + 0.5

    def _features(self, images):
        return self._encoder(_gather(images - 0.5, self.patch_size) * 2.0)

    def get_config(self):
        names = ("image_size", "patch_size", "block_size", "digits_per_patch")
        sizes = ("num_levels", "hidden_dim", "num_layers")
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


def _gather(cells, size):
    """Moves blocks of cells into channels: `(B, H, W, C)` to `(B, H/s, W/s, s*s*C)`."""
    _, height, width, channels = cells.shape
    grid = (height // size, size, width // size, size)
    split = ops.transpose(ops.reshape(cells, (-1, *grid, channels)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(split, (-1, grid[0], grid[2], size**2 * channels))


def _spread(cells, size):
    """Undoes `_gather`."""
    _, height, width, channels = cells.shape
    shape = (-1, height, width, size, size, channels // size**2)
    split = ops.transpose(ops.reshape(cells, shape), (0, 1, 3, 2, 4, 5))
    return ops.reshape(split, (-1, height * size, width * size, shape[-1]))
