"""Which split each example goes to, by what it shows, so that no group is in two.

Dimension key: N examples.
"""

from dataclasses import dataclass

import numpy as np

from llmvis.datasets import look_alikes

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
    alike: np.ndarray  # (N,) bool: the source has what looks like it in a later split


def assign(
    pictures: np.ndarray, looks: np.ndarray, captions: np.ndarray, given: np.ndarray
) -> Assignment:
    """Groups examples and gives every group a split.

    A group goes by the hash of one of its members, so that it stays where it is when
    others are added, unless what is added joins it and comes before that member.

    Args:
        pictures: What names the pixels of each, shape `(N,)` uint64.
        looks: As `look_alikes.look` gives them, shape `(N, 64)`.
        captions: What names the caption of each, shape `(N,)` uint64.
        given: Positions in `SPLITS` that the source states, or `UNKNOWN`, `(N,)`.
    """
    lacking = [place for place in (2, 1) if place not in given]
    # What the source lacks comes out of what it has to train on.
    kept = np.where(given == TRAIN, UNKNOWN, given) if lacking else given
    same = look_alikes.link_equal(pictures)
    first = np.unique(same[:, 1])  # of each picture, however often it is there
    alike = first[look_alikes.link_alike(looks[first])]
    of_same = _last_given(look_alikes.join(len(given), same), given)
    of_alike = _last_given(look_alikes.join(len(given), same, alike), kept)
    # What the source has to train on is not tested on, whatever it looks like.
    wanted = np.where((given == TRAIN) & (of_alike > TRAIN), TRAIN, of_alike)
    split = np.where(kept != UNKNOWN, kept, wanted)
    free = split == UNKNOWN
    keys = np.where(free, _keys(pictures, captions), pictures)
    number = look_alikes.join(len(given), same, alike, look_alikes.link_equal(keys))
    split[free] = _by_content(_names(keys, number)[free], lacking)
    return Assignment(
        split=split,
        # A group that the source itself has in two splits is one for each.
        group=_names(keys, len(SPLITS) * number + split),
        leak=(given != UNKNOWN) & (given < of_same),
        alike=(given != UNKNOWN) & (given < of_alike) & (given >= of_same),
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


def _last_given(number: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The last of the splits that the source gives to any member of a group."""
    last = np.full(number.max(initial=-1) + 1, UNKNOWN)
    np.maximum.at(last, number, given)
    return last[number]


def _by_content(group: np.ndarray, lacking: list[int]) -> np.ndarray:
    """Holds out a share of the groups for what the source lacks of the splits."""
    split = np.zeros(len(group), np.int64)
    names = np.unique(group)  # sorted, and as good as random
    if len(names) <= len(lacking):
        return split
    for position, place in enumerate(lacking):
        share = _HELD_OUT_SHARE * np.array([position, position + 1])
        low, high = np.searchsorted(names, share * 2.0**64)
        chosen = names[low:high] if high > low else names[position : position + 1]
        split[np.isin(group, chosen)] = place
    return split
