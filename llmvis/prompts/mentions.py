"""Finds in a prompt the phrases that mean something, with spaCy's phrase matcher."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from llmvis.prompts.language import letters_and_words
from llmvis.prompts.phrases import phrases


@dataclass(frozen=True, slots=True)
class Mention:
    """One phrase of a prompt; see `phrases` for roles and values."""

    role: str
    value: Any
    start: int  # position of its first token
    end: int  # position after its last token
    english: bool


def find_mentions(prompt: str) -> list[Mention]:
    """Gives the phrases of a prompt in order; of two that overlap, the longer one."""
    from spacy.tokens import Doc, Span
    from spacy.util import filter_spans

    matcher = _matcher()
    doc = Doc(matcher.vocab, words=letters_and_words(prompt))
    spans = [Span(doc, start, end, label) for label, start, end in matcher(doc)]
    mentions = [
        Mention(*phrases()[span.label_], span.start, span.end, span.label_.isascii())
        for span in filter_spans(spans)
    ]
    compounds = [a for a, b in pairwise(mentions) if _is_compound(a, b)]
    return [mention for mention in mentions if mention not in compounds]


def _is_compound(first: Mention, second: Mention) -> bool:
    """Tells whether the first only describes the second: an apple tree is a tree."""
    return (
        first.role == second.role == "kind"
        and first.english
        and second.english
        and first.end == second.start
    )


@cache
def _matcher():
    import spacy
    from spacy.matcher import PhraseMatcher
    from spacy.tokens import Doc

    vocab = spacy.blank("en").vocab
    matcher = PhraseMatcher(vocab)
    for phrase in phrases():
        matcher.add(phrase, [Doc(vocab, words=letters_and_words(phrase))])
    return matcher
