"""Which pictures show too little to learn from: blurred ones, and flat ones."""

import numpy as np
from PIL import Image

from llmvis.errors import RefusedItem


def refuse_poor(image: Image.Image, min_sharpness: float, min_contrast: float) -> None:
    """Raises RefusedItem where a picture is less sharp or less contrasty than asked.

    Both are measured on what is trained on, so a large photo that is a little out of
    focus passes, and what had to be enlarged may not.

    Args:
        image: RGB, of the size that is trained on, with nothing beside it: the edge of
            a background would count as sharp.
        min_sharpness: Of `sharpness`; 0 takes all.
        min_contrast: Of `contrast`; 0 takes all.
    """
    if not min_sharpness and not min_contrast:
        return
    luma = np.asarray(image.convert("L"), np.float32)
    if (found := contrast(luma)) < min_contrast:
        raise RefusedItem(
            f"its contrast is {found:.1f}, and has to be {min_contrast:g}",
            "Find a picture with more in it, or lower ingest.min_contrast.",
        )
    if (found := sharpness(luma)) < min_sharpness:
        raise RefusedItem(
            f"its sharpness is {found:.1f}, and has to be {min_sharpness:g}",
            "Find a sharper one, or lower ingest.min_sharpness.",
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
