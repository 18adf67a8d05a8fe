"""Finds which thing stands in which relation to which, from the order of words."""

from collections.abc import Sequence

from llmvis.prompts.nouns import Node
from llmvis.prompts.relations import CONVERSE
from llmvis.records import Relation

_SETTING = frozenset({"background", "scenery"})
_RELATES = frozenset({"relation", "place", "tail", "mutual"})


class Placing:
    """Reads nodes from left to right into `relations`.

    English says "A on B", "on B sits A", "B with A on it" and "B with A on top";
    Chinese says A在B上, B上有A, 在B上的A, and B，上面有A.
    """

    def __init__(self, nodes: Sequence[Node]):
        self.relations: list[Relation] = []
        self.one_sided: list[tuple[int, str]] = []  # "a cat on the left", of what?
        self._segments, self._joined = _cut(nodes)
        self._topic: int | None = None  # what "it" stands for
        self._subject: int | None = None  # of the last relation
        for number, segment in enumerate(self._segments):
            for position, node in enumerate(segment):
                self._read(node, number, position)

    def _read(self, node: Node, number: int, position: int) -> None:
        segment = self._segments[number]
        if node.role == "with":
            before = _things(segment[:position]) or self._earlier(number)
            self._topic = before[-1] if before else self._topic
        elif node.role == "mutual":
            last = [*self._earlier(number), *_things(segment[:position])][-2:]
            if len(last) == 2:
                self._record([last[0]], node.value, last[1])
        elif node.role == "place":
            self._read_place(node, number, position)
        elif node.role in {"relation", "tail"}:
            self._read_relation(node, number, position)

    def _read_relation(self, node: Node, number: int, position: int) -> None:
        """Reads a relation that stands before its object, if it has one."""
        segment = self._segments[number]
        after = segment[position + 1 :]
        named = after[0] if after and node.role == "relation" else None
        if named is not None and named.role == "scenery":
            return
        explicit = named is not None and named.role in {"thing", "it"}
        before = self._named_before(number, position)
        subjects = self._before(number, before) or self._following(
            number, position + 1 + explicit
        )
        self._relate(subjects, node, named if explicit else None, number, position)

    def _read_place(self, node: Node, number: int, position: int) -> None:
        """Reads a Chinese place word, which stands after its object."""
        segment = self._segments[number]
        previous = segment[position - 1] if position else None
        explicit = previous is not None and previous.role in {"thing", "it"}
        if previous is not None and previous.role == "scenery":
            return
        if node.after_other_words and not explicit:
            return  # on a thing that is not in the lexicon
        at = max((i for i in range(position) if segment[i].role == "at"), default=None)
        if explicit and at is None and position > 1 and not _things(segment[position:]):
            at = position - 1  # 蓝鸟站红花上, without 在
        before = [] if at is None else self._named_before(number, at)
        if node.describes_next and _things(segment[position:]):
            before = []
        subjects = self._before(number, before) or self._following(number, position + 1)
        self._relate(subjects, node, previous if explicit else None, number, position)

    def _relate(
        self,
        subjects: list[int],
        node: Node,
        named: Node | None,
        number: int,
        position: int,
    ) -> None:
        if not subjects:
            return
        if named is not None and named.role == "thing":
            object = named.value
        else:
            object = self._antecedent(subjects, number, position)
        if object is None and node.value is not None:
            self.one_sided.append((subjects[0], node.value))
        if object is None:
            return
        if named is None or named.role == "it":
            self._topic = object
        self._record(subjects, node.value, object)

    def _before(self, number: int, before: list[int]) -> list[int]:
        """Chooses subjects among the things before a relation: the last one.

        "A cat and a dog on a tree" are two subjects, if nothing else is said of the
        first one.
        """
        if not before:
            return []
        if len(before) == 1 and self._joined[number] and self._is_bare(number - 1):
            return [*_things(self._segments[number - 1]), before[0]]
        return before[-1:]

    def _following(self, number: int, position: int) -> list[int]:
        """Chooses subjects where none stands before: "on the tree sits a cat"."""
        found = _things(self._segments[number][position:])[:1]
        last = number
        if not found and self._starts_with_thing(number + 1):
            found = _things(self._segments[number + 1])[:1]
            last = number + 1
        if not found:
            return (
                self._earlier(number)[:1] if self._subject is None else [self._subject]
            )
        if self._is_bare(last + 1) and self._joined[last + 1]:
            found += _things(self._segments[last + 1])
        return found

    def _starts_with_thing(self, number: int) -> bool:
        if number >= len(self._segments) or not self._segments[number]:
            return False
        roles = {node.role for node in self._segments[number]}
        return self._segments[number][0].role == "thing" and not roles & _RELATES

    def _is_bare(self, number: int) -> bool:
        """Tells whether a segment is one thing and nothing else."""
        if not 0 <= number < len(self._segments):
            return False
        roles = [n.role for n in self._segments[number] if n.role not in _SETTING]
        return roles == ["thing"]

    def _antecedent(
        self, subjects: list[int], number: int, position: int
    ) -> int | None:
        """Finds what "it" stands for, or what an unsaid object is."""
        here = _things(self._segments[number][:position])
        topics = [] if self._topic is None else [self._topic]
        nearest = [
            thing
            for segment in reversed(self._segments[:number])
            for thing in _things(segment)
        ]
        candidates = [t for t in (*topics, *nearest, *here) if t not in subjects]
        return candidates[0] if candidates else None

    def _named_before(self, number: int, position: int) -> list[int]:
        """Lists the things before a place in a segment, by name or by pronoun."""
        named: list[int] = []
        for i, node in enumerate(self._segments[number][:position]):
            if node.role == "thing":
                named.append(node.value)
            elif node.role == "which":
                named += self._earlier(number)[-1:]
            elif node.role == "it":
                antecedent = self._antecedent(named, number, i)
                named += [] if antecedent is None else [antecedent]
        return named

    def _earlier(self, number: int) -> list[int]:
        return [t for segment in self._segments[:number] for t in _things(segment)]

    def _record(self, subjects: list[int], relation: str | None, object: int) -> None:
        self._subject = subjects[0]
        for subject in subjects:
            told = Relation(subject, relation or "", object)
            if relation and subject != object and told not in self.relations:
                self.relations.append(told)


def _cut(nodes: Sequence[Node]) -> tuple[list[list[Node]], list[bool]]:
    """Cuts nodes at stops; also tells which segments are joined on by "and"."""
    segments: list[list[Node]] = [[]]
    joined = [False]
    for node in nodes:
        if node.role != "stop":
            segments[-1].append(node)
        elif segments[-1]:
            segments.append([])
            joined.append(bool(node.value))
        else:
            joined[-1] = bool(node.value)
    return segments, joined


def _things(nodes: Sequence[Node]) -> list[int]:
    return [node.value for node in nodes if node.role == "thing"]


def without_converses(relations: Sequence[Relation]) -> list[Relation]:
    """Leaves out what an earlier relation already says the other way round."""
    kept: list[Relation] = []
    for told in relations:
        turned = Relation(told.object, CONVERSE[told.relation], told.subject)
        if told not in kept and turned not in kept:
            kept.append(told)
    return kept
