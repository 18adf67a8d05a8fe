"""What is in a box to its form and its palette, and back.

The decoder paints a form by number: it says which part of the palette each cell takes.
What was never seen in a colour comes out in that colour, because form and palette have
no other way to meet.

Dimension key: B batch, N cutouts of a picture, Y X picture rows and columns, R rows and
columns of cells of a cutout, E cells on a side of what the encoder sees, T tones of a
palette, D digits, P palettes.
"""

import keras
from keras import ops

from llmvis.image_tokenizers.dense_layers import dense_layers
from llmvis.image_tokenizers.frames import read, write
from llmvis.image_tokenizers.fsq import FiniteScalarQuantizer
from llmvis.image_tokenizers.palettes import (
    all_digits,
    cheapest,
    squared_errors,
)

# Few values: what looks alike should have one code, or a language model has to learn
# all of them.
PALETTE_DIGITS, PALETTE_LEVELS = 4, 7
FORM_DIGITS, FORM_LEVELS = 8, 5

_TONES = 4  # of a palette: as many as a drawn thing has, with its outline
_SEEN = 16  # cells on a side of what the encoder sees


@keras.saving.register_keras_serializable("llmvis")
class CutoutAutoencoder(keras.layers.Layer):
    """Encodes and paints the things of pictures, each in the frame of its box.

    Args:
        image_size: Pixels on a side of a picture.
        hidden_dim: Channels between the digits and a cutout.

    Input: Pictures and their backdrops `(B, Y, X, 3)` in [0, 1], and boxes `(B, N, 4)`:
        left, top, right and bottom in pixels, int.
    Output: The backdrops with those things after encoding, `(B, Y, X, 3)`.
    """

    def __init__(self, image_size, hidden_dim, **kwargs):
        super().__init__(**kwargs)
        self.image_size, self.hidden_dim = image_size, hidden_dim
        self._cells = image_size // 2
        self._form_quantizer = FiniteScalarQuantizer(FORM_LEVELS)
        self._palette_quantizer = FiniteScalarQuantizer(PALETTE_LEVELS)
        self._palettes = all_digits(PALETTE_DIGITS, PALETTE_LEVELS)
        self._see_form = dense_layers("see_form", 3 * hidden_dim // 2, FORM_DIGITS)
        self._see_palette = dense_layers("see_palette", hidden_dim, PALETTE_DIGITS)
        self._form = dense_layers(
            "form", hidden_dim, 2 * hidden_dim, self._cells**2 * (_TONES + 5)
        )
        self._palette = dense_layers("palette", hidden_dim // 2, 3 * _TONES)

    def build(self, _input_shape):
        # As if all were used alike, until it is known which are.
        self.palette_nats = self.add_weight(
            shape=(len(self._palettes),),
            initializer="zeros",
            trainable=False,
            name="palette_nats",
        )
        seen = _SEEN**2 * 6 + 2
        self._see_form.build((None, None, seen))
        self._see_palette.build((None, None, seen))
        self._form.build((None, None, FORM_DIGITS + 2))
        self._palette.build((None, None, PALETTE_DIGITS))
        self.built = True

    def call(self, images, backdrops, boxes):
        features = self._features(images, backdrops, boxes)
        form = self._form_quantizer.squash(self._see_form(features))
        # Trained by what an encoder sees; `encode` finds a better one by trying.
        palette = self._palette_quantizer.squash(self._see_palette(features))
        return self._paint(backdrops, boxes, form, palette)

    def encode(self, images, backdrops, boxes, counts):
        """The digits of forms and of palettes, both `(B, N, D)` int32.

        Args:
            images: Shape `(B, Y, X, 3)`.
            backdrops: Shape `(B, Y, X, 3)`.
            boxes: Shape `(B, N, 4)`.
            counts: Pixels that tell of the thing in a box, `(B, N, Y, X)`, bool.
        """
        form = self._see(images, backdrops, boxes)
        errors = self._errors(images, backdrops, boxes, counts, form)
        palette = ops.take(self._palettes, cheapest(errors, self.palette_nats), axis=0)
        return self._form_quantizer.encode(form), palette

    def palette_errors(self, images, backdrops, boxes, counts):
        """Squared error of a pixel under every palette, `(B, N, P)`; see `encode`."""
        form = self._see(images, backdrops, boxes)
        return self._errors(images, backdrops, boxes, counts, form)

    def decode(self, backdrops, boxes, form, palette):
        """Paints the digits of forms and palettes, both `(B, N, D)` int32."""
        form = self._form_quantizer.decode(form)
        palette = self._palette_quantizer.decode(palette)
        return self._paint(backdrops, boxes, form, palette)

    def _see(self, images, backdrops, boxes):
        features = self._features(images, backdrops, boxes)
        return self._form_quantizer.squash(self._see_form(features))

    def _features(self, images, backdrops, boxes):
        """What the encoder sees of the things in boxes, `(B, N, 6 E E + 2)`."""
        both = ops.concatenate([images, ops.abs(images - backdrops)], axis=-1)
        seen = read(both, boxes, _SEEN)
        flat = ops.reshape(seen, (-1, boxes.shape[1], _SEEN**2 * 6))
        return ops.concatenate([flat, self._proportions(boxes)], axis=-1)

    def _errors(self, images, backdrops, boxes, counts, form):
        planes = write(self._planes(form, boxes), boxes, self.image_size)
        own, shares, opacity = ops.split(planes, [3, 3 + _TONES], axis=-1)
        rest = images[:, None] - backdrops[:, None] * (1 - opacity) - own
        tones = self._tones(self._palette_quantizer.decode(self._palettes)[None])[0]
        return squared_errors(rest, shares, counts, tones)

    def _paint(self, backdrops, boxes, form, palette):
        """Pictures of backdrops with things, the later of which are in front."""
        planes = self._planes(form, boxes)
        own, shares, opacity = ops.split(planes, [3, 3 + _TONES], axis=-1)
        colors = own + ops.einsum("bnrst,bntc->bnrsc", shares, self._tones(palette))
        cutouts = ops.concatenate([colors, opacity], axis=-1)
        layers = write(cutouts, boxes, self.image_size)
        pictures = backdrops
        for n in range(boxes.shape[1]):
            pictures = pictures * (1 - layers[:, n, ..., 3:]) + layers[:, n, ..., :3]
        return pictures

    def _planes(self, form, boxes):
        """Of each cell its own colour, the shares of the tones, and its opacity.

        Shape `(B, N, R, R, 3 + T + 1)`; the first two are what is seen of them, so
        times the opacity. The own colour is the form's, whatever the palette.
        """
        form = self._form(ops.concatenate([form, self._proportions(boxes)], axis=-1))
        cells = (-1, boxes.shape[1], self._cells, self._cells, _TONES + 5)
        shares, own, opacity = ops.split(
            ops.reshape(form, cells), [_TONES + 1, _TONES + 4], axis=-1
        )
        shares, opacity = ops.softmax(shares), ops.sigmoid(opacity)
        own = (0.5 + shares[..., _TONES:] * own) * opacity
        return ops.concatenate([own, shares[..., :_TONES] * opacity, opacity], axis=-1)

    def _tones(self, palette):
        """Colours of palettes `(B, N, D)` in [-1, 1]: `(B, N, T, 3)`."""
        return ops.reshape(self._palette(palette), (-1, palette.shape[1], _TONES, 3))

    def _proportions(self, boxes):
        sides = ops.cast(boxes[..., 2:] - boxes[..., :2], "float32")
        return 2 * sides / self.image_size - 0.7

    def get_config(self):
        own = {name: getattr(self, name) for name in ("image_size", "hidden_dim")}
        return {**super().get_config(), **own}
