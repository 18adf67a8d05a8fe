"""Larger and smaller pictures, by interpolation."""

import numpy as np
from PIL import Image


def enlarge(images: np.ndarray, factor: int) -> np.ndarray:
    """Enlarges pictures with the Lanczos kernel of three lobes.

    Duchon, 1979, "Lanczos Filtering in One and Two Dimensions", Journal of Applied
    Meteorology 18(8).

    Args:
        images: Shape `(B, Y, X, 3)`, uint8.
        factor: Times as many pixels on a side, at least 1.

    Returns:
        Shape `(B, factor * Y, factor * X, 3)`, uint8.
    """
    size = (images.shape[2] * factor, images.shape[1] * factor)
    kernel = Image.Resampling.LANCZOS
    large = [Image.fromarray(image).resize(size, kernel) for image in images]
    return np.stack([np.asarray(image) for image in large])


def reduce(images: np.ndarray, factor: int) -> np.ndarray:
    """Makes one pixel of each square of pixels: their mean.

    Args:
        images: Shape `(B, factor * Y, factor * X, 3)`, uint8.
        factor: Pixels on a side of a square, at least 1.

    Returns:
        Shape `(B, Y, X, 3)`, uint8.
    """
    if factor == 1:
        return images
    batch, height, width, channels = images.shape
    squares = (batch, height // factor, factor, width // factor, factor, channels)
    return np.round(images.reshape(squares).mean(axis=(2, 4))).astype(np.uint8)
