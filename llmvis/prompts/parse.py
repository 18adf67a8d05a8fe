"""What a prompt asks for, as a scene and as questions about a picture.

English and Chinese, also mixed. Words that the lexicon does not know are passed over,
so a prompt that also asks for other things is judged by those that are known.
"""

from functools import lru_cache

from llmvis.errors import PromptError
from llmvis.prompts.lexicon import BACKGROUNDS, KINDS, RELATIONS
from llmvis.prompts.mentions import Mention, find_mentions
from llmvis.prompts.nouns import Asked, Gathering
from llmvis.prompts.placing import Placing, without_converses
from llmvis.records import Question, Relation, Scene, Thing

_MOST_CHARACTERS = 2_000  # the time it takes grows with the square of the things


@lru_cache(maxsize=10_000)
def parse(prompt: str) -> Scene:
    """Reads what a prompt asks for.

    Args:
        prompt: English or Chinese text of at most 2,000 characters.

    Returns:
        The things in the order they are first named, without boxes. A count of 0 is
        "several"; what is not said of a thing or the background is None.

    Raises:
        PromptError: The prompt is too long, or neither a thing nor a background is
            recognized in it.
    """
    if len(prompt) > _MOST_CHARACTERS:
        raise PromptError(
            f"The prompt has {len(prompt)} characters. Shorten it to "
            f"{_MOST_CHARACTERS}."
        )
    mentions = find_mentions(prompt)
    gathering = Gathering(mentions)
    placing = Placing(gathering.nodes)
    kept = [i for i, asked in enumerate(gathering.things) if asked.kind is not None]
    scene = Scene(
        things=tuple(_thing(gathering.things[i]) for i in kept),
        relations=_relations(placing, kept),
        background=_background(mentions),
    )
    if not scene.things and scene.background is None:
        raise PromptError(
            f"The prompt {prompt[:40]!r} asks for nothing that can be checked. "
            f"Name one of these: {', '.join(KINDS)}."
        )
    return scene


def questions(scene: Scene) -> tuple[Question, ...]:
    """Takes what is asked for apart into yes-or-no questions.

    Cho et al., 2023, "Davidsonian Scene Graph", https://arxiv.org/abs/2310.18235.

    Args:
        scene: What is asked for, as `parse` gives it.

    Returns:
        First the things, each followed by its colour, size and count as far as they
        are said, then the relations, then the background. Every question comes after
        its parents: an attribute after its thing, a relation after both things.

    Raises:
        PromptError: The scene holds nothing to ask about.
    """
    asked: list[Question] = []
    things: list[int] = []
    for position in range(len(scene.things)):
        things.append(len(asked))
        asked += _about_thing(scene, position, parent=len(asked))
    asked += [_about_relation(scene, told, things) for told in scene.relations]
    if scene.background is not None:
        place = BACKGROUNDS[scene.background].en[0]
        text = f"Is the picture {place}?"
        asked.append(
            Question(about="background", text=text, subject=-1, value=scene.background)
        )
    if not asked:
        raise PromptError("The scene is empty. Ask for at least one thing.")
    return tuple(asked)


def _about_thing(scene: Scene, position: int, parent: int) -> list[Question]:
    thing = scene.things[position]
    many = thing.count != 1
    noun = KINDS[thing.kind].plurals[0] if many else KINDS[thing.kind].en[0]
    is_, a = ("Are", "") if many else ("Is", "an " if noun[0] in "aeiou" else "a ")
    found = Question(
        about="thing",
        text=f"{is_} there {a}{noun}?",
        subject=position,
        value=thing.kind,
    )
    attributes = [
        ("color", thing.color, f"{is_} the {noun} {thing.color}?"),
        ("size", thing.size, f"{is_} the {noun} {thing.size}?"),
        ("count", str(thing.count or ""), f"{is_} there exactly {thing.count} {noun}?"),
    ]
    return [found] + [
        Question(
            about=about, text=text, subject=position, value=value, parents=(parent,)
        )
        for about, value, text in attributes
        if value
    ]


def _about_relation(scene: Scene, told: Relation, things: list[int]) -> Question:
    subject, object = scene.things[told.subject], scene.things[told.object]
    is_ = "Is" if subject.count == 1 else "Are"
    phrase = RELATIONS[told.relation].en[0]
    return Question(
        about="relation",
        text=f"{is_} the {_called(subject)} {phrase} the {_called(object)}?",
        subject=told.subject,
        value=told.relation,
        object=told.object,
        parents=(things[told.subject], things[told.object]),
    )


def _called(thing: Thing) -> str:
    noun = KINDS[thing.kind]
    name = noun.en[0] if thing.count == 1 else noun.plurals[0]
    return f"{thing.color} {name}" if thing.color else name


def _thing(asked: Asked) -> Thing:
    kind = asked.kind or ""
    return Thing(kind=kind, color=asked.color, size=asked.size, count=asked.count)


def _relations(placing: Placing, kept: list[int]) -> tuple[Relation, ...]:
    """Numbers the things of relations anew, without those that are not known."""
    told = list(placing.relations)
    if len(kept) == 2:
        # "A cat on the left, a bird": to the left of the only other thing.
        told += [
            Relation(subject, side, kept[1 - kept.index(subject)])
            for subject, side in placing.one_sided
            if subject in kept and not told
        ]
    return tuple(
        Relation(kept.index(r.subject), r.relation, kept.index(r.object))
        for r in without_converses(told)
        if r.subject in kept and r.object in kept
    )


def _background(mentions: list[Mention]) -> str | None:
    named = [m.value for m in mentions if m.role in {"background", "scenery"}]
    # In "the sky at night" the last one says more.
    return named[-1] if named else None
