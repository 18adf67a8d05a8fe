"""An image tokenizer whose codes are a backdrop and the things cut out before it.

A grid of codes says the same shape in other codes wherever it stands and however large
it is, and a language model has to learn every one of them. Here a thing is three
positions: its palette, its form, seen in a frame of its own so that it is the same code
everywhere, and its place. The palette comes first because it has the fewest values: who
draws one position after another settles with it which of the things in a prompt is
next. Layers are an old idea (Wang and Adelson, 1994, "Representing Moving Images with
Layers"); to learn the things from pictures alone is that of MarioNette (Smirnov et al.,
2021, https://arxiv.org/abs/2104.14553), whose dictionary is here a code, so that what
is new can be said too.

Dimension key: B batch, N cutouts of a picture, Y X picture rows and columns, D digits
of a position, K backdrops, S silhouettes, F their features.
"""

import os

import keras
import numpy as np
from keras import ops

from llmvis.compiling import compiled
from llmvis.errors import ConfigError
from llmvis.image_tokenizers.backdrops import nearest_backdrops, thumbnails
from llmvis.image_tokenizers.batching import in_batches
from llmvis.image_tokenizers.cutout_autoencoder import (
    FORM_DIGITS,
    FORM_LEVELS,
    PALETTE_DIGITS,
    PALETTE_LEVELS,
    CutoutAutoencoder,
)
from llmvis.image_tokenizers.cutouts import (
    NUM_FEATURES,
    Box,
    alone,
    cut_out,
    largest,
    what_stands_out,
)
from llmvis.image_tokenizers.likeness import alike
from llmvis.image_tokenizers.palettes import nats_in_use
from llmvis.image_tokenizers.places import arrange, to_boxes, to_places
from llmvis.processes import map_chunks

_CHUNK = 200  # pictures that one process cuts out at a time


@keras.saving.register_keras_serializable("llmvis")
class LayerTokenizer(keras.Model):
    """Codes of a picture and the picture of codes.

    Args:
        image_size: Pixels on a side, a multiple of 16.
        num_cutouts: Things of a picture that have codes; the smallest go without.
        num_levels: Values of a digit, odd.
        hidden_dim: Channels between the codes and a cutout.
        num_backdrops: Backdrops it knows, at most `num_levels` squared.
        num_silhouettes: Silhouettes by which it cuts apart what touches.

    Input: `{"pixels": (B, Y, X, 3) float in [0, 1], "backdrop": (B,) int,
        "box": (B, 1, 4) int}`: a picture, the number of its backdrop, and the left,
        top, right and bottom of one thing.
    Output: The backdrop with that thing after encoding, `(B, Y, X, 3)`.

    Raises:
        ConfigError: There are too few levels.
    """

    # A place has its side, and two digits for each of its four numbers; a form has its
    # own, and which of the things before the next place is told from.
    num_digits = 9

    def __init__(
        self,
        image_size,
        *,
        num_cutouts,
        num_levels,
        hidden_dim,
        num_backdrops,
        num_silhouettes,
        **kwargs,
    ):
        super().__init__(**kwargs)
        few = num_levels < max(PALETTE_LEVELS, FORM_LEVELS)
        if few or num_backdrops > num_levels**2:
            raise ConfigError(
                f"Digits of {num_levels} levels are too few for forms of "
                f"{FORM_LEVELS} and palettes of {PALETTE_LEVELS}, or two of them for "
                f"{num_backdrops} backdrops. Set tokenize.num_levels to 15."
            )
        self.image_size, self.num_cutouts = image_size, num_cutouts
        self.num_levels, self.hidden_dim = num_levels, hidden_dim
        self.num_backdrops, self.num_silhouettes = num_backdrops, num_silhouettes
        self.grid = (1 + num_cutouts, 3)
        # Two digits reach across the picture to either side, in steps of `unit` pixels.
        most = num_levels**2 - 1
        unit = -(-2 * image_size // most)
        self._scale = {"unit": unit, "size": image_size, "most": most}
        self._cutouts = CutoutAutoencoder(image_size, hidden_dim, name="cutouts")
        self._encode_batch = compiled(self._encode_boxes)
        self._errors_batch = compiled(self._palette_errors)

    def build(self, input_shape):  # noqa: ARG002, the size is known
        size = self.image_size
        self.backdrops = self.add_weight(
            shape=(self.num_backdrops, size, size, 3),
            initializer="zeros",
            trainable=False,
            name="backdrops",
        )
        self.silhouettes = self.add_weight(
            shape=(self.num_silhouettes, NUM_FEATURES),
            initializer="zeros",
            trainable=False,
            name="silhouettes",
        )
        self._cutouts.build(None)
        self.built = True

    def call(self, inputs):
        backdrops = ops.take(self.backdrops, inputs["backdrop"], axis=0)
        return self._cutouts(inputs["pixels"], backdrops, inputs["box"])

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):  # noqa: ARG002
        """Mean squared error of a pixel of the thing, and of its differences.

        `x["counts"]`, shape `(B, Y, X, 1)`, is 1 where a pixel counts and else 0.
        """
        error = (y_pred - x["pixels"]) * x["counts"]
        down, right = error[:, 1:] - error[:, :-1], error[:, :, 1:] - error[:, :, :-1]
        # Edges carry what a thing is, and cover few pixels.
        edges = ops.sum(down**2) + ops.sum(right**2)
        return (ops.sum(error**2) + 0.5 * edges) / (3 * ops.sum(x["counts"]))

    def lay_out(self, pixels: np.ndarray) -> tuple[np.ndarray, list[list[Box]]]:
        """The backdrop of each picture `(B, Y, X, 3)` uint8, and its boxes."""
        backdrops = np.asarray(self.backdrops)
        numbers = nearest_backdrops(thumbnails(pixels), thumbnails(backdrops))
        boxes = map_chunks(
            cut_out,
            what_stands_out(pixels, backdrops, numbers),
            np.asarray(self.silhouettes),
            chunk_size=_CHUNK,
            num_processes=os.cpu_count() or 1,
        )
        return numbers, list(boxes)

    def settle_palettes(
        self, pixels: np.ndarray, numbers: np.ndarray, boxes: list[list[Box]]
    ) -> None:
        """Finds out which palettes are in use, once the networks are trained.

        Args:
            pixels: Pictures to find out from, shape `(B, Y, X, 3)`, uint8.
            numbers: The backdrop of each, shape `(B,)`.
            boxes: The boxes of the things in each, at least one in all.
        """
        padded = np.stack([largest(here, self.num_cutouts) for here in boxes])
        errors = self._of_each(self._errors_batch, pixels, numbers, padded)
        self._cutouts.palette_nats.assign(nats_in_use(errors[:, 0]))

    def encode(self, pixels: np.ndarray) -> np.ndarray:
        """Pictures `(B, Y, X, 3)` uint8 to uint8 codes `(B, 1 + N, 3, D)`."""
        numbers, found = self.lay_out(pixels)
        boxes = np.stack([largest(boxes, self.num_cutouts) for boxes in found])
        codes = np.zeros((len(pixels), *self.grid, self.num_digits), np.uint8)
        codes[:, 0, 0, :2] = np.stack(np.divmod(numbers, self.num_levels), axis=-1)
        there = boxes[..., 2] > boxes[..., 0]
        if there.any():
            form, palette = self._of_each(self._encode_batch, pixels, numbers, boxes)
            codes[:, 1:, 0, :PALETTE_DIGITS][there] = palette[:, 0]
            codes[:, 1:, 1, :FORM_DIGITS][there] = form[:, 0]
        codes[:, 1:, 0, 0][~there] = self.num_levels - 1
        return self._in_order(codes, boxes)

    def _in_order(self, codes, boxes):
        """Puts the things of codes in order, and says where they are."""
        there = np.asarray(self._is_there(codes))
        copies = np.asarray(self._copies(codes)) > 0
        order, between = arrange(boxes, there.sum(axis=1), copies)
        between = np.minimum(between, self.num_levels - 1)
        rows = np.arange(len(codes))[:, None]
        boxes, things = boxes[rows, order], codes[:, 1:][rows, order]
        copies = copies[rows[..., None], order[:, :, None], order[:, None]]
        places = to_places(boxes, between, copies, **self._scale) * there[..., None]
        digits = np.stack(np.divmod(places[..., 1:], self.num_levels), axis=-1)
        things[:, :, 1, FORM_DIGITS] = between
        things[:, :, 2, 0] = places[..., 0]
        things[:, :, 2, 1:] = digits.reshape(len(codes), self.num_cutouts, -1)
        return np.concatenate([codes[:, :1], things], axis=1)

    def _is_there(self, codes):
        """1 for each thing of codes, `(B, N)`; the first that is not there ends it."""
        there = ops.cast(codes[:, 1:, 0, 0] < self.num_levels - 1, "int32")
        return ops.cumprod(there, axis=1)

    def _copies(self, codes):
        """1 where two things of codes look alike, `(B, N, N)`."""
        things = codes[:, 1:]
        return alike(things[:, :, 0, :PALETTE_DIGITS], things[:, :, 1, :FORM_DIGITS])

    def decode(self, codes):
        """Codes `(B, 1 + N, 3, D)` to pictures `(B, Y, X, 3)`, clipped to [0, 1]."""
        codes = ops.cast(codes, "int32")
        numbers = codes[:, 0, 0, 0] * self.num_levels + codes[:, 0, 0, 1]
        known = ops.minimum(numbers, self.num_backdrops - 1)
        boxes = self.boxes(codes)
        backdrops = ops.take(self.backdrops, known, axis=0)
        form = codes[:, 1:, 1, :FORM_DIGITS]
        palette = codes[:, 1:, 0, :PALETTE_DIGITS]
        pictures = self._cutouts.decode(backdrops, boxes, form, palette)
        return ops.clip(pictures, 0.0, 1.0)

    def boxes(self, codes):
        """Boxes `(B, N, 4)` of codes `(B, 1 + N, 3, D)` int32, empty where none is."""
        digits = ops.reshape(codes[:, 1:, 2, 1:], (-1, self.num_cutouts, 4, 2))
        numbers = digits[..., 0] * self.num_levels + digits[..., 1]
        places = ops.concatenate([codes[:, 1:, 2, :1], numbers], axis=-1)
        between = codes[:, 1:, 1, FORM_DIGITS]
        there, copies = self._is_there(codes), self._copies(codes)
        return to_boxes(places, between, there, copies, **self._scale)

    def lengths(self, codes):
        """Positions of each picture, in raster order, after which nothing is said."""
        num_things, width = ops.sum(self._is_there(codes), axis=1), self.grid[1]
        return ops.minimum(width * (1 + num_things) + 1, width * self.grid[0])

    def codebooks(self, codes: np.ndarray) -> list[tuple[np.ndarray, int]]:
        """Every digit of the forms and palettes there are, and its number of values."""
        things = codes[:, 1:][np.asarray(self._is_there(codes)) > 0]
        palettes = things[:, 0, :PALETTE_DIGITS].T
        forms = things[:, 1, :FORM_DIGITS].T
        return [(digit, FORM_LEVELS) for digit in forms] + [
            (digit, PALETTE_LEVELS) for digit in palettes
        ]

    def _of_each(self, function, pixels, numbers, boxes):
        """What a compiled function gives for each thing there is, one after another."""
        row, thing = np.nonzero(boxes[..., 2] > boxes[..., 0])
        counts = alone(boxes, self.image_size)[row, thing][:, None]
        box = boxes[row, thing][:, None]
        return in_batches(function, pixels[row], numbers[row], box, counts)

    def _encode_boxes(self, pixels, numbers, boxes, counts):
        images, backdrops = self._pictures(pixels, numbers)
        return self._cutouts.encode(images, backdrops, boxes, counts)

    def _palette_errors(self, pixels, numbers, boxes, counts):
        images, backdrops = self._pictures(pixels, numbers)
        return self._cutouts.palette_errors(images, backdrops, boxes, counts)

    def _pictures(self, pixels, numbers):
        """Pictures and their backdrops, `(B, Y, X, 3)` in [0, 1], both."""
        backdrops = ops.take(self.backdrops, numbers, axis=0)
        return ops.cast(pixels, "float32") / 255, backdrops

    def get_config(self):
        sizes = ("image_size", "num_cutouts", "num_levels", "hidden_dim")
        names = (*sizes, "num_backdrops", "num_silhouettes")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own}
