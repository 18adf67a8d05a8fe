"""Answers to what a prompt asks, from what is read in the picture, with reasons."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from llmvis.judges.matching import match
from llmvis.judges.reading import Found, Reading, Seen
from llmvis.judges.scene_truth import CLASSES
from llmvis.judges.wording import describe, number, place
from llmvis.prompts import relations
from llmvis.prompts.lexicon import RELATIONS
from llmvis.prompts.parse import questions
from llmvis.records import Question, Scene, Thing, Verdict

_NUM_JITTERS = 32  # boxes that a relation is tried on, for its confidence

Answer = tuple[bool, float, str]  # whether it holds, the chance of it, the reason


def answer(reading: Reading, asked: Scene, box_spread: float) -> tuple[Verdict, ...]:
    """Answers every question that a scene raises, and whether that is all there is.

    The last verdict, about "extra", holds where nothing is in the picture that was not
    asked for; a wrong thing in the place of a missing one is not counted there again.
    So a picture is all correct when every verdict holds: everything asked for is there,
    as asked, and nothing else. A question whose parents do not hold does not hold.

    Args:
        reading: What is in the picture.
        asked: What should be.
        box_spread: How far the edges of read boxes are usually off, in [0, 1].

    Returns:
        One verdict for each of `prompts.parse.questions`, and the last one.

    Raises:
        PromptError: The scene holds nothing to ask about.
    """
    asking = _Asking(reading, asked, box_spread)
    verdicts: list[Verdict] = []
    for question in questions(asked):
        if reading.is_flat:
            answered = (False, 0.0, "the picture is one flat colour")
        else:
            answered = asking.answer(question)
        missing = [p for p in question.parents if not verdicts[p].holds]
        if missing and not reading.is_flat:
            answered = (False, answered[1], verdicts[missing[0]].reason)
        verdicts.append(_verdict(question, answered))
    return (*verdicts, _verdict(_NOTHING_ELSE, asking.nothing_else()))


_NOTHING_ELSE = Question(
    about="extra", text="Is nothing else in the picture?", subject=-1, value="nothing"
)


def _verdict(question: Question, answered: Answer) -> Verdict:
    holds, chance, reason = answered
    return Verdict(
        question=question,
        holds=holds,
        confidence=min(1.0, max(0.0, float(chance))),
        reason=reason,
    )


class _Asking:
    """One picture, what is asked of it, and which thing stands for which."""

    def __init__(self, reading: Reading, asked: Scene, box_spread: float):
        self._reading, self._asked, self._spread = reading, asked, box_spread
        found = reading.found(of_any_color=_asked_in_any_color(asked))
        places = match(asked, [one.thing for one in found])
        self._matched = [None if p is None else found[p] for p in places]
        self._left = [one for p, one in enumerate(found) if p not in places]
        self._answers: dict[str, Callable[[Question], Answer]] = {
            "thing": self._thing,
            "color": self._color,
            "size": self._size,
            "count": self._count,
            "relation": self._relation,
            "background": self._background,
        }

    def answer(self, question: Question) -> Answer:
        return self._answers[question.about](question)

    def nothing_else(self) -> Answer:
        taken = [id(one) for found in self._matched if found for one in found.seen]
        others = [one for one in self._reading.seen if id(one) not in taken]
        chance = float(np.prod([1 - one.present for one in others]))
        if not self._left:
            return True, chance, "nothing else is there"
        names = " and ".join(describe(found.thing) for found in self._left)
        return False, chance, f"found {names} that the prompt does not ask for"

    def _thing(self, question: Question) -> Answer:
        wanted, found = self._pair(question)
        chance = self._chance_of_kind(question.subject)
        if found is None:
            return False, chance, f"expected {describe(wanted)}, found none"
        return found.thing.kind == wanted.kind, chance, _compare(wanted, found.thing)

    def _color(self, question: Question) -> Answer:
        return self._attribute(question, "color")

    def _size(self, question: Question) -> Answer:
        return self._attribute(question, "size")

    def _attribute(self, question: Question, name: str) -> Answer:
        wanted, found = self._pair(question)
        if found is None:
            return False, 0.0, f"expected {describe(wanted)}, found none"
        values = [one.chance_of(name, question.value) for one in found.seen]
        chance = self._chance_of_kind(question.subject) * float(np.mean(values))
        holds = getattr(found.thing, name) == question.value
        return holds, chance, _compare(wanted, found.thing)

    def _count(self, question: Question) -> Answer:
        wanted, found = self._pair(question)
        copies = [
            one.present
            * one.chance_of("kind", wanted.kind)
            * (1 if wanted.color is None else one.chance_of("color", wanted.color))
            for one in self._free(found)
        ]
        chance = _chance_of_count(copies, wanted.count)
        count = 0 if found is None else found.thing.count
        if count == wanted.count:
            return True, chance, f"found {number(count)}"
        said = number(count) if count else "none"
        return False, chance, f"expected {describe(wanted)}, found {said}"

    def _relation(self, question: Question) -> Answer:
        subject, object = (
            self._matched[position] for position in (question.subject, question.object)
        )
        if subject is None or object is None:
            return False, 0.0, "one of the two is not there"
        boxes = [relations.union(found.thing.boxes) for found in (subject, object)]
        chance = _chance_of_relation(question.value, boxes, self._spread)
        for position in (question.subject, question.object):
            chance *= self._chance_of_kind(position)
        phrase = RELATIONS[question.value].en[0]
        wanted = f"{_brief(subject)} {phrase} {_brief(object)}"
        if relations.holds(question.value, *boxes):
            return True, chance, f"found {wanted}"
        return False, chance, f"expected {wanted}, found it {_stands(*boxes)}"

    def _background(self, question: Question) -> Answer:
        position = CLASSES["background"].index(question.value)
        chance = self._reading.background[position]
        there = self._reading.likeliest_background
        if there == question.value:
            return True, chance, f"found it {place(there)}"
        wanted = place(question.value)
        return False, chance, f"expected it {wanted}, found it {place(there)}"

    def _pair(self, question: Question) -> tuple[Thing, Found | None]:
        return self._asked.things[question.subject], self._matched[question.subject]

    def _chance_of_kind(self, position: int) -> float:
        kind = self._asked.things[position].kind
        free = self._free(self._matched[position])
        return max(
            (one.present * one.chance_of("kind", kind) for one in free), default=0.0
        )

    def _free(self, found: Found | None) -> list[Seen]:
        """What can be the thing that `found` stands for: not what others stand for."""
        taken = [
            id(one)
            for other in self._matched
            if other is not None and other is not found
            for one in other.seen
        ]
        return [one for one in self._reading.seen if id(one) not in taken]


def _asked_in_any_color(asked: Scene) -> set[str]:
    """Names the kinds asked for once and without a colour: "three apples"."""
    kinds = [thing.kind for thing in asked.things]
    return {t.kind for t in asked.things if not t.color and kinds.count(t.kind) == 1}


def _compare(wanted: Thing, found: Thing) -> str:
    if describe(wanted) == describe(found):
        return f"found {describe(found)}"
    return f"expected {describe(wanted)}, found {describe(found)}"


def _brief(found: Found) -> str:
    return describe(replace(found.thing, size=None))


def _chance_of_count(copies: Sequence[float], count: int) -> float:
    """The chance that exactly `count` of independent events come true."""
    chances = np.ones(1)
    for chance in copies:
        chances = np.convolve(chances, [1 - chance, chance])
    return float(chances[count]) if count < len(chances) else 0.0


def _chance_of_relation(relation: str, boxes, spread: float) -> float:
    """The share of boxes round those read for which a relation holds."""
    # The same jitters for every picture, so that equal boxes get equal confidence.
    noise = np.random.default_rng(0).normal(0, spread, (_NUM_JITTERS, 2, 4))
    tried = np.array(boxes) + noise
    tried[..., 2:] = np.maximum(tried[..., 2:], tried[..., :2] + 1e-3)
    held = [relations.holds(relation, *pair) for pair in tried.tolist()]
    # One more try that could have gone either way: 32 of 32 is not certainty.
    return (sum(held) + 0.5) / (len(held) + 1)


def _stands(subject, object) -> str:
    """Says how one box stands to another, the most telling relation first."""
    for name in ("on", "under", "above", "below", "left_of", "right_of"):
        if relations.holds(name, subject, object):
            return f"{RELATIONS[name].en[0]} it"
    return "somewhere else"
