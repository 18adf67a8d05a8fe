"""The picture inside a box, brought to one size, and what is in it.

Dimension key: B batch, H rows, W columns, P boxes of a picture, S side of a crop, K
classes, C channels.
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
        self._conv = keras.layers.Conv2D(
            32, 4, strides=2, activation="relu", kernel_initializer="he_normal"
        )
        self._conv2 = keras.layers.Conv2D(
            64, 3, strides=2, activation="relu", kernel_initializer="he_normal"
        )
        self._dense = keras.layers.Dense(
            256, activation="relu", kernel_initializer="he_normal"
        )
        self._heads = {
            name: keras.layers.Dense(size) for name, size in self.num_classes.items()
        }
        # Starts from the box as it is.
        self._shift = keras.layers.Dense(4, kernel_initializer="zeros")

    def build(self, _input_shape):
        self._conv.build((None, SIDE, SIDE, 3))
        self._conv2.build((None, 11, 11, 32))
        self._dense.build((None, 5 * 5 * 64 + 2))
        for layer in (*self._heads.values(), self._shift):
            layer.build((None, 256))

    def call(self, crops, boxes):
        num_boxes = crops.shape[1]
        x = ops.reshape(crops, (-1, SIDE, SIDE, 3))
        x = self._conv2(self._conv(x))
        flat_NC = ops.reshape(x, (-1, 5 * 5 * 64))
        # A crop has one size whatever the box, so the box's own goes beside it.
        sides_NC = ops.reshape(boxes[..., 2:] - boxes[..., :2], (-1, 2)) * 4
        features_NC = self._dense(ops.concatenate([flat_NC, sides_NC], -1))
        features_BPC = ops.reshape(features_NC, (-1, num_boxes, 256))
        span_BP2 = boxes[..., 2:] - boxes[..., :2]
        span_BP4 = ops.concatenate([span_BP2, span_BP2], -1)
        return {
            **{name: head(features_BPC) for name, head in self._heads.items()},
            "box": boxes + self._shift(features_BPC) * span_BP4,
            "features": features_BPC,
        }

    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}
