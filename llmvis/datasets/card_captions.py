"""What captions say, for the data card: their words, their things, and how evenly."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from llmvis.errors import PromptError
from llmvis.prompts import language
from llmvis.prompts.parse import parse

_CAPTIONS_READ = 5000  # of each language, for their words, and of each split
_WORDS = 30  # the most frequent of each language


@dataclass(frozen=True, slots=True)
class SplitMeans:
    """What the captions of one split are like, to set beside those of another."""

    split: str
    size: int  # examples
    languages: dict[str, float]  # share of the captions, in percent
    captions: float  # of an example
    characters: float  # of a caption
    things: float  # of those the judge knows, in a caption


def count_words(texts: pd.Series) -> list[tuple[str, int]]:
    """The most frequent words of the first captions, as spaCy splits them."""
    counts: Counter[str] = Counter()
    for text in texts.head(_CAPTIONS_READ):
        for run, script in language.runs(language.normalize(text)):
            counts.update(language.words_of_run(run, script))
    return counts.most_common(_WORDS)


def count_things(table: pd.DataFrame) -> tuple[list[tuple[str, int]], list[SplitMeans]]:
    """Counts the kinds of things that captions name, in all and by split.

    Args:
        table: With the columns `split` and `captions`, as Arrow keeps them.

    Returns:
        How many of the captions that were read name each kind, the most frequent
        first, and the means of each split.
    """
    counts: Counter[str] = Counter()
    means = []
    for split, part in table.groupby("split", sort=False):
        captions = part.captions.list.flatten().struct.explode()
        read = captions.text.iloc[:: -(-len(captions) // _CAPTIONS_READ)]
        things = [_things(text) for text in read]
        counts.update(kind for found in things for kind in dict.fromkeys(found))
        shares = 100 * captions.lang.value_counts(normalize=True).sort_index()
        means.append(
            SplitMeans(
                split=str(split),
                size=len(part),
                languages={str(lang): float(share) for lang, share in shares.items()},
                captions=len(captions) / len(part),
                characters=float(captions.text.str.len().mean()),
                things=_mean(map(len, things)),
            )
        )
    return counts.most_common(), means


def _mean(numbers: Iterable[int]) -> float:
    values = list(numbers)
    return sum(values) / len(values)


def _things(text: str) -> list[str]:
    try:
        return [thing.kind for thing in parse(text).things]
    except PromptError:  # it names none
        return []
