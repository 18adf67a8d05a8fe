"""Which split each example goes to, by what it shows, so that no group is in two.

What earlier examples have stays where it is. What is new goes by content: the hash of a
group has to be below a fixed share, so the splits of a set hardly depend on the order
in which it grew. That is even in every class, language and length of captions as far as
chance is; balancing them by count would make the split of one depend on the others.

Dimension key: N examples.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llmvis import storage
from llmvis.datasets import look_alikes
from llmvis.errors import DataError, MissingStage

SPLITS = ("train", "validation", "test")
TRAIN = SPLITS.index("train")
UNKNOWN = -1  # the split of an example whose source has none

_HELD_OUT_SHARE = 0.05  # of the groups, for validation, and again for test
# The same thing drawn by eight vendors in six skins. A caption of more pictures than
# that names a class, and a class must not be held out as a whole.
_MOST_OF_A_CAPTION = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Where each example goes."""

    split: np.ndarray  # (N,) positions in SPLITS
    group: np.ndarray  # (N,) uint64, the same for what looks alike or says the same
    leak: np.ndarray  # (N,) bool: the source has its pixels in a later split too
    alike: np.ndarray  # (N,) bool: what looks like it is in a later split


def read_earlier(folder: Path, pictures: np.ndarray) -> np.ndarray:
    """Looks up in which split earlier examples have these pictures.

    Args:
        folder: Of the earlier examples; there may be none.
        pictures: The first 64 bits of each `example_id`, shape `(N,)` uint64.

    Returns:
        Positions in `SPLITS`, or `UNKNOWN`, shape `(N,)`.

    Raises:
        DataError: They cannot be read.
    """
    earlier = np.full(len(pictures), UNKNOWN)
    for place, split in enumerate(SPLITS):
        try:
            names = storage.read_compact(folder, split, ["example_id"]).example_id
            known = np.fromiter((int(name[:16], 16) for name in names), np.uint64)
        except MissingStage:
            continue
        except (OSError, ValueError, KeyError) as error:  # as pyarrow raises them
            raise DataError(
                f"{folder / split}.parquet says in which split examples are, and "
                f"cannot be read: {error}. Get it back with `dvc checkout`, or delete "
                f"{folder}: then all splits are made anew."
            ) from error
        earlier[np.isin(pictures, known)] = place
    return earlier


def assign(
    pictures: np.ndarray,
    looks: np.ndarray,
    *,
    captions: np.ndarray,
    given: np.ndarray,
    earlier: np.ndarray,
) -> Assignment:
    """Groups examples and gives every group a split.

    Args:
        pictures: What names the pixels of each, shape `(N,)` uint64.
        looks: As `look_alikes.look` gives them, shape `(N, 64)`.
        captions: What names the caption of each, shape `(N,)` uint64.
        given: Positions in `SPLITS` that the source states, or `UNKNOWN`, `(N,)`.
        earlier: The same for splits of earlier examples, which stay where the source
            states none.
    """
    lacking = [place for place in (2, 1) if place not in given]
    # What the source lacks comes out of what it has to train on.
    kept = np.where(given == TRAIN, UNKNOWN, given) if lacking else given
    same = look_alikes.link_equal(pictures)
    first = np.unique(same[:, 1])  # of each picture, however often it is there
    alike = first[look_alikes.link_alike(looks[first])]
    of_same = _last(look_alikes.join(len(given), same), given)
    groups = look_alikes.join(len(given), same, alike)
    of_alike = _last(groups, kept)
    # What the source has to train on is not tested on, whatever it looks like.
    wanted = np.where((given == TRAIN) & (of_alike > TRAIN), TRAIN, of_alike)
    free = _first_known(kept, wanted) == UNKNOWN
    keys = np.where(free, _keys(pictures, captions), pictures)
    number = look_alikes.join(len(given), same, alike, look_alikes.link_equal(keys))
    of_earlier = _last(number, np.where(free, earlier, UNKNOWN))
    split = _first_known(kept, earlier, wanted, of_earlier)
    new = split == UNKNOWN
    split[new] = _by_content(_names(keys, number)[new], lacking, set(split[~new]))
    leak = (given != UNKNOWN) & (given < of_same)
    return Assignment(
        split=split,
        # A group that has members in two splits already is one for each.
        group=_names(keys, len(SPLITS) * number + split),
        leak=leak,
        alike=(split < _last(groups, split)) & ~leak,
    )


def _keys(pictures: np.ndarray, captions: np.ndarray) -> np.ndarray:
    """The caption where it tells pictures apart, and else the picture itself."""
    _, inverse, counts = np.unique(captions, return_inverse=True, return_counts=True)
    return np.where(counts[inverse] <= _MOST_OF_A_CAPTION, captions, pictures)


def _names(keys: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Names each group by one of its members' keys.

    The order is another than that of the keys, or held-out members, whose keys are
    the lowest, would draw their groups after them.
    """
    order = np.lexsort((keys.byteswap(), number))
    _, first, inverse = np.unique(number[order], return_index=True, return_inverse=True)
    names = np.empty_like(keys)
    names[order] = keys[order[first]][inverse]
    return names


def _last(number: np.ndarray, split: np.ndarray) -> np.ndarray:
    """The last of the splits that any member of a group has, for each member."""
    last = np.full(number.max(initial=-1) + 1, UNKNOWN)
    np.maximum.at(last, number, split)
    return last[number]


def _first_known(*splits: np.ndarray) -> np.ndarray:
    """The first split that is known of each."""
    first = splits[0].copy()
    for split in splits[1:]:
        first = np.where(first == UNKNOWN, split, first)
    return first


def _by_content(group: np.ndarray, lacking: list[int], has: set[int]) -> np.ndarray:
    """Holds out a share of the groups for what the source lacks of the splits.

    Args:
        group: The names of their groups, shape `(M,)`.
        lacking: What to hold out for.
        has: The splits that others have already.
    """
    names, member = np.unique(group, return_inverse=True)  # as good as random
    split = np.full(len(names), TRAIN)
    if len(names) <= len(lacking) and TRAIN not in has:
        return split[member]
    for position, place in enumerate(lacking):
        share = _HELD_OUT_SHARE * np.array([position, position + 1])
        low, high = np.searchsorted(names, share * 2.0**64)
        split[low:high] = place
    # In a small set chance may leave a split without any.
    kept = np.array([place not in has for place in range(len(SPLITS))])
    for place in (TRAIN, *lacking):
        spare = np.bincount(split, minlength=len(SPLITS)) - kept
        giver = TRAIN if spare[TRAIN] > 0 else spare.argmax()
        if place not in has and place not in split and spare[giver] > 0:
            split[np.flatnonzero(split == giver)[0]] = place
    return split[member]
