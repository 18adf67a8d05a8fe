"""An image tokenizer whose codes are a small picture, and whose decoder redraws it.

The digits of a patch are its mean colour, quantized: nothing about them is learnt. What
is learnt is to draw the picture of which only this sketch is known. Codes that a deep
encoder chooses hold more of the picture, and a language model cannot foretell them: a
shift by a pixel changes them all, and in a smooth background they flicker between two
values. A mean colour changes little, and in a background never. A cascade (Ho et al.,
2021, "Cascaded Diffusion Models", https://arxiv.org/abs/2106.15282) divides the work in
the same way.

Convolutions run at a fraction of the matrix-product rate on a CPU. Here a place sees
its neighbours because groups of its channels come from them (Wu et al., 2018, "Shift: A
Zero FLOP, Zero Parameter Alternative to Spatial Convolutions",
https://arxiv.org/abs/1711.08141), and everything else is a matrix product.

Dimension key: B batch, Y X picture rows and columns, H W rows and columns of positions,
C channels, D digits of one position.
"""

import keras
import numpy as np
from keras import ops

from llmvis.blocks import gather, spread
from llmvis.compiling import compiled
from llmvis.errors import ConfigError
from llmvis.image_tokenizers.batching import in_batches
from llmvis.image_tokenizers.fsq import FiniteScalarQuantizer

_DIRECTIONS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
_COLORS = 3  # red, green and blue: the digits of a patch


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
class SketchTokenizer(keras.Model):
    """Codes of a picture and the picture of codes.

    The decoder is a small U-Net (Ronneberger et al., 2015,
    https://arxiv.org/abs/1505.04597): details of patches, and, in blocks of patches,
    what the whole is.

    Args:
        image_size: Pixels on a side, a multiple of `patch_size * block_size`.
        patch_size: Pixels on a side of a patch, whose mean colour is kept.
        block_size: Patches on a side that are one position of the codes.
        num_levels: Values of each colour of a patch, odd.
        hidden_dim: Channels of a patch in the decoder; a block has half as many again.
        num_layers: Blocks of layers at either scale: half of those of patches come
            before those of positions, half after.

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
        block_size,
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
        self.block_size, self.num_levels = block_size, num_levels
        self.hidden_dim, self.num_layers = hidden_dim, num_layers
        self.grid = (image_size // (patch_size * block_size),) * 2
        self.num_digits = _COLORS * block_size**2
        self.quantizer = FiniteScalarQuantizer(num_levels, name="quantizer")
        wide, early = 3 * hidden_dim // 2, num_layers // 2
        dense = keras.layers.Dense
        self._before = _stack(
            "before", hidden_dim, early, dense(hidden_dim, name="read")
        )
        self._whole = _stack("whole", wide, num_layers, dense(wide, name="gather"))
        self._spread = dense(block_size**2 * hidden_dim, name="spread")
        self._after = _stack("after", hidden_dim, num_layers - early)
        self._norm = keras.layers.RMSNormalization(name="norm")
        self._write = dense(
            _COLORS * patch_size**2, kernel_initializer="zeros", name="write"
        )

        self._encode_batch = compiled(self._digits)

    def build(self, input_shape):  # noqa: ARG002, the size is known
        patches = self.image_size // self.patch_size
        features = (None, patches, patches, self.hidden_dim)
        self._before.build((None, patches, patches, _COLORS))
        self._whole.build((None, *self.grid, self.block_size**2 * self.hidden_dim))
        self._spread.build((None, *self.grid, 3 * self.hidden_dim // 2))
        for part in (self._after, self._norm, self._write):
            part.build(features)
        self.built = True

    def call(self, inputs):
        return self.decode_features(self.quantizer(self._features(inputs["pixels"])))

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean squared error of a pixel, and of its differences to its neighbours."""
        error = y_pred - x["pixels"]
        down, right = error[:, 1:] - error[:, :-1], error[:, :, 1:] - error[:, :, :-1]
        # Edges carry what a thing is, and cover few pixels.
        edges = ops.mean(down**2) + ops.mean(right**2)
        return ops.mean(error**2) + 0.5 * edges

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Pictures `(B, Y, X, 3)` uint8 to uint8 codes `(B, H, W, D)`."""
        return in_batches(self._encode_batch, pixels).astype(np.uint8)

    def lengths(self, codes):
        """Positions of each picture: all of them."""
        return ops.full(ops.shape(codes)[:1], self.grid[0] * self.grid[1])

    def codebooks(self, codes: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """Every digit of codes `(B, H, W, D)`, and how many values it can take."""
        digits = np.moveaxis(codes, -1, 0).reshape(self.num_digits, -1)
        return [(digit, self.num_levels) for digit in digits]

    def _digits(self, pixels):
        features = self._features(ops.cast(pixels, "float32") / 255)
        return gather(self.quantizer.encode(self.quantizer(features)), self.block_size)

    def decode(self, codes):
        """Codes `(B, H, W, D)` to pictures `(B, Y, X, 3)`, clipped to [0, 1]."""
        sketch = self.quantizer.decode(spread(codes, self.block_size))
        return ops.clip(self.decode_features(sketch), 0.0, 1.0)

    def decode_features(self, sketch):
        """Sketches `(B, Y/p, X/p, 3)` in [-1, 1] to pictures, not clipped."""
        near_BHWC = self._before(sketch)
        whole_BHWC = self._whole(gather(near_BHWC, self.block_size))
        near_BHWC = near_BHWC + spread(self._spread(whole_BHWC), self.block_size)
        detail_BHWC = self._write(self._norm(self._after(near_BHWC)))
        flat_BHWC = ops.tile((sketch + 1) / 2, (1, 1, 1, self.patch_size**2))
        return spread(flat_BHWC + detail_BHWC, self.patch_size)

    def _features(self, images):
        return ops.average_pool(images, self.patch_size, self.patch_size) * 2 - 1

    def get_config(self):
        names = ("image_size", "patch_size", "block_size")
        sizes = ("num_levels", "hidden_dim", "num_layers")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in (*names, *sizes)},
        }


def _stack(name, hidden_dim, num_layers, *first):
    blocks = [ShiftBlock(hidden_dim, name=f"block_{i}") for i in range(num_layers)]
    return keras.Sequential([*first, *blocks], name=name)
