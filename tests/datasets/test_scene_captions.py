from random import Random

import pytest

from llmvis.datasets.scene_captions import captions
from llmvis.prompts.lexicon import (
    BACKGROUNDS,
    COLORS,
    KINDS,
    NUMBERS_EN,
    RELATIONS,
    SIZES,
)
from llmvis.records import Relation, Scene, Thing


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
    relations: tuple[Relation, ...] = ()
    for i in range(1, len(things)):
        subject, object = rng.sample([i, rng.randrange(i)], 2)
        relations += (Relation(subject, rng.choice(list(RELATIONS)), object),)
    background = rng.choice(list(BACKGROUNDS))
    return Scene(things=things, relations=relations, background=background)


@pytest.fixture
def scenes():
    rng = Random(0)
    return [random_scene(rng) for _ in range(300)]


def bird_on_flower():
    return Scene(
        things=(
            Thing(kind="bird", color="blue", size="small", count=1),
            Thing(kind="flower", color="red", size="large", count=1),
        ),
        relations=(Relation(0, "on", 1),),
        background="night",
    )


def written(scene, draws=3000):
    rng = Random(0)
    return {caption.text for _ in range(draws) for caption in captions(scene, rng)}


def test_each_language_gets_five_captions(scenes):
    for scene in scenes:
        langs = [caption.lang for caption in captions(scene, Random(1))]
        assert langs == ["en"] * 5 + ["zh"] * 5


def test_the_same_seed_writes_the_same_captions(scenes):
    for scene in scenes:
        assert captions(scene, Random(7)) == captions(scene, Random(7))


def test_captions_of_a_scene_differ_by_more_than_case_and_a_full_stop(scenes):
    for scene in scenes:
        texts = [c.text.lower().rstrip(".。") for c in captions(scene, Random(2))]
        assert len(set(texts)) == len(texts)


def test_every_thing_is_named_with_its_colour(scenes):
    for scene in scenes:
        for caption in captions(scene, Random(3)):
            for thing in scene.things:
                assert any(name in caption.text.lower() for name in _nouns(thing))
                assert any(name in caption.text.lower() for name in _colors(thing))


def _nouns(thing):
    noun = KINDS[thing.kind]
    return (*noun.en, *noun.plurals, *noun.zh, noun.sized)


def _colors(thing):
    color = COLORS[thing.color]
    return (*color.en, *color.zh, color.zh_short)


def test_a_count_above_one_is_always_said(scenes):
    for scene in scenes:
        for caption in captions(scene, Random(4)):
            for thing in scene.things:
                said = {2: ("two", "两"), 3: ("three", "三")}.get(thing.count, ("",))
                assert any(word in caption.text.lower() for word in said)


def test_the_phrasings_of_a_bird_on_a_flower_include_these():
    expected = {
        "blue bird on red flower",
        "a blue bird standing on a red flower",
        "a red flower with a blue bird on top",
        "there is a red flower; a blue bird sits on it",
        "on a red flower sits a blue bird",
        "a red flower under a blue bird",
        "At night, a small blue bird on a large red flower.",
        "红花上的蓝鸟",
        "一只蓝色的小鸟站在红色的花朵上",
        "红色的花朵上站着一只蓝色的小鸟",
        "一朵红色的花朵，上面停着一只蓝色的小鸟",
        "一只小小的蓝色小鸟站在红色的大花上",
    }
    texts = written(bird_on_flower())
    assert expected - texts == set()
    assert any(text.startswith("夜空下，一只蓝色的小鸟") for text in texts)


def test_left_of_is_also_told_as_right_of():
    scene = Scene(
        things=(
            Thing(kind="cat", color="black", size="small", count=1),
            Thing(kind="tree", color="green", size="large", count=1),
        ),
        relations=(Relation(0, "left_of", 1),),
        background="meadow",
    )
    texts = written(scene)
    assert "a black cat to the left of a green tree" in texts
    assert "a green tree to the right of a black cat" in texts
    assert "绿色的树左边有一只黑色的猫" in texts
    assert "一棵绿色的树在黑色的猫右边" in texts


def test_several_things_are_counted_with_plurals_and_measure_words():
    stars = Thing(kind="star", color="red", size="small", count=3)
    texts = written(Scene(things=(stars,), relations=(), background="plain"))
    assert {"three red stars", "there are three red stars"} <= texts
    assert {"三颗红色的星星", "图中有三颗红色的星星"} <= texts
    assert not any(NUMBERS_EN[2] in text for text in texts)


def test_a_small_bird_is_never_only_a_little_bird_in_chinese():
    # 小鸟 is any bird, so the size needs a word of its own.
    bird = Thing(kind="bird", color="blue", size="small", count=1)
    texts = written(Scene(things=(bird,), relations=(), background="plain"))
    assert "一只小小的蓝色小鸟" in texts
    assert not any("大" in text for text in texts)


def test_a_large_bird_is_never_called_a_little_bird_in_chinese():
    bird = Thing(kind="bird", color="blue", size="large", count=1)
    texts = written(Scene(things=(bird,), relations=(), background="plain"))
    assert "一只蓝色的鸟" in texts
    assert not any("小" in text for text in texts)


def test_a_thing_named_again_keeps_its_colour_where_two_are_of_a_kind():
    stars = tuple(
        Thing(kind="star", color=color, size="small", count=1)
        for color in ("red", "blue", "green")
    )
    relations = (Relation(0, "on", 1), Relation(2, "left_of", 1))
    texts = written(Scene(things=stars, relations=relations, background="plain"))
    assert not any("the star" in text for text in texts)
