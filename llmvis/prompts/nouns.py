"""Gathers the phrases of a prompt into things, and keeps what stands between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from llmvis.prompts.mentions import Mention


@dataclass(slots=True)
class Asked:
    """A thing as far as it is described."""

    kind: str | None = None  # None: no kind of the lexicon, or not wanted
    color: str | None = None
    size: str | None = None
    number: int | None = None
    plural: bool = False
    definite: bool = False

    @property
    def opened(self) -> bool:
        """Whether "a", "the" or a number stood before it."""
        return self.definite or self.number is not None

    @property
    def count(self) -> int:
        if self.number is not None:
            return self.number
        return 0 if self.plural else 1

    def may_be(self, other: "Asked") -> bool:
        """Tells whether this can be `other`, named again."""
        if self.kind != other.kind or (self.number is not None and not self.definite):
            return False
        pairs = (
            (self.color, other.color),
            (self.size, other.size),
            (self.number, other.number),
        )
        return all(None in pair or pair[0] == pair[1] for pair in pairs)

    def take(self, other: "Asked") -> None:
        """Fills in what `other` says and this does not."""
        self.color = self.color or other.color
        self.size = self.size or other.size
        if self.number is None and not self.plural:
            self.number = other.number


@dataclass(frozen=True, slots=True)
class Node:
    """A thing by its position, or what stands between things.

    Roles are those of `phrases`, with "thing" in place of all that describe one.
    """

    role: str
    value: Any
    after_other_words: bool = False  # words without a meaning here stand before it
    describes_next: bool = False  # a place with 的 behind it


class Gathering:
    """Reads mentions from left to right into `things` and `nodes`."""

    def __init__(self, mentions: Sequence[Mention]):
        self.things: list[Asked] = []
        self.nodes: list[Node] = []
        self._open = Asked()  # what is described, before its kind is named
        self._outer: list[Asked] = []  # 一只 of 一只站在花上的鸟, while 花 is read
        self._has_other_words = False  # since `_open` began
        self._unwanted = False
        for position, mention in enumerate(mentions):
            previous_end = mentions[position - 1].end if position else 0
            skipped = mention.start > previous_end
            self._has_other_words |= skipped
            self._read(mention, skipped, mentions[position + 1 :])
        self._close()

    def _read(self, mention: Mention, skipped: bool, ahead: Sequence[Mention]) -> None:
        if mention.role in {"number", "the", "color", "size"}:
            self._describe(mention)
        elif mention.role == "kind":
            self._name(mention)
        elif mention.role == "of":
            self._mark_description()
        elif mention.role == "no":
            self._unwanted = True
        elif mention.role == "at" and self._open.opened and _is_description(ahead):
            self._outer.append(self._open)
            self._open = Asked()
            self.nodes.append(Node("at", None))
        elif mention.role != "stop" or not self._goes_on(ahead):
            self._separate(mention, skipped)

    def _describe(self, mention: Mention) -> None:
        if mention.role in {"number", "the"}:
            if not self._open.opened:
                self._close()
            self._has_other_words = False
        if mention.role == "the":
            self._open.definite = True
        else:
            setattr(self._open, mention.role, mention.value)

    def _name(self, mention: Mention) -> None:
        self._open.kind, self._open.plural = mention.value
        if self._unwanted:
            self._open.kind = None
        self._add()
        self._unwanted = False

    def _add(self) -> None:
        named, self._open = self._open, Asked()
        for position in reversed(range(len(self.things))):
            if named.kind and named.may_be(self.things[position]):
                self.things[position].take(named)
                break
        else:
            position = len(self.things)
            self.things.append(named)
        self.nodes.append(Node("thing", position))

    def _mark_description(self) -> None:
        if self.nodes and self.nodes[-1].role == "place" and self._open == Asked():
            self.nodes[-1] = replace(self.nodes[-1], describes_next=True)

    def _goes_on(self, ahead: Sequence[Mention]) -> bool:
        """Tells whether a stop only parts adjectives: "a small, blue bird"."""
        # But 小鸟两只，红花一朵 counts the birds after naming them.
        described = self._open.opened and (self._open.color or self._open.size)
        if not described or self._has_other_words or not ahead:
            return False
        return ahead[0].role in {"color", "size", "kind"}

    def _separate(self, mention: Mention, skipped: bool) -> None:
        self._close()
        if mention.role not in {"there", "nothing"}:
            self.nodes.append(Node(mention.role, mention.value, skipped))
        if mention.role == "place" and self._outer:
            self._open = self._outer.pop()

    def _close(self) -> None:
        """Ends what is open although no kind was named."""
        open_, self._open = self._open, Asked()
        if open_.opened and self._has_other_words:
            # A thing that is not in the lexicon still stands in relations.
            self.things.append(Asked())
            self.nodes.append(Node("thing", len(self.things) - 1))
        elif self.nodes and open_ != Asked():
            last = next((n for n in reversed(self.nodes) if n.role == "thing"), None)
            if last is not None:
                self.things[last.value].take(open_)
        self._has_other_words = False


def _is_description(ahead: Sequence[Mention]) -> bool:
    """Tells whether what follows 在 is a place with 的, as in 在红色的花上的."""
    for mention, following in pairwise(ahead):
        if mention.role == "stop":
            return False
        if mention.role == "place":
            return following.role == "of" and following.start == mention.end
    return False
