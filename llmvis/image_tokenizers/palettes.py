"""The palette that paints a thing best, of those that are in use.

An encoder that rounds its digits is often a step off, and codes that hardly differ are
as good as one: the codes of one colour scatter, and a language model has to learn all
of them. What a palette paints is linear in its tones, so the errors of all palettes are
known without painting with any. The one is taken whose error and whose nats are least
together, nats being few for a palette that many things have: entropy-constrained vector
quantization (Chou, Lookabaugh and Gray, 1989, IEEE Transactions on Acoustics, Speech,
and Signal Processing 37).

Dimension key: B batch, N cutouts of a picture, Y X picture rows and columns, T tones of
a palette, P palettes, D digits of one, M things.
"""

import numpy as np
from keras import ops

# Squared error of a pixel that a nat is worth. At a third, a colour has twice as many
# palettes on `scenes`; no other figure of theirs changes between the two.
_NAT = 1e-3
_ROUNDS = 4  # of picking and counting; the last changes next to nothing
_UNUSED = 0.01  # things that a palette counts as having that none has


def all_digits(num_digits: int, num_levels: int) -> np.ndarray:
    """Every palette there could be, `(P, D)` int32."""
    digits = np.indices((num_levels,) * num_digits)
    return digits.reshape(num_digits, -1).T.astype(np.int32)


def squared_errors(rest, shares, counts, tones):
    """How far from a picture every palette would paint.

    Args:
        rest: What is left for the tones to paint, `(B, N, Y, X, 3)`.
        shares: How much of each tone a pixel takes, `(B, N, Y, X, T)`.
        counts: Whether a pixel counts, `(B, N, Y, X)`, bool.
        tones: Of all palettes, `(P, T, 3)`.

    Returns:
        Squared error of a pixel that counts, `(B, N, P)`; 0 where none does.
    """
    counts = ops.cast(counts, "float32")
    counts = counts / ops.maximum(ops.sum(counts, axis=(2, 3), keepdims=True), 1.0)
    counted = shares * counts[..., None]
    products = ops.einsum("bnyxs,bnyxt->bnst", counted, shares)
    aimed = ops.einsum("bnyxt,bnyxc->bntc", counted, rest)
    squares = ops.einsum("psc,ptc->pst", tones, tones)
    painted = ops.einsum("pst,bnst->bnp", squares, products)
    missed = ops.einsum("ptc,bntc->bnp", tones, aimed)
    least = ops.sum(counts[..., None] * rest**2, axis=(2, 3, 4))
    return painted - 2 * missed + least[..., None]


def cheapest(errors, nats):
    """The palettes `(...)` whose errors `(..., P)` and nats `(P,)` are least."""
    return ops.argmin(errors + _NAT * nats, axis=-1)


def nats_in_use(errors: np.ndarray) -> np.ndarray:
    """Counts what is picked, and picks again, so that what is rare falls out of use.

    Args:
        errors: Of things, `(M, P)`.

    Returns:
        Nats of each palette, `(P,)` float32.
    """
    nats = np.zeros(errors.shape[1], np.float32)
    for _ in range(_ROUNDS):
        picked = np.asarray(cheapest(errors, nats))
        often = np.bincount(picked, minlength=len(nats)) + _UNUSED
        nats = -np.log(often / often.sum()).astype(np.float32)
    return nats
