"""From the numbers that networks give to pixels, refusing what is no number.

Cast to whole numbers, NaN becomes a colour like any other.
"""

import keras
import numpy as np
from keras import ops

from llmvis.errors import DrawingError


def are_numbers(made):
    """Marks, of what a generator makes, the pictures in which all are numbers.

    Args:
        made: Pixels, shape `(B, Y, X, 3)`; or codes `(B, H, W, D)`, integers that are
            below 0 where logits were no numbers, see `generators.drawing`.

    Returns:
        Shape `(B,)`, bool.
    """
    axes = tuple(range(1, len(made.shape)))
    is_code = "int" in keras.backend.standardize_dtype(made.dtype)
    return ops.all(made >= 0 if is_code else ops.isfinite(made), axis=axes)


def require_numbers(is_whole: np.ndarray) -> None:
    """Refuses pictures in which something is no number.

    Raises:
        DrawingError: One of `is_whole`, shape `(B,)`, is False.
    """
    if not np.all(is_whole):
        raise DrawingError(
            f"In {np.count_nonzero(~is_whole)} of {len(is_whole)} pictures the model "
            "gave NaN or infinite numbers. Its weights are spoiled, or its training "
            "diverged: look at the training curves, lower train.learning_rate, and run "
            "`llmvis train` again."
        )


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Pictures `(B, Y, X, 3)`, float in [0, 1], as whole numbers up to 255.

    Raises:
        DrawingError: Something in them is no number.
    """
    require_numbers(np.isfinite(images).all(axis=(1, 2, 3)))
    return np.round(images * 255).astype("uint8")
