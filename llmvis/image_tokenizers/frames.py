"""Moves pictures between pixels and the cells of a frame around one thing.

Both ways are products with one matrix for rows and one for columns, so that they are
fast and have gradients. A spatial transformer (Jaderberg et al., 2015,
https://arxiv.org/abs/1506.02025) that only shifts and scales.

Dimension key: B batch, N frames of a picture.
"""

import numpy as np
from keras import ops


def reading_weights(start, stop, cells, size):
    """Weights `(B, N, cells, size)` that make cells of pixels from start to stop."""
    start, length, there = _line(start, stop)
    step = length / cells
    centers = start + (np.arange(cells)[:, None] + 0.5) * step - 0.5
    pixels = np.arange(size, dtype="float32")
    weights = 1 - ops.abs(pixels - centers) / ops.maximum(step, 1.0)
    weights = ops.maximum(weights, 0.0) * _inside(pixels, start, length)
    return _normalized(weights) * there


def writing_weights(start, stop, cells, size):
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
