"""Peak signal-to-noise ratio between images and their reconstructions."""

import numpy as np

from llmvis.errors import ShapeError


def psnr(images: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Measures how well an image tokenizer keeps pixels. Higher is better.

    Args:
        images: Shape `(B, H, W, 3)`, float, in [0, 1].
        reconstructions: Same shape and range.

    Returns:
        Decibels for each image, shape `(B,)`; infinity where the two are equal.

    Raises:
        ShapeError: The two shapes differ.
    """
    if images.shape != reconstructions.shape:
        raise ShapeError(
            f"images have shape {images.shape} and reconstructions "
            f"{reconstructions.shape}. Decode at the resolution of the input."
        )
    mse_B = np.mean((images - reconstructions) ** 2, axis=(1, 2, 3))
    with np.errstate(divide="ignore"):  # equal images give infinity, as documented
        return -10 * np.log10(mse_B)
