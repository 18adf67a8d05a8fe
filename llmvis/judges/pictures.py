"""Pictures as they come to a judge: checked, and in blocks of one size.

Dimension key: B pictures, H rows, W columns.
"""

from collections.abc import Iterator

import numpy as np

from llmvis.errors import DataError, ShapeError

_BLOCK = 128  # pictures read at once


def check(images: np.ndarray) -> np.ndarray:
    """Gives pictures in [0, 255], as the networks take them.

    Args:
        images: Shape `(B, H, W, 3)`, uint8, or float in [0, 1].

    Raises:
        ShapeError: Another shape.
        DataError: There is no picture, a pixel is not a number, or one is out of range.
    """
    if images.ndim != 4 or images.shape[-1] != 3:
        raise ShapeError(
            f"The pictures have shape {images.shape}. A judge reads (B, H, W, 3)."
        )
    if len(images) == 0:
        raise DataError("There are no pictures to judge. Give at least one.")
    if images.dtype == np.uint8:
        return images
    if not np.isfinite(images).all():
        broken = int(np.sum(~np.isfinite(images).all(axis=(1, 2, 3))))
        raise DataError(
            f"{broken} of {len(images)} pictures have pixels that are not numbers, so "
            "they cannot be judged. Look at the model that made them."
        )
    if images.min() < 0 or images.max() > 1:
        raise DataError(
            f"Pixels reach from {images.min():g} to {images.max():g}. Give floats in "
            "[0, 1], or uint8."
        )
    return (images * 255).astype(np.float32)


def is_flat(images: np.ndarray) -> np.ndarray:
    """Tells of each picture whether it has one colour throughout, shape `(B,)`."""
    pixels = images.reshape(len(images), -1, 3)
    spread_B3 = pixels.max(axis=1) - pixels.min(axis=1)
    smallest = 2 if images.dtype == np.uint8 else 2 / 255
    return spread_B3.max(axis=1) <= smallest


def blocks(images: np.ndarray) -> Iterator[np.ndarray]:
    """Cuts pictures into float32 blocks of one size; repeats fill up the last."""
    size = min(_BLOCK, 1 << (len(images) - 1).bit_length())
    for start in range(0, len(images), size):
        rows = np.arange(start, start + size).clip(max=len(images) - 1)
        yield images[rows].astype(np.float32)
