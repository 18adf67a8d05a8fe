"""White that is white, whatever the light."""

import numpy as np

_BRIGHTEST = 0.02  # share of the pixels that are taken for white
_LARGEST_GAIN = 1.25  # of a channel; what needs more is a colour and no cast


def balance_white(images: np.ndarray) -> np.ndarray:
    """Scales the channels so that the brightest pixels of a picture have no hue.

    The white patch of Land and McCann, 1971, "Lightness and Retinex Theory". Where
    the brightest pixels are strongly coloured, as a blue sky is, the picture is left
    as it is.

    Args:
        images: Shape `(B, Y, X, 3)`, uint8.

    Returns:
        Same shape, uint8.
    """
    return np.stack([_balanced(image) for image in images])


def _balanced(image):
    brightness = image.sum(axis=-1, dtype=np.int32)
    number = max(1, int(_BRIGHTEST * brightness.size))
    # Pixels as bright as the last one count too, or their order would matter.
    threshold = np.partition(brightness.ravel(), -number)[-number]
    white = np.maximum(image[brightness >= threshold].mean(axis=0), 1.0)
    gains = white.max() / white
    if gains.max() > _LARGEST_GAIN:
        return image
    return np.round(np.clip(image * gains, 0, 255)).astype(np.uint8)
