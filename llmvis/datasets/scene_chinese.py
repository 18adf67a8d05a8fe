"""One Chinese sentence or phrase for a scene, drawn from a small grammar."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from llmvis.datasets.scene_wording import in_order, vary
from llmvis.prompts.lexicon import (
    BACKGROUNDS,
    COLORS,
    KINDS,
    NUMBERS_ZH,
    POSTURES,
    RELATIONS,
    SIZES,
)
from llmvis.records import Relation, Scene, Thing

_OPENINGS = ("图中有", "画面中有", "这里有")


@dataclass(frozen=True, slots=True)
class _Named:
    """What one caption calls one thing."""

    terse: str  # 蓝色小鸟, 两只蓝色小鸟
    counted: str  # 一只蓝色的小鸟
    described: str  # 蓝色的小鸟; the same as `counted` where there are several
    again: str  # 小鸟, or 蓝色的小鸟 where there are other birds
    many: bool
    rests: str  # 站
    hovers: str  # 飞

    def verb(self, relation: str) -> str:
        return self.hovers if relation == "above" else self.rests

    def landmark(self, rng: Random) -> str:
        return rng.choice((self.counted, self.described))


_Pair = Callable[[_Named, str, _Named, Random], str]


def describe(scene: Scene, rng: Random) -> str:
    """Writes one caption of a scene; see `scene_captions.captions`."""
    say_sizes = rng.random() < 0.4
    named = [_name(thing, scene, say_sizes, rng) for thing in scene.things]
    if rng.random() < 0.25:
        return _terse(named, scene.relations, rng)
    sentence = _sentence(named, scene.relations, rng)
    if scene.background and rng.random() < 0.4:
        sentence = _with_background(sentence, scene.background, rng)
    return sentence + rng.choice(("", "", "。"))


def _name(thing: Thing, scene: Scene, say_sizes: bool, rng: Random) -> _Named:
    noun = KINDS[thing.kind]
    size = thing.size if say_sizes else None
    many = thing.count > 1
    number = NUMBERS_ZH[thing.count] + vary(noun.measure, rng)
    called = _called(thing, rng)
    described = _described(thing, size, called, rng)
    terse = _tersely(thing, size, called, rng)
    alone = sum(other.kind == thing.kind for other in scene.things) == 1
    color = COLORS[thing.color].zh[0] + "的" if thing.color else ""
    return _Named(
        terse=number + terse if many else terse,
        counted=number + described,
        described=number + described if many else described,
        again=called if alone and rng.random() < 0.7 else color + called,
        many=many,
        rests=POSTURES[rng.choice(noun.postures)].zh,
        hovers=POSTURES[noun.hovers].zh,
    )


def _called(thing: Thing, rng: Random) -> str:
    noun = KINDS[thing.kind]
    called = vary(noun.zh, rng)
    # 小鸟 is almost any bird, but not a large one.
    return noun.sized if thing.size == "large" and called[0] == "小" else called


def _described(thing: Thing, size: str | None, called: str, rng: Random) -> str:
    color = vary(COLORS[thing.color].zh, rng) if thing.color else ""
    joint = "的" if color and (len(called) == 1 or rng.random() < 0.7) else ""
    if size is None:
        return color + joint + called
    sized = SIZES[size].zh_short + KINDS[thing.kind].sized
    # 小鸟 would not say that the bird is small.
    if sized not in KINDS[thing.kind].zh and rng.random() < 0.5:
        return (color and color + "的") + sized
    joint = "的" if color and len(called) == 1 else ""
    return f"{vary(SIZES[size].zh, rng)}的{color}{joint}{called}"


def _tersely(thing: Thing, size: str | None, called: str, rng: Random) -> str:
    noun, color = KINDS[thing.kind], thing.color and COLORS[thing.color]
    short_size = SIZES[size].zh_short if size else ""
    if color and len(noun.sized) == 1 and rng.random() < 0.4:
        return short_size + color.zh_short + noun.sized
    if size and short_size + noun.sized not in noun.zh:
        return (color.zh[0] if color else "") + short_size + noun.sized
    adjective = SIZES[size].zh[0] + "的" if size else ""
    joint = "的" if len(called) == 1 else ""
    return adjective + (color.zh[0] + joint if color else "") + called


def _terse(named: list[_Named], relations: tuple[Relation, ...], rng: Random) -> str:
    if not relations:
        return "和".join(thing.terse for thing in named)
    (s, relation, o), *others = in_order(relations, rng)
    where = RELATIONS[relation].zh[0]
    if others or rng.random() < 0.5:
        text = f"{named[s].terse}在{named[o].terse}{where}"
    else:
        text = f"{named[o].terse}{where}的{named[s].terse}"
    told = {s, o}
    for s, relation, o in others:
        subject = named[s].again if s in told else named[s].terse
        text += f"，{subject}在{named[o].again}{RELATIONS[relation].zh[0]}"
        told.add(s)
    return text


def _sentence(named: list[_Named], relations: tuple[Relation, ...], rng: Random) -> str:
    if not relations:
        listed = "和".join(thing.counted for thing in named)
        return rng.choice(("", "", "有", *_OPENINGS)) + listed
    (s, relation, o), *others = in_order(relations, rng)
    text = rng.choice(_PAIRS)(named[s], relation, named[o], rng)
    told = {s, o}
    for s, relation, o in others:
        if s in told:
            text += f"，{named[s].again}在{_at(named[o].again, relation, rng)}"
        else:
            text += "，" + rng.choice(_ADDITIONS)(named[s], relation, named[o], rng)
        told.add(s)
    return text


def _at(landmark: str, relation: str, rng: Random) -> str:
    """Says a place: 花朵上, 花朵左边, 花朵的左边."""
    where = rng.choice(RELATIONS[relation].zh)
    return landmark + ("的" if len(where) > 1 and rng.random() < 0.4 else "") + where


def _with_background(sentence: str, background: str, rng: Random) -> str:
    place = BACKGROUNDS[background]
    if rng.random() < 0.5 or sentence.startswith(_OPENINGS):
        return f"{sentence}，背景是{place.zh_behind}"
    comma = "" if sentence.startswith("有") else "，"
    return rng.choice(("", "在")) + vary(place.zh, rng) + comma + sentence


# Ways to say how a first thing, `s`, stands to another, `o`.


def _is_at(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f"{s.counted}在{_at(o.landmark(rng), relation, rng)}"


def _placed(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return f"{s.counted}{s.verb(relation)}在{_at(o.landmark(rng), relation, rng)}"


def _there_is(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    return rng.choice(("有", *_OPENINGS)) + _placed(s, relation, o, rng)


def _holds(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    there = rng.choice((f"{s.verb(relation)}着", "有"))
    return f"{_at(o.landmark(rng), relation, rng)}{there}{s.counted}"


def _in_two_steps(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    opening = rng.choice(("", "有", *_OPENINGS))
    there = rng.choice((f"{s.verb(relation)}着", "有"))
    return f"{opening}{o.counted}，{_there(relation)}{there}{s.counted}"


def _with_pronoun(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    it = "它们" if o.many else "它"
    opening = rng.choice(("有", *_OPENINGS))
    placed = f"{s.verb(relation)}在{it}{rng.choice(('', '的'))}{_there(relation)}"
    return f"{opening}{o.counted}，{s.counted}{placed}"


def _there(relation: str) -> str:
    """Says the place without its landmark: 上面, since 上 cannot stand alone."""
    return next(where for where in RELATIONS[relation].zh if len(where) > 1)


_PAIRS: tuple[_Pair, ...] = (
    _is_at,
    _placed,
    _placed,
    _there_is,
    _holds,
    _holds,
    _in_two_steps,
    _with_pronoun,
)


# Ways to add a thing, `s`, that stands to one already named, `o`.


def _also_placed(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    verb = rng.choice((s.verb(relation), ""))
    return f"{s.counted}{verb}在{_at(o.again, relation, rng)}"


def _also_holds(s: _Named, relation: str, o: _Named, rng: Random) -> str:
    there = rng.choice((f"{s.verb(relation)}着", "有"))
    return f"{_at(o.again, relation, rng)}{there}{s.counted}"


_ADDITIONS: tuple[_Pair, ...] = (_also_placed, _also_holds)
