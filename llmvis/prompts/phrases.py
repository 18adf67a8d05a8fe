"""Every phrase the parser understands: the lexicon's, and what people also write.

A phrase has a role in the sentence and a value:

    kind        a thing; the value is (key of KINDS, whether the word is plural)
    color       a key of COLORS
    size        a key of SIZES
    number      how many; 0 is several
    the         what follows was named before
    background  a key of BACKGROUNDS; a whole phrase: "at night"
    scenery     the same, and only its noun: "night"
    relation    stands before its object ("on"); the value may be None: a relation
                that is understood as one, but that nothing here can check ("behind")
    place       the same in Chinese, after its object (上)
    at          opens a place in Chinese (在)
    tail        a relation to a thing named before ("to its left")
    mutual      a relation of the last two things ("side by side")
    it          a thing named before
    which       the thing just named
    with        what follows belongs to the thing before
    no          what follows is not wanted
    there       begins a statement, and ends whatever came before it
    of          的, which turns what is before it into a description
    stop        punctuation and conjunctions; True where it joins things ("and")
    nothing     none of these, though a part of it looks like one of them
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from llmvis.prompts import lexicon, synonyms

Meaning = tuple[str, Any]


@cache
def phrases() -> dict[str, Meaning]:
    """Gives the meaning of every phrase, all in lower case."""
    table: dict[str, Meaning] = {}
    for phrase, meaning in _all_phrases():
        table.setdefault(phrase, meaning)
    return table


def _all_phrases() -> Iterator[tuple[str, Meaning]]:
    yield from _nouns()
    yield from _adjectives()
    yield from _numbers()
    for name, place in lexicon.BACKGROUNDS.items():
        yield from _same((*place.en, *place.zh), "background", name)
        yield from _same(synonyms.SCENERY[name], "scenery", name)
    for relation, names in lexicon.RELATIONS.items():
        yield from _same(names.en, "relation", relation)
        yield from _same(names.zh, "place", relation)
    for role, table in (
        ("relation", synonyms.RELATIONS_TOO),
        ("place", synonyms.PLACES_TOO),
        ("tail", synonyms.TAILS),
    ):
        for value, words in table.items():
            yield from _same(words, role, value)
    for side in ("left", "right"):
        for its in ("its", "their"):
            yield f"to {its} {side}", ("tail", f"{side}_of")
            yield f"on {its} {side}", ("tail", f"{side}_of")
    yield from _same(synonyms.MUTUAL, "mutual", "next_to")
    yield from _same(synonyms.JOINTS, "stop", True)
    for role, words in synonyms.OTHERS.items():
        yield from _same(words, role, None)


def _same(words: Iterable[str], role: str, value) -> Iterator[tuple[str, Meaning]]:
    return ((word, (role, value)) for word in words)


def _nouns() -> Iterator[tuple[str, Meaning]]:
    for key, noun in lexicon.KINDS.items():
        also = synonyms.KINDS_TOO.get(key, ())
        singular = (*noun.en, *noun.zh, noun.sized, *also)
        yield from _same(singular, "kind", (key, False))
        plurals = (*noun.plurals, *map(lexicon.plural, filter(str.isascii, also)))
        yield from _same(plurals, "kind", (key, True))


def _adjectives() -> Iterator[tuple[str, Meaning]]:
    for role, table, also in (
        ("color", lexicon.COLORS, synonyms.COLORS_TOO),
        ("size", lexicon.SIZES, synonyms.SIZES_TOO),
    ):
        for key, names in table.items():
            words = (*names.en, *names.zh, names.zh_short, *also[key])
            yield from _same(words, role, key)


def _numbers() -> Iterator[tuple[str, Meaning]]:
    for table in (synonyms.NUMBERS_EN, synonyms.NUMBERS_ZH):
        for count, words in table.items():
            yield from _same(words, "number", count)
    for count, word in enumerate(synonyms.NUMBER_WORDS, 4):
        yield from _same((word, str(count)), "number", count)
    measures = {m for noun in lexicon.KINDS.values() for m in noun.measure}
    for count, digits in enumerate(synonyms.DIGITS_ZH):
        for digit in (*digits, str(count)):
            counted = (digit + measure for measure in (*measures, *synonyms.MEASURES))
            yield from _same(counted, "number", count)
