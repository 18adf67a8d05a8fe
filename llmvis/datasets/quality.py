"""Which pictures show too little to learn from: blurred ones, and flat ones."""

import numpy as np
from PIL import Image

from llmvis.config import IngestConfig
from llmvis.errors import RefusedItem


def refuse_poor(image: Image.Image, config: IngestConfig) -> None:
    """Raises RefusedItem where a picture shows less than is asked for.

    All is measured on what is trained on, so a large photo that is a little out of
    focus passes, and what had to be enlarged may not.

    Args:
        image: RGB, of the size that is trained on, with nothing beside it: the edge of
            a background would count as sharp.
        config: Its `min_contrast`, `min_entropy` and `min_sharpness`; 0 takes all.
    """
    luma = None
    for measure, fix in _MEASURES.items():
        key = f"min_{measure.__name__}"
        least = getattr(config, key)
        if not least:
            continue
        if luma is None:
            luma = np.asarray(image.convert("L"), np.float32)
        if (found := measure(luma)) < least:
            raise RefusedItem(
                f"its {measure.__name__} is {found:.1f}, and has to be {least:g}",
                f"{fix}, or lower ingest.{key}.",
            )


def sharpness(luma: np.ndarray) -> float:
    """The variance of the Laplacian; higher is sharper.

    Pech-Pacheco et al., 2000, "Diatom autofocusing in brightfield microscopy: a
    comparative study", https://doi.org/10.1109/ICPR.2000.903548.

    Args:
        luma: Shape `(H, W)`, in levels from 0 to 255.

    Returns:
        In squared levels: 0 for a plain picture or an even slope.
    """
    from scipy.ndimage import laplace  # many processes read without asking this

    return float(laplace(luma, mode="nearest").var())


def contrast(luma: np.ndarray) -> float:
    """The standard deviation of the levels (RMS contrast); higher has more of it.

    Args:
        luma: Shape `(H, W)`, in levels from 0 to 255.

    Returns:
        In levels: 0 for a plain picture, 127.5 for half black, half white.
    """
    return float(luma.std())


def entropy(luma: np.ndarray) -> float:
    """The Shannon entropy of how often each level occurs; higher has more levels.

    Unlike contrast, it is low for a page of text or a drawing in a few flat colours.

    Args:
        luma: Shape `(H, W)`, in levels from 0 to 255.

    Returns:
        In bits: 0 for a plain picture, 8 where all levels are equally frequent.
    """
    counts = np.bincount(luma.astype(np.uint8).ravel())
    shares = counts[counts > 0] / luma.size
    return float(-(shares * np.log2(shares)).sum())


_MEASURES = {
    contrast: "Find a picture with more in it",
    entropy: "Find a picture with more in it",
    sharpness: "Find a sharper one",
}
