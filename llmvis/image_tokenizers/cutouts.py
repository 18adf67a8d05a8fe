"""Finds the things in front of a backdrop, and cuts apart those that touch.

What differs from the backdrop and hangs together is one thing, or several that touch.
No one says which, but things come again and their chance neighbours do not: a
silhouette that many pictures share is one thing. Whatever is like none of those is cut
where both sides are, and as things that touch hide some of each other, the sides are
moved a little to where they are most like it. That is how words are found in writing
without spaces (Brent, 1999, "An Efficient, Probabilistically Sound Algorithm for
Segmentation and Word Discovery"), and nothing has to be labelled.

Dimension key: Y X picture rows and columns, H W rows and columns of a thing, R cells on
a side of a silhouette, S silhouettes, F features of one: its cells and its proportions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels

_DIFFERS = 0.07  # from the backdrop, in the colour that differs most
_CELLS = 16  # on a side of a silhouette
_LEAST = 4  # pixels on a side of a thing
_PROPORTION = 3.0  # weight of the logarithm of width over height
_ALIKE = 0.1  # root mean square difference of two views of one thing, at the most
_LIKELY = 0.2  # the same of a piece of something that was cut: parts of it are hidden
_SAME = 0.03  # silhouettes closer than this are kept once
_NEIGHBOURS = 10  # others alike, for a silhouette to count as one that comes again
_PROPOSALS = 1500
_DEPTH = 3  # cuts within cuts
_BESIDE = ndimage.generate_binary_structure(
    2, 1
)  # pixels that share a side hang together
_SHARED = 3  # rows or columns that may be of both sides of a cut, or of none
_LOSS = 0.03  # what each of them costs
_TRIED = 3  # cuts, of a part that none leaves wholly known
_MOVES = (-2, -1, 1, 2)  # pixels that the side of a piece may move
_GAIN = 0.02  # by which a piece has to be less strange then

NUM_FEATURES = _CELLS**2 + 1


@dataclass(frozen=True, slots=True)
class Part:
    """Pixels that hang together."""

    box: Box
    raw: np.ndarray  # those that stand out, (H, W) bool
    size: int  # how many they are, with the holes they go round
    features: np.ndarray  # of the silhouette, (F,)


@dataclass(frozen=True, slots=True)
class Cut:
    """The pieces of a part."""

    cost: float  # how strange they are
    unknown: int  # pixels of those that are like nothing known
    pieces: list[Part]


def what_stands_out(
    pictures: np.ndarray, backdrops: np.ndarray, numbers: np.ndarray
) -> np.ndarray:
    """Which pixels are not the backdrop's: `(B, Y, X)` bool.

    Args:
        pictures: Shape `(B, Y, X, 3)`, uint8.
        backdrops: Shape `(K, Y, X, 3)`, float in [0, 1].
        numbers: The backdrop of each picture, shape `(B,)`.
    """
    masks = np.empty(pictures.shape[:3], bool)
    for mask, picture, number in zip(masks, pictures, numbers, strict=True):
        differences = np.abs(picture.astype("float32") / 255 - backdrops[number])
        mask[:] = differences.max(axis=2) > _DIFFERS
    return masks


def find_parts(masks: np.ndarray) -> list[Part]:
    """All that stands out in pictures, `(B, Y, X)`; what touches is one part."""
    return [part for mask in masks for part in _split_apart(mask, (0, 0))]


def find_silhouettes(parts: Sequence[Part], seed: int) -> np.ndarray:
    """The silhouettes that come again and again.

    Args:
        parts: Of many pictures.
        seed: Picks those that are compared with all others.

    Returns:
        Shape `(S, F)`, float32; none where nothing comes again.
    """
    if len(parts) <= _NEIGHBOURS:
        return np.zeros((0, NUM_FEATURES), "float32")
    features = np.stack([part.features for part in parts])
    rng = np.random.default_rng(seed)
    chosen = features[rng.permutation(len(features))[:_PROPOSALS]]
    distances = _distances(chosen, features)
    # The nearest of all is the silhouette itself.
    near = np.argpartition(distances, _NEIGHBOURS, axis=1)[:, : _NEIGHBOURS + 1]
    spread = np.take_along_axis(distances, near, axis=1).mean(axis=1)
    means = features[near].mean(axis=1)
    kept: list[int] = []
    for i in np.argsort(spread, kind="stable"):
        if spread[i] > _ALIKE:
            break
        if not kept or _distances(means[i : i + 1], means[kept]).min() > _SAME:
            kept.append(i)
    return means[kept]


def cut_out(masks: np.ndarray, silhouettes: np.ndarray) -> list[list[Box]]:
    """The boxes of the things in each of many pictures.

    Args:
        masks: What stands out in them, shape `(B, Y, X)`.
        silhouettes: Those of things that are known, `(S, F)`.
    """
    return [
        [
            box
            for part in _split_apart(mask, (0, 0))
            for box in _boxes(part, silhouettes)
        ]
        for mask in masks
    ]


def largest(boxes: Sequence[Box], most: int) -> np.ndarray:
    """The largest boxes of a picture, empty ones after them: `(most, 4)` int32."""
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in boxes]
    kept = np.argsort(areas)[::-1][:most]
    padded = np.zeros((most, 4), np.int32)
    padded[: len(kept)] = np.reshape([boxes[i] for i in kept], (-1, 4))
    return padded


def alone(boxes: np.ndarray, size: int) -> np.ndarray:
    """Marks pixels that are in one box `(B, N, 4)` alone: `(B, N, Y, X)`, bool."""
    left, top, right, bottom = np.moveaxis(boxes[..., None, None], 2, 0)
    across, down = np.arange(size), np.arange(size)[:, None]
    inside = (across >= left) & (across < right) & (down >= top) & (down < bottom)
    return inside & (inside.sum(axis=1, keepdims=True) == 1)


def _boxes(part, silhouettes):
    if not len(silhouettes):
        return [part.box]
    cut = _cut(part, silhouettes, _DEPTH)
    if len(cut.pieces) == 1:
        return [part.box]
    return [_fitted(piece, part, silhouettes) for piece in cut.pieces]


def _cut(part: Part, silhouettes: np.ndarray, depth: int) -> Cut:
    """The pieces of a part that leave least of it unknown, and are least strange."""
    strange = float(_strangeness([part], silhouettes)[0])
    best = Cut(strange, part.size if strange >= _LIKELY else 0, [part])
    if strange < _ALIKE or not depth:
        return best
    cuts: list[Cut] = []
    for axis in (0, 1):
        if not any(cut.cost < _ALIKE and not cut.unknown for cut in cuts):
            cuts += _cuts(part, silhouettes, axis)
    cuts.sort(key=lambda cut: (cut.unknown > 0, cut.cost))
    for cut in cuts[:_TRIED]:
        finer = _cut_further(cut, silhouettes, depth - 1) if cut.unknown else cut
        if (finer.unknown, finer.cost) < (best.unknown, best.cost):
            best = finer
        if not finer.unknown:
            break
    return best


def _cut_further(cut, silhouettes, depth):
    """Cuts those pieces that are not known."""
    finer = [_cut(piece, silhouettes, depth) for piece in cut.pieces]
    pieces = [piece for of_one in finer for piece in of_one.pieces]
    return Cut(cut.cost, sum(of_one.unknown for of_one in finer), pieces)


def _cuts(part: Part, silhouettes: np.ndarray, axis: int) -> Iterator[Cut]:
    """Yields every straight cut that leaves something known."""
    length = part.raw.shape[axis]
    places = range(_LEAST, length - _LEAST + 1)
    before = [_slab(part, axis, 0, at) for at in places]
    behind = [_slab(part, axis, at, length) for at in places]
    pieces = [piece for side in (*before, *behind) for piece in side]
    strange = dict(zip(map(id, pieces), _strangeness(pieces, silhouettes), strict=True))
    band = range(-_SHARED, _SHARED)
    for i, j in ((i, i + by) for i in range(len(places)) for by in band):
        if not before[i] or not 0 <= j < len(places) or not behind[j]:
            continue
        # One row that both have is what things that touch look like.
        lost = max(i - j - 1, j - i)
        known = [
            all(strange[id(piece)] < _LIKELY for piece in side)
            for side in (before[i], behind[j])
        ]
        if any(known):
            both = [*before[i], *behind[j]]
            far = np.array([strange[id(piece)] for piece in both])
            sizes = np.array([piece.size for piece in both])
            cost = np.average(far, weights=sizes) + _LOSS * lost
            yield Cut(float(cost), int(sizes[far >= _LIKELY].sum()), both)


def _fitted(piece, part, silhouettes):
    """The box of a piece, its inner sides moved to where it is least strange."""
    least = _strangeness([piece], silhouettes)[0]
    for side in range(4):
        if piece.box[side] == part.box[side]:
            continue
        moved = [_moved(piece.box, part, side, by) for by in _MOVES]
        moved = [other for other in moved if other]
        far = _strangeness(moved, silhouettes)
        if moved and far.min() < least - _GAIN:
            least, piece = far.min(), moved[far.argmin()]
    return piece.box


def _moved(box, part, side, by):
    """The largest piece of a part in a box one side of which is moved, if any."""
    sides = np.array(box) - np.tile(part.box[:2], 2)
    sides[side] += by
    left, top, right, bottom = np.maximum(sides, 0)
    corner = part.box[0] + int(left), part.box[1] + int(top)
    pieces = _split_apart(part.raw[top:bottom, left:right], corner)
    return max(pieces, key=lambda piece: piece.size, default=None)


def _slab(part, axis, start, stop):
    rows = slice(start, stop) if axis == 0 else slice(None)
    columns = slice(start, stop) if axis == 1 else slice(None)
    left, top = part.box[:2]
    corner = (left, top + start) if axis == 0 else (left + start, top)
    return _split_apart(part.raw[rows, columns], corner)


def _split_apart(mask, corner):
    """The parts of a mask whose left upper pixel is at `corner` (x, y)."""
    labels, _ = ndimage.label(_without_holes(mask), _BESIDE)
    parts = []
    for number, where in enumerate(ndimage.find_objects(labels), 1):
        rows, columns = where
        if min(rows.stop - rows.start, columns.stop - columns.start) < _LEAST:
            continue
        whole = labels[where] == number
        box = (
            corner[0] + columns.start,
            corner[1] + rows.start,
            corner[0] + columns.stop,
            corner[1] + rows.stop,
        )
        raw = mask[where] & whole
        parts.append(Part(box, raw, int(whole.sum()), _features(whole)))
    return parts


def _without_holes(mask):
    height, width = mask.shape
    framed = np.ones((height + 2, width + 2), bool)
    framed[1:-1, 1:-1] = ~mask
    outside, _ = ndimage.label(framed, _BESIDE)
    return (outside != outside[0, 0])[1:-1, 1:-1]


def _features(whole):
    height, width = whole.shape
    cells = _averaging(height) @ whole.astype("float32") @ _averaging(width).T
    proportion = np.float32(_PROPORTION * np.log(width / height))
    return np.append(cells.ravel(), proportion)


@lru_cache(maxsize=512)
def _averaging(length):
    """Weights `(R, length)` that make R cells of a line of pixels."""
    step = length / _CELLS
    centers = (np.arange(_CELLS) + 0.5) * step - 0.5
    distances = np.abs(np.arange(length) - centers[:, None])
    weights = np.maximum(0, 1 - distances / max(step, 1.0))
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")


def _strangeness(parts, silhouettes):
    """How far each part is from the silhouette it is most like."""
    if not parts:
        return np.zeros(0)
    features = np.stack([part.features for part in parts])
    return _distances(features, silhouettes).min(axis=1)


def _distances(a, b):
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0) / _CELLS**2)
