"""More contrast at edges."""

import numpy as np
from scipy.ndimage import gaussian_filter

_RADIUS = 1.0  # pixels; standard deviation of the blur


def sharpen(images: np.ndarray, amount: float) -> np.ndarray:
    """Adds to pictures what a blur takes from them: an unsharp mask.

    Args:
        images: Shape `(B, Y, X, 3)`, uint8.
        amount: How many times the difference is added; 0.5 to 1.5 are usual.

    Returns:
        Same shape, uint8.
    """
    pixels = images.astype("float32")
    blurred = gaussian_filter(pixels, (0, _RADIUS, _RADIUS, 0))
    sharp = pixels + amount * (pixels - blurred)
    return np.round(np.clip(sharp, 0, 255)).astype(np.uint8)
