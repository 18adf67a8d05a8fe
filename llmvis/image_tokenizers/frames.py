"""Moves pictures between pixels and the cells of a frame around one thing.

Both ways are products with one matrix for rows and one for columns, so that they are
fast and have gradients. A spatial transformer (Jaderberg et al., 2015,
https://arxiv.org/abs/1506.02025) that only shifts and scales.

Dimension key: B batch, N frames of a picture, Y X picture rows and columns, R S rows
and columns of cells, C channels.
"""

import numpy as np
from keras import ops


def read(pictures, boxes, cells):
    """What is in boxes, brought to one size.

    Args:
        pictures: Shape `(B, Y, X, C)`, square.
        boxes: Left, top, right and bottom in pixels, `(B, N, 4)`.
        cells: On a side of a frame.

    Returns:
        Shape `(B, N, cells, cells, C)`, 0 where a box is empty.
    """
    rows, columns = (
        _reading_weights(
            boxes[..., side], boxes[..., side + 2], cells, pictures.shape[1]
        )
        for side in (1, 0)
    )
    return ops.einsum("bnry,byxc,bnsx->bnrsc", rows, pictures, columns)


def write(frames, boxes, size):
    """Undoes `read`: frames `(B, N, R, R, C)` to pixels `(B, N, size, size, C)`.

    Pixels outside of a box are 0.
    """
    rows, columns = (
        _writing_weights(boxes[..., side], boxes[..., side + 2], frames.shape[2], size)
        for side in (1, 0)
    )
    return ops.einsum("bnyr,bnrsc,bnxs->bnyxc", rows, frames, columns)


def _reading_weights(start, stop, cells, size):
    """Weights `(B, N, cells, size)` that make cells of pixels from start to stop."""
    start, length, there = _line(start, stop)
    step = length / cells
    centers = start + (np.arange(cells)[:, None] + 0.5) * step - 0.5
    pixels = np.arange(size, dtype="float32")
    weights = 1 - ops.abs(pixels - centers) / ops.maximum(step, 1.0)
    weights = ops.maximum(weights, 0.0) * _inside(pixels, start, length)
    return _normalized(weights) * there


def _writing_weights(start, stop, cells, size):
    """Weights `(B, N, size, cells)` that make pixels from start to stop of cells."""
    start, length, there = _line(start, stop)
    step = length / cells
    pixels = np.arange(size, dtype="float32")[:, None]
    centers = (pixels + 0.5 - start) / step - 0.5
    distances = ops.abs(np.arange(cells, dtype="float32") - centers)
    weights = ops.maximum(1 - distances / ops.maximum(1 / step, 1.0), 0.0)
    return _normalized(weights) * _inside(pixels, start, length) * there


def _line(start, stop):
    start, stop = (ops.cast(end, "float32")[..., None, None] for end in (start, stop))
    there = ops.cast(stop > start, "float32")
    return start, ops.maximum(stop - start, 1e-3), there


def _inside(pixels, start, length):
    return ops.cast((pixels >= start) & (pixels < start + length), "float32")


def _normalized(weights):
    return weights / ops.maximum(ops.sum(weights, axis=-1, keepdims=True), 1e-6)
