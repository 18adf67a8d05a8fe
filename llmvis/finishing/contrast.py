"""Light and dark further apart, in each part of a picture by itself."""

import numpy as np


def raise_contrast(images: np.ndarray, clip_limit: float) -> np.ndarray:
    """Spreads the brightness of each part of a picture, hue and saturation kept.

    Zuiderveld, 1994, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems
    IV.

    Args:
        images: Shape `(B, Y, X, 3)`, uint8.
        clip_limit: Share of a part's pixels that may have one brightness before the
            rest is spread out, above 0 and up to 1; the higher, the more contrast.
            0.005 to 0.02 are usual.

    Returns:
        Same shape, uint8.
    """
    return np.stack([_raised(image, clip_limit) for image in images])


def _raised(image, clip_limit):
    # Here, because most pictures are given out without it.
    from skimage.exposure import equalize_adapthist

    if np.ptp(image.max(axis=-1)) == 0:  # of one brightness: there is none to spread
        return image
    raised = equalize_adapthist(image, clip_limit=clip_limit)
    return np.round(raised * 255).astype(np.uint8)
