"""The network that reads a picture: first where things are, then what they are.

Where: each cell of a coarse grid tells whether it holds the centre of a thing and how
far the thing's box reaches, as in Zhou et al., 2019, "Objects as Points",
https://arxiv.org/abs/1904.07850. What: the picture inside each box, brought to one
size, is classified, and its box put right, as in Girshick, 2015, "Fast R-CNN",
https://arxiv.org/abs/1504.08083. Seen at one size and place, a shape is learnt from
far fewer pictures than by convolutions over the whole picture.

Dimension key: B batch, H cell rows, W cell columns, C channels, K classes, M copies of
things in the truth (padded), P peaks of the centre map.
"""

import keras
from keras import ops

from llmvis.judges.crops import CropReader, crop
from llmvis.judges.image_trunk import ImageTrunk

MAX_PEAKS = 12  # a drawn scene holds at most 5 copies; the rest is room for mistakes
CLASSIFIED = ("kind", "color", "size")

_SPREAD = 0.8  # cells from a centre over which its neighbours count as nearly right
_NO_PEAK = -30.0  # centre logit of a cell with a likelier neighbour


@keras.saving.register_keras_serializable("llmvis.judges")
class SceneNetwork(keras.Model):
    """Pictures to maps of centres and boxes, and pictures in boxes to what they are.

    Args:
        hidden_dim: Channels of the trunk.
        num_classes: How many values `kind`, `color`, `size` and `background` have.

    Input: Pictures, shape `(B, Y, X, 3)`, in [0, 255].
    Output: A dictionary: `center` logits `(B, H, W)`; `box` `(B, H, W, 4)`, left,
        top, right, bottom in [0, 1]; `background` logits `(B, K)`; `pooled` features
        `(B, C)`.
    """

    def __init__(self, *, hidden_dim, num_classes, **kwargs):
        super().__init__(**kwargs)
        self.hidden_dim, self.num_classes = hidden_dim, dict(num_classes)
        self._trunk = ImageTrunk(hidden_dim=hidden_dim)
        # -2 is a 12 % guess: nearly all cells hold no centre.
        self._center = keras.layers.Dense(
            1, bias_initializer=keras.initializers.Constant(-2)
        )
        self._box = keras.layers.Dense(4)
        self._background = keras.layers.Dense(num_classes["background"])
        self._reader = CropReader(
            num_classes={name: num_classes[name] for name in CLASSIFIED}
        )

    def build(self, input_shape):
        self._trunk.build(input_shape)
        cells = self._trunk.compute_output_shape(input_shape)
        self._center.build(cells)
        self._box.build(cells)
        self._background.build((cells[0], cells[-1]))
        self._reader.build(None)
        self.built = True

    def call(self, images, training=False):
        features_BHWC = self._trunk(images, training=training)
        pooled_BC = ops.mean(features_BHWC, (1, 2))
        return {
            "center": self._center(features_BHWC)[..., 0],
            "box": _boxes(self._box(features_BHWC)),
            "background": self._background(pooled_BC),
            "pooled": pooled_BC,
        }

    def read(self, images):
        """Reads what is at the likeliest centres.

        Args:
            images: Shape `(B, Y, X, 3)`, in [0, 255].

        Returns:
            A dictionary: `center` `(B, P)`, likeliest first; logits `kind`, `color` and
            `size` `(B, P, K)`; `box` `(B, P, 4)`; `background` `(B, K)`; `features`
            `(B, F)`, the pooled features of the picture and of its things.
        """
        maps = self(images)
        logits_BP, box_BP4 = _peaks(maps["center"], maps["box"])
        found = self._reader(crop(images, box_BP4), box_BP4)
        chance_BP = ops.sigmoid(logits_BP)
        things_BC = ops.sum(found.pop("features") * chance_BP[..., None], axis=1)
        features_BF = ops.concatenate([maps["pooled"], things_BC], axis=-1)
        return {
            **found,
            "box": _proper(found["box"]),
            "center": logits_BP,
            "background": maps["background"],
            "features": features_BF,
        }

    def compute_loss(self, x=None, y=None, y_pred=None, *_, **__):
        where = self._where_loss(y, y_pred)
        what = self._what_loss(x, y, y_pred)
        background = _cross_entropy(y_pred["background"], y["background"])
        return where + what + ops.mean(background * y["true_colors"])

    def _where_loss(self, truth, maps):
        """Centres and coarse boxes, in nats and cells for each copy of a thing."""
        heat_BHW, owner_BHW = _center_map(truth, *maps["center"].shape[1:])
        target_BHW4 = _at_owner(truth["box"], owner_BHW)
        # In cells, so that half a pixel weighs about as much as an unsure class.
        distance_BHW4 = ops.abs(maps["box"] - target_BHW4) * maps["center"].shape[1]
        losses_BHW = _focal(maps["center"], heat_BHW) + heat_BHW * ops.mean(
            distance_BHW4, -1
        )
        return ops.sum(losses_BHW) / _num_copies(truth)

    def _what_loss(self, images, truth, maps):
        """Classes and corrected boxes, seen through boxes that are somewhat wrong.

        Half of them are as wrong as this network's own; those of a flat thing on
        another reach into that one, and no blind noise would be like it.
        """
        own = _proper(ops.stop_gradient(_at_centers(maps["box"], truth["box"])))
        seen = ops.where(truth["is_blind"] > 0, truth["rough_box"], own)
        found = self._reader(crop(images, seen), seen)
        # In 64ths of the picture: whether two things touch hangs on two of them.
        losses_BM = ops.mean(ops.abs(found["box"] - truth["box"]), -1) * 64
        for name in CLASSIFIED:
            losses = _cross_entropy(found[name], truth[name])
            known = truth["true_colors"][:, None] if name == "color" else 1.0
            losses_BM += losses * known
        return ops.sum(losses_BM * truth["present"]) / _num_copies(truth)

    def get_config(self):
        return {
            **super().get_config(),
            "hidden_dim": self.hidden_dim,
            "num_classes": self.num_classes,
        }


def _num_copies(truth):
    return ops.maximum(ops.sum(truth["present"]), 1.0)


def _boxes(raw):
    """Distances from each cell's middle to boxes: `(B, H, W, 4)`, in [0, 1]."""
    height, width = raw.shape[1:3]
    x_HW, y_HW = ops.meshgrid(
        (ops.arange(width, dtype="float32") + 0.5) / width,
        (ops.arange(height, dtype="float32") + 0.5) / height,
    )
    middle_HW4 = ops.stack([x_HW, y_HW, x_HW, y_HW], axis=-1)
    # Before training each box reaches 0.69 * 0.2 of the picture, half of a usual side.
    outwards_BHW4 = ops.softplus(raw) * 0.2
    return middle_HW4 + outwards_BHW4 * ops.array([-1.0, -1.0, 1.0, 1.0])


def _proper(boxes):
    """Keeps boxes in the picture, and at least a 64th of it wide and high."""
    start, end = ops.clip(boxes[..., :2], 0, 63 / 64), ops.clip(boxes[..., 2:], 0, 1)
    return ops.concatenate([start, ops.maximum(end, start + 1 / 64)], axis=-1)


def _peaks(center, box):
    """Picks the cells likelier than their eight neighbours: `(B, P)`, `(B, P, 4)`."""
    highest_BHW = ops.max_pool(center[..., None], 3, strides=1, padding="same")[..., 0]
    peaks_BHW = ops.where(center >= highest_BHW, center, _NO_PEAK)
    cells = center.shape[1] * center.shape[2]
    logits_BP, where_BP = ops.top_k(
        ops.reshape(peaks_BHW, (-1, cells)), min(MAX_PEAKS, cells)
    )
    box_BP4 = ops.take_along_axis(
        ops.reshape(box, (-1, cells, 4)), where_BP[..., None], axis=1
    )
    return logits_BP, box_BP4


def _center_map(truth, height, width):
    """Tells how near each cell is to a centre, and to which.

    Returns:
        `heat` `(B, H, W)`, 1 at the cell of a centre and falling off around it; and
        `owner` `(B, H, W)`, the position in the truth of the nearest copy.
    """
    column_BM, row_BM = _center_cells(truth["box"], height, width)
    columns_W1 = ops.arange(width, dtype="float32")[:, None]
    rows_H11 = ops.arange(height, dtype="float32")[:, None, None]
    squared_BHWM = (columns_W1 - column_BM[:, None, None]) ** 2 + (
        rows_H11 - row_BM[:, None, None]
    ) ** 2
    squared_BHWM += (1 - truth["present"][:, None, None]) * 1e6
    heat_BHW = ops.exp(-ops.min(squared_BHWM, -1) / (2 * _SPREAD**2))
    return heat_BHW, ops.argmin(squared_BHWM, -1)


def _at_centers(values, boxes):
    """Looks up `(B, H, W, 4)` values at the centres of boxes `(B, M, 4)`."""
    height, width = values.shape[1:3]
    column_BM, row_BM = _center_cells(boxes, height, width)
    index_BM1 = ops.cast(row_BM * width + column_BM, "int32")[..., None]
    flat = ops.reshape(values, (-1, height * width, 4))
    return ops.take_along_axis(flat, index_BM1, axis=1)


def _center_cells(boxes, height, width):
    """The column and the row of the centre of boxes `(B, M, 4)`, each `(B, M)`."""
    middle_BM2 = (boxes[..., :2] + boxes[..., 2:]) / 2
    cell_BM2 = ops.floor(middle_BM2 * ops.array([width, height], "float32"))
    return cell_BM2[..., 0], cell_BM2[..., 1]


def _at_owner(boxes, owner):
    """Looks up `(B, M, 4)` boxes for each cell of `owner` `(B, H, W)`."""
    height, width = owner.shape[1:]
    index = ops.reshape(owner, (-1, height * width, 1))
    return ops.reshape(
        ops.take_along_axis(boxes, index, axis=1), (-1, height, width, 4)
    )


def _cross_entropy(logits, classes):
    return keras.losses.sparse_categorical_crossentropy(
        classes, logits, from_logits=True
    )


def _focal(logits, heat):
    """The penalty-reduced focal loss of CenterNet, for each cell, in nats."""
    chance = ops.sigmoid(logits)
    hit = -((1 - chance) ** 2) * ops.log_sigmoid(logits)
    miss = -((1 - heat) ** 4) * chance**2 * ops.log_sigmoid(-logits)
    return ops.where(heat > 0.999, hit, miss)
