"""Channel values as common as they are in the training pictures."""

import numpy as np

_VALUES = 256


def channel_histograms(images: np.ndarray) -> np.ndarray:
    """Counts how common each value of each channel is.

    Args:
        images: Shape `(N, Y, X, 3)`, uint8.

    Returns:
        Shares of the pixels, shape `(3, 256)`; each row sums to 1.
    """
    flat = images.reshape(-1, images.shape[-1])
    counts = [np.bincount(channel, minlength=_VALUES) for channel in flat.T]
    return np.stack(counts) / len(flat)


def match_histograms(images: np.ndarray, histograms: np.ndarray) -> np.ndarray:
    """Changes the values of each picture so that they are as common as asked for.

    Gonzalez and Woods, "Digital Image Processing", section on histogram matching. A
    value becomes the one that has as large a share of the pixels below it, so the
    order of values stays.

    Args:
        images: Shape `(B, Y, X, 3)`, uint8.
        histograms: Shape `(3, 256)`, each row sums to 1.

    Returns:
        Same shape as `images`, uint8.
    """
    return np.stack([_matched(image, histograms) for image in images])


def _matched(image, histograms):
    matched = np.empty_like(image)
    own = channel_histograms(image[None])
    for channel, (have, want) in enumerate(zip(own, histograms, strict=True)):
        there = np.flatnonzero(want)
        table = np.interp(_ranks(have), _ranks(want)[there], there)
        matched[..., channel] = np.round(table).astype(np.uint8)[image[..., channel]]
    return matched


def _ranks(histogram):
    """Share of the pixels below each value, half of its own counted."""
    return np.cumsum(histogram) - histogram / 2
