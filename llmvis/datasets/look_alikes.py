"""Which pictures show the same thing: re-encoded, resized, or hardly changed.

A look is 64 numbers: 16 bytes of a difference hash (Krawetz, 2013,
https://www.hackerfactor.com/blog/?/archives/529-Kind-of-Like-That.html), rows and
columns, and the mean colours of 4 by 4 tiles, because the hash is blind to colour.

Dimension key: N pictures, L numbers of a look, E pairs.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

LOOK_SIZE = 64
_HASH_BYTES = 16
_STEP = 6  # levels between neighbours that count: less is the noise of JPEG
# Of 500 emoji saved as JPEG at quality 60 and at two other sizes, 99 % are within both.
_MOST_BITS = 7  # of 128 that may differ
_MOST_COLOR = 20  # levels by which a tile may differ
_BANDS = 8  # of 16 bits: at most 7 differing bits leave one band as it is
_WINDOW = 64  # candidates for each picture and band, by nearest brightness
_MOST_PAIRS = 4  # for each picture that are kept; more are thinned out


def look(pixels: np.ndarray) -> np.ndarray:
    """Describes a picture so that what looks alike has like numbers.

    Args:
        pixels: Shape `(H, W, 3)`, uint8.

    Returns:
        Shape `(64,)`, uint8.
    """
    image = Image.fromarray(pixels)
    gray = np.asarray(image.convert("L").resize((9, 9), Image.Resampling.BOX), np.int16)
    across = gray[:8, 1:] - gray[:8, :8] > _STEP
    down = gray[1:, :8] - gray[:8, :8] > _STEP
    colors = np.asarray(image.resize((4, 4), Image.Resampling.BOX))
    bits = np.packbits(np.concatenate([across.ravel(), down.ravel()]))
    return np.concatenate([bits, colors.ravel()])


def link_alike(looks: np.ndarray) -> np.ndarray:
    """Links what looks alike, in time and memory that grow like the number of pictures.

    Where very many share a band of the hash, each is compared with the nearest by
    brightness alone.

    Args:
        looks: Shape `(N, 64)`, uint8.

    Returns:
        Positions of two pictures each, which join the groups of what looks alike; not
        all pairs within a group are there. Shape `(E, 2)`.
    """
    bands_NB = np.ascontiguousarray(looks[:, :_HASH_BYTES]).view(np.uint16)
    brightness_N = looks[:, _HASH_BYTES:].mean(axis=1, dtype=np.float32)
    found = [np.empty((0, 2), np.int64)]
    for i in range(_BANDS):
        order_N = np.lexsort((brightness_N, bands_NB[:, i]))
        for pairs_E2 in _neighbours(bands_NB[:, i], order_N):
            found.append(pairs_E2[_alike(looks, pairs_E2)])
            if sum(map(len, found)) > _MOST_PAIRS * len(looks):
                found = [link_equal(join(len(looks), *found))]
    return np.concatenate(found)


def _neighbours(band_N: np.ndarray, order_N: np.ndarray) -> Iterator[np.ndarray]:
    for distance in range(1, min(_WINDOW, len(order_N) - 1) + 1):
        here, there = order_N[:-distance], order_N[distance:]
        same = band_N[here] == band_N[there]
        if not same.any():
            return
        yield np.stack([here[same], there[same]], axis=1)


def _alike(looks: np.ndarray, pairs_E2: np.ndarray) -> np.ndarray:
    one, other = looks[pairs_E2[:, 0]], looks[pairs_E2[:, 1]]
    differing = one[:, :_HASH_BYTES] ^ other[:, :_HASH_BYTES]
    bits_E = np.bitwise_count(differing).sum(axis=1)
    colors = one[:, _HASH_BYTES:].astype(np.int16) - other[:, _HASH_BYTES:]
    return (bits_E <= _MOST_BITS) & (np.abs(colors).max(axis=1) <= _MOST_COLOR)


def join(size: int, *links: np.ndarray) -> np.ndarray:
    """Numbers the groups that pairs make of `size` things.

    Args:
        size: N.
        links: Pairs of positions, each of shape `(E, 2)`.

    Returns:
        The group of each, shape `(N,)`.
    """
    # The processes that read, which only look, start sooner without them.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    all_E2 = np.concatenate([np.empty((0, 2), np.int64), *links])
    graph = coo_array(
        (np.ones(len(all_E2), bool), (all_E2[:, 0], all_E2[:, 1])), (size, size)
    )
    return connected_components(graph, directed=False)[1]


def link_equal(keys: np.ndarray) -> np.ndarray:
    """Pairs each thing with the first one that has its key, shape `(N, 2)`."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return np.stack([np.arange(len(keys)), first[inverse.ravel()]], axis=1)
