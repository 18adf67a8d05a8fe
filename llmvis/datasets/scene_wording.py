"""What the caption grammars of all languages share: word choice and order."""

from collections.abc import Iterator
from random import Random

from llmvis.prompts.relations import CONVERSE
from llmvis.records import Relation

_VARIES = 0.15  # share of words that are a synonym of the canonical one


def vary(names: tuple[str, ...], rng: Random) -> str:
    """Picks the canonical name mostly, and any of the names now and then."""
    return rng.choice(names) if rng.random() < _VARIES else names[0]


def in_order(
    relations: tuple[Relation, ...], rng: Random
) -> Iterator[tuple[int, str, int]]:
    """Orders and turns relations so that each is told of a thing already named.

    Yields:
        Subject, relation and object. The first pair stands either way round; after
        it the object is always named already, and the subject usually new.
    """
    named: set[int] = set()
    waiting = list(relations)
    while waiting:
        told = next((r for r in waiting if {r.subject, r.object} & named), waiting[0])
        waiting.remove(told)
        subject, name, object = told.subject, told.relation, told.object
        turn = subject in named if named else rng.random() < 0.5
        if turn and object not in named:
            subject, name, object = object, CONVERSE[name], subject
        named |= {subject, object}
        yield subject, name, object
