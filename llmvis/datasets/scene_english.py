"""One English sentence or phrase for a scene, drawn from a small grammar."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from llmvis.datasets.scene_wording import in_order, vary
from llmvis.prompts.lexicon import (
    BACKGROUNDS,
    COLORS,
    KINDS,
    NUMBERS_EN,
    POSTURES,
    RELATIONS,
    SIZES,
    Posture,
)
from llmvis.prompts.relations import CONVERSE
from llmvis.records import Relation, Scene, Thing

# What follows "a flower with a bird ..."; {it} and {its} stand for the flower.
_TAILS = {
    "on": ("on top", "on top of {it}", "on {it}"),
    "under": ("underneath", "under {it}", "beneath {it}"),
    "above": ("above {it}", "overhead"),
    "below": ("below {it}",),
    "left_of": ("to {its} left", "on {its} left", "to the left of {it}"),
    "right_of": ("to {its} right", "on {its} right", "to the right of {it}"),
    "next_to": ("next to {it}", "beside {it}"),
}


@dataclass(frozen=True, slots=True)
class _Named:
    """What one caption calls one thing."""

    bare: str  # "small blue bird", "two small blue birds"
    a: str  # "a small blue bird", "two small blue birds"
    the: str  # "the bird", or "the blue bird" where there are other birds
    many: bool
    rest: Posture
    hovers: Posture

    def placed(self, relation: str) -> Posture:
        return self.hovers if relation == "above" else self.rest

    def verb(self, relation: str) -> str:
        posture = self.placed(relation)
        return posture.plural if self.many else posture.singular

    @property
    def is_or_are(self) -> str:
        return "are" if self.many else "is"

    def again(self) -> "_Named":
        """The same thing when it is named a second time."""
        return replace(self, bare=self.the, a=self.the)

    def fill(self, tail: str) -> str:
        if self.many:
            return tail.replace("{its}", "their").replace("{it}", "them")
        return tail.replace("{its}", "its").replace("{it}", "it")


_OPENINGS = ("a picture of", "this picture shows", "an image of", "a drawing of")

_Pair = Callable[[_Named, str, _Named, Random], str]


def describe(scene: Scene, rng: Random) -> str:
    """Writes one caption of a scene; see `scene_captions.captions`."""
    say_sizes = rng.random() < 0.4
    named = [_name(thing, scene, say_sizes, rng) for thing in scene.things]
    if rng.random() < 0.25:
        return _terse(named, scene, rng)
    sentence = _sentence(named, scene.relations, rng)
    if rng.random() < 0.4:
        sentence = _with_background(sentence, scene, rng)
    if rng.random() < 0.3:
        return sentence[0].upper() + sentence[1:] + "."
    return sentence


def _name(thing: Thing, scene: Scene, say_sizes: bool, rng: Random) -> _Named:
    noun = KINDS[thing.kind]
    many = thing.count > 1
    called = vary(noun.plurals if many else noun.en, rng)
    color = vary(COLORS[thing.color].en, rng) if thing.color else ""
    size = vary(SIZES[thing.size].en, rng) if say_sizes and thing.size else ""
    described = " ".join(filter(None, (size, color, called)))
    alone = sum(other.kind == thing.kind for other in scene.things) == 1
    clear = called if alone and rng.random() < 0.7 else f"{color} {called}".strip()
    number = NUMBERS_EN[thing.count]
    article = "an" if described[0] in "aeiou" else "a"
    return _Named(
        bare=f"{number} {described}" if many else described,
        a=f"{number if many else article} {described}",
        the=f"the {clear}",
        many=many,
        rest=POSTURES[rng.choice(noun.postures)],
        hovers=POSTURES[noun.hovers],
    )


def _terse(named: list[_Named], scene: Scene, rng: Random) -> str:
    if not scene.relations:
        return " and ".join(thing.bare for thing in named)
    clauses = []
    for s, relation, o in in_order(scene.relations, rng):
        clauses.append(f"{named[s].bare} {_short(relation)} {named[o].bare}")
        named[s], named[o] = named[s].again(), named[o].again()
    return ", ".join(clauses)


def _short(relation: str) -> str:
    return min(RELATIONS[relation].en, key=len)


def _sentence(named: list[_Named], relations: tuple[Relation, ...], rng: Random) -> str:
    if not relations:
        return _alone(named, rng)
    hub = _hub(relations)
    if hub is not None and rng.random() < 0.3:
        return _round_a_hub(named, relations, hub, rng)
    (s, relation, o), *others = in_order(relations, rng)
    pair, additions = rng.choice(_PAIRS)
    text = pair(named[s], relation, named[o], rng)
    told = {s, o}
    for s, relation, o in others:
        add = _also_stated if s in told else rng.choice(additions)
        subject = named[s].again() if s in told else named[s]
        text += add(subject, relation, named[o], rng)
        told.add(s)
    return text


def _hub(relations: tuple[Relation, ...]) -> int | None:
    """Finds the thing that both of two relations are about."""
    if len(relations) != 2:
        return None
    first, second = ({r.subject, r.object} for r in relations)
    return (first & second).pop() if len(first & second) == 1 else None


def _alone(named: list[_Named], rng: Random) -> str:
    listed = " and ".join(thing.a for thing in named)
    opening = rng.choice(("", f"there {named[0].is_or_are}", *_OPENINGS))
    return f"{opening} {listed}".lstrip()


def _round_a_hub(named: list[_Named], relations, hub: int, rng: Random) -> str:
    parts = []
    for relation in relations:
        if relation.object == hub:
            other, name = named[relation.subject], relation.relation
        else:
            other, name = named[relation.object], CONVERSE[relation.relation]
        parts.append(f"{other.a} {named[hub].fill(rng.choice(_TAILS[name]))}")
    return f"{named[hub].a} with {parts[0]} and {parts[1]}"


def _with_background(sentence: str, scene: Scene, rng: Random) -> str:
    if scene.background is None:
        return sentence
    place = vary(BACKGROUNDS[scene.background].en, rng)
    if rng.random() < 0.3 and not sentence.startswith(_OPENINGS):
        return f"{place}, {sentence}"
    return f"{sentence}{rng.choice((',', ''))} {place}"


# Ways to say how a first thing, `s`, stands to another, `o`.


def _plain(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f"{s.a} {rng.choice(RELATIONS[relation].en)} {o.a}"


def _shown(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f"{rng.choice(_OPENINGS)} {_placed(s, relation, o, rng)}"


def _placed(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    participle = s.placed(relation).participle
    return f"{s.a} {participle} {rng.choice(RELATIONS[relation].en)} {o.a}"


def _stated(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f"{s.a} {s.verb(relation)} {rng.choice(RELATIONS[relation].en)} {o.a}"


def _there_is(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f"there {s.is_or_are} {_plain(s, relation, o, rng)}"


def _with(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f"{o.a} with {s.a} {o.fill(rng.choice(_TAILS[relation]))}"


def _inverted(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f"{rng.choice(RELATIONS[relation].en)} {o.a} {_fronted(s, relation)} {s.a}"


def _fronted(s: _Named, relation: str) -> str:
    verb = s.verb(relation)
    # "On a house sits a cat", but not "on a house is parked a car".
    return f"there {s.is_or_are}" if verb.startswith(("is ", "are ")) else verb


def _in_two_steps(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    where = f"{rng.choice(RELATIONS[relation].en)} {o.fill('{it}')}"
    return f"there {o.is_or_are} {o.a}; {s.a} {s.verb(relation)} {where}"


# Ways to add a thing, `s`, that stands to one already named, `o`.


def _also_with(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f", with {s.a} {rng.choice(RELATIONS[relation].en)} {o.the}"


def _also(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f" and {s.a} {rng.choice(RELATIONS[relation].en)} {o.the}"


def _also_stated(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    where = rng.choice(RELATIONS[relation].en)
    return f", and {s.a} {s.verb(relation)} {where} {o.the}"


def _also_inverted(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    where = rng.choice(RELATIONS[relation].en)
    return f"; {where} {o.the} {_fronted(s, relation)} {s.a}"


# Each way to begin, with the ways to go on that sound right after it.
_PHRASE_GOES_ON = (_also_with, _also, _also_inverted)
_SENTENCE_GOES_ON = (_also_stated, _also_inverted)
_PAIRS: tuple[tuple[_Pair, tuple[_Pair, ...]], ...] = (
    (_plain, _PHRASE_GOES_ON),
    (_plain, _PHRASE_GOES_ON),
    (_shown, _PHRASE_GOES_ON),
    (_placed, _PHRASE_GOES_ON),
    (_placed, _PHRASE_GOES_ON),
    (_there_is, _PHRASE_GOES_ON),
    (_with, (_also, _also_inverted)),
    (_with, (_also, _also_inverted)),
    (_stated, _SENTENCE_GOES_ON),
    (_inverted, _SENTENCE_GOES_ON),
    (_in_two_steps, _SENTENCE_GOES_ON),
)
