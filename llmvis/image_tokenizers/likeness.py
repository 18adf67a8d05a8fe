"""Which things of a picture are copies of one another, as far as their codes tell.

Dimension key: B batch, N things of a picture, D digits.
"""

from keras import ops

# Steps by which copies of one thing differ: these hold for 99 % of them on `scenes`,
# and for one in 10,000 pairs of other things.
_PALETTE, _FORM = 1, 3


def alike(palettes, forms):
    """Compares all things of each picture.

    Args:
        palettes: Codes, shape `(B, N, D)`.
        forms: Codes, shape `(B, N, D)`.

    Returns:
        1 where two things have about one palette and one form, else 0; `(B, N, N)`,
        int32.
    """
    near = ops.logical_and(
        _steps(palettes) <= _PALETTE,
        _steps(forms) <= _FORM,
    )
    return ops.cast(near, "int32")


def _steps(codes):
    codes = ops.cast(codes, "int32")
    return ops.sum(ops.abs(codes[:, :, None] - codes[:, None]), axis=-1)
