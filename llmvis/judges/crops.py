"""The picture inside a box, brought to one size, and what is in it.

Dimension key: B batch, H rows, W columns, P boxes of a picture, N all boxes of a batch,
S side of a crop, K classes, C channels.
"""

import keras
from keras import ops

VIEW = 64  # pixels on a side that a network looks at
SIDE = 24  # pixels of a crop, so that small things are not shrunk
_MARGIN = 0.15  # of the box that a crop shows on each side of it


def view(images):
    """Brings pictures to the size that networks look at, whatever theirs is.

    Args:
        images: Shape `(B, H, W, 3)`, in [0, 255].

    Returns:
        Shape `(B, VIEW, VIEW, 3)`, in [-1, 1].
    """
    pixels_BHW3 = ops.cast(images, "float32") / 127.5 - 1
    height, width = pixels_BHW3.shape[1:3]
    if (height, width) == (VIEW, VIEW):
        return pixels_BHW3
    whole_11 = ops.ones((1, 1))
    rows_SH = _filter(0 * whole_11, whole_11, height, side=VIEW, margin=0.0)[0, 0]
    columns_SW = _filter(0 * whole_11, whole_11, width, side=VIEW, margin=0.0)[0, 0]
    tall_BSW3 = ops.einsum("sh,bhwc->bswc", rows_SH, pixels_BHW3)
    return ops.einsum("tw,bswc->bstc", columns_SW, tall_BSW3)


def crop(images, boxes):
    """Cuts out boxes and resamples them with a triangle filter.

    Args:
        images: Shape `(B, H, W, 3)`, in [0, 255].
        boxes: Shape `(B, P, 4)`, left, top, right, bottom in [0, 1].

    Returns:
        Shape `(B, P, S, S, 3)`, in [-1, 1]; beyond the picture its edge goes on.
    """
    pixels_BHW3 = ops.cast(images, "float32") / 127.5 - 1
    height, width = pixels_BHW3.shape[1:3]
    sampled = {"side": SIDE, "margin": _MARGIN}
    rows_BPSH = _filter(boxes[..., 1], boxes[..., 3], height, **sampled)
    columns_BPSW = _filter(boxes[..., 0], boxes[..., 2], width, **sampled)
    # Two products with small matrices: compiled, far faster than gathering pixels.
    tall_BPSW3 = ops.einsum("bpsh,bhwc->bpswc", rows_BPSH, pixels_BHW3)
    return ops.einsum("bptw,bpswc->bpstc", columns_BPSW, tall_BPSW3)


def _filter(starts, ends, length, *, side, margin):
    """How much each pixel weighs in each place of a crop: `(B, P, S, H)`."""
    spans_BP = ops.maximum(ends - starts, 1 / length)
    places_S = (ops.arange(side, dtype="float32") + 0.5) / side
    places_S = places_S * (1 + 2 * margin) - margin
    at_BPS = (starts[..., None] + spans_BP[..., None] * places_S) * length
    at_BPS = ops.clip(at_BPS, 0.5, length - 0.5)
    reach_BP11 = ops.maximum(spans_BP * length / side, 1.0)[..., None, None]
    pixels_H = ops.arange(length, dtype="float32") + 0.5
    weights_BPSH = ops.relu(1 - ops.abs(at_BPS[..., None] - pixels_H) / reach_BP11)
    return weights_BPSH / ops.sum(weights_BPSH, -1, keepdims=True)


@keras.saving.register_keras_serializable("llmvis.judges")
class CropReader(keras.layers.Layer):
    """Tells what a crop shows and where exactly its thing ends.

    Args:
        num_classes: How many values each of the classified names has.

    Input: Crops, shape `(B, P, S, S, 3)`, in [-1, 1], and their boxes `(B, P, 4)`.
    Output: A dictionary: for each name its logits `(B, P, K)`; `box` `(B, P, 4)`, the
        corrected boxes; `features` `(B, P, C)`, at least 0.
    """

    def __init__(self, *, num_classes, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = dict(num_classes)
        self._near = _conv(32, kernel_size=4)
        self._far = _conv(64, kernel_size=3)
        self._shape = _dense(256)
        self._paint = _dense(64)
        self._heads = {
            name: keras.layers.Dense(size) for name, size in self.num_classes.items()
        }
        # Starts from the box as it is.
        self._shift = keras.layers.Dense(4, kernel_initializer="zeros")

    def build(self, _input_shape):
        self._near.build((None, SIDE, SIDE, 3))
        self._far.build((None, 11, 11, 32))
        self._shape.build((None, 5 * 5 * 64 + 2))
        self._paint.build((None, 2 * 32))
        self._shift.build((None, 256))
        for name, head in self._heads.items():
            head.build((None, 64 if name == "color" else 256))

    def call(self, crops, boxes):
        sides_BP2 = boxes[..., 2:] - boxes[..., :2]
        near = self._near(ops.reshape(crops, (-1, SIDE, SIDE, 3)))
        # A crop has one size whatever the box, so the box's own goes beside it.
        flat_NC = ops.concatenate(
            [
                ops.reshape(self._far(near), (-1, 5 * 5 * 64)),
                ops.reshape(sides_BP2 * 4, (-1, 2)),
            ],
            axis=-1,
        )
        shape_NC = self._shape(flat_NC)
        # Colours are told from what is where in the middle without its order, or a kind
        # would be given the colours that it has in training.
        middle = near[:, 2:-2, 2:-2]
        paint_NC = self._paint(
            ops.concatenate([ops.mean(middle, (1, 2)), ops.max(middle, (1, 2))], -1)
        )
        found_N = {
            name: head(paint_NC if name == "color" else shape_NC)
            for name, head in self._heads.items()
        }
        found_N |= {"shift": self._shift(shape_NC), "features": shape_NC}
        found = {
            name: ops.reshape(values, (-1, crops.shape[1], values.shape[-1]))
            for name, values in found_N.items()
        }
        shift_BP4 = found.pop("shift") * ops.concatenate([sides_BP2, sides_BP2], -1)
        return {**found, "box": boxes + shift_BP4}

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


def _conv(num_filters, kernel_size):
    return keras.layers.Conv2D(
        num_filters,
        kernel_size,
        strides=2,
        activation="relu",
        kernel_initializer="he_normal",
    )


def _dense(units):
    return keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal")
