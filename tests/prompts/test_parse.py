import json
from pathlib import Path
from random import Random

import pytest

from llmvis.datasets.scene_captions import captions
from llmvis.errors import PromptError
from llmvis.prompts.lexicon import BACKGROUNDS, COLORS, KINDS, RELATIONS, SIZES
from llmvis.prompts.parse import parse, questions
from llmvis.prompts.phrases import phrases
from llmvis.prompts.relations import CONVERSE
from llmvis.records import Relation, Scene, Thing

# "2 yellow star, moon | star above moon | night" for each prompt, which no grammar
# here wrote; null where nothing can be asked.
PARAPHRASES = json.loads(
    Path(__file__).with_name("paraphrases.json").read_text("utf-8")
)
# What is known to be misread: "respectively", an adjective made of a noun, two
# colours of one thing.
MISREAD = {
    "a yellow star on a yellow star-shaped thing",
    "bird under flower, blue and red respectively",
    "红色、蓝色的球",
}


def random_scene(rng):
    pairs = [(kind, color) for kind in KINDS for color in COLORS]
    things = tuple(
        Thing(
            kind=kind,
            color=color,
            size=rng.choice(list(SIZES)),
            count=rng.randint(1, 3),
        )
        for kind, color in rng.sample(pairs, rng.randint(1, 3))
    )
    relations = tuple(
        Relation(*_either_way(i, rng.choice(list(RELATIONS)), rng.randrange(i), rng))
        for i in range(1, len(things))
    )
    background = rng.choice(list(BACKGROUNDS))
    return Scene(things=things, relations=relations, background=background)


def _either_way(first, relation, second, rng):
    return (
        (first, relation, second) if rng.random() < 0.5 else (second, relation, first)
    )


def told(scene):
    """What a scene says, in whatever order and from whichever side it is told."""
    names = [f"{thing.color} {thing.kind}" for thing in scene.things]
    relations = {
        min(
            (names[r.subject], r.relation, names[r.object]),
            (names[r.object], CONVERSE[r.relation], names[r.subject]),
        )
        for r in scene.relations
    }
    things = sorted(f"{t.count} {t.color} {t.kind}" for t in scene.things)
    return things, relations


def test_every_caption_is_read_back_as_the_scene_it_was_written_for():
    rng = Random(0)
    for _ in range(1000):
        scene = random_scene(rng)
        sizes = {(thing.kind, thing.color): thing.size for thing in scene.things}
        for caption in captions(scene, rng):
            read = parse(caption.text)
            assert told(read) == told(scene), caption.text
            assert read.background in {None, scene.background}, caption.text
            for thing in read.things:
                assert thing.size in {None, sizes[thing.kind, thing.color]}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_size_and_a_background_are_read_wherever_they_are_said(lang):
    rng = Random(1)
    said = {
        "en": (" small ", "with a large ", "at night"),
        "zh": ("很小的", "巨大的", "夜空下"),
    }[lang]
    scenes = [random_scene(rng) for _ in range(300)]
    texts = [c.text for s in scenes for c in captions(s, rng) if c.lang == lang]
    for text in texts:
        scene = parse(text)
        if any(word in f" {text}" for word in said[:2]):
            assert any(thing.size for thing in scene.things), text
        if said[2] in text.lower():
            assert scene.background == "night", text


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (prompt, expected)
        for language in PARAPHRASES.values()
        for prompt, expected in language.items()
        if prompt not in MISREAD and expected is not None
    ],
)
def test_a_prompt_no_grammar_here_wrote_is_read(prompt, expected):
    scene = parse(prompt)
    things, relations, background = (
        [part.strip() for part in expected.split("|")] + ["", ""]
    )[:3]
    assert sorted(map(_write, scene.things)) == sorted(filter(None, things.split(", ")))
    names = [_name(scene, i) for i in range(len(scene.things))]
    found = {
        f"{names[r.subject]} {r.relation} {names[r.object]}" for r in scene.relations
    }
    turned = {
        f"{names[r.object]} {CONVERSE[r.relation]} {names[r.subject]}"
        for r in scene.relations
    }
    wanted = set(filter(None, relations.split(", ")))
    assert len(wanted) == len(found)
    assert wanted <= found | turned
    assert scene.background == (background or None)


def _write(thing):
    count = "" if thing.count == 1 else str(thing.count)
    return " ".join(filter(None, (count, thing.size, thing.color, thing.kind)))


def _name(scene, position):
    thing = scene.things[position]
    alone = sum(other.kind == thing.kind for other in scene.things) == 1
    return thing.kind if alone else f"{thing.color} {thing.kind}"


@pytest.mark.parametrize(
    "prompt", ["a green dragon", "一条狗", "", "!!", "🐦", "hello"]
)
def test_a_prompt_that_gives_no_question_is_refused_with_what_could_be(prompt):
    with pytest.raises(PromptError, match="Name one of these: bird, flower"):
        parse(prompt)


def test_a_prompt_of_thousands_of_characters_is_refused_with_the_limit():
    with pytest.raises(PromptError, match=r"24000 characters\. Shorten it to 2000"):
        parse("a" * 24_000)


def test_things_are_told_in_the_order_they_are_first_named():
    scene = parse("a red flower with a blue bird on top")
    assert [thing.kind for thing in scene.things] == ["flower", "bird"]
    assert scene.relations == (Relation(1, "on", 0),)


def test_a_number_that_is_not_said_is_several():
    assert parse("red stars").things[0].count == 0
    assert all(question.about != "count" for question in questions(parse("red stars")))


def test_what_is_not_said_is_none():
    (bird,) = parse("a bird").things
    assert (bird.color, bird.size, bird.count) == (None, None, 1)
    assert parse("a bird").background is None


def test_questions_of_a_bird_on_a_flower():
    asked = questions(parse("two small blue birds on a red flower at night"))
    assert [question.text for question in asked] == [
        "Are there birds?",
        "Are the birds blue?",
        "Are the birds small?",
        "Are there exactly 2 birds?",
        "Is there a flower?",
        "Is the flower red?",
        "Is there exactly 1 flower?",
        "Are the blue birds on the red flower?",
        "Is the picture at night?",
    ]
    values = [question.value for question in asked]
    assert values == ["bird", "blue", "small", "2", "flower", "red", "1", "on", "night"]
    assert [q.subject for q in asked] == [0, 0, 0, 0, 1, 1, 1, 0, -1]


def test_an_attribute_hangs_on_its_thing_and_a_relation_on_both():
    asked = questions(parse("two small blue birds on a red flower at night"))
    parents = [question.parents for question in asked]
    assert parents == [(), (0,), (0,), (0,), (), (4,), (4,), (0, 4), ()]
    assert (asked[7].subject, asked[7].object) == (0, 1)


def test_every_parent_comes_before_its_child():
    rng = Random(2)
    for _ in range(300):
        asked = questions(random_scene(rng))
        for position, question in enumerate(asked):
            assert all(parent < position for parent in question.parents)


def test_an_empty_scene_raises_instead_of_asking_nothing():
    with pytest.raises(PromptError, match="at least one thing"):
        questions(Scene(things=(), relations=(), background=None))


def test_words_in_any_order_give_a_scene_that_holds_together_or_a_prompt_error():
    rng, words = Random(3), sorted(phrases())
    for _ in range(2000):
        salad = " ".join(rng.choices(words, k=rng.randint(1, 12)))
        try:
            scene = parse(salad)
        except PromptError:
            continue
        for told in scene.relations:
            assert told.relation in RELATIONS, salad
            assert told.subject != told.object, salad
            assert max(told.subject, told.object) < len(scene.things), salad
        assert questions(scene)
