import itertools
from collections import Counter

from llmvis.prompts import lexicon


def test_every_word_means_one_thing():
    words = [
        *itertools.chain(*(noun.en + noun.zh for noun in lexicon.KINDS.values())),
        *itertools.chain(*(color.en + color.zh for color in lexicon.COLORS.values())),
        *itertools.chain(*(size.en + size.zh for size in lexicon.SIZES.values())),
    ]
    # An orange is not among the kinds, so "orange" can only be the colour.
    assert [word for word, count in Counter(words).items() if count > 1] == []


def test_every_relation_is_the_converse_of_its_converse():
    for name, words in lexicon.RELATIONS.items():
        assert lexicon.RELATIONS[words.converse].converse == name


def test_plurals_follow_the_spelling():
    singular = ("butterfly", "key", "fish", "star", "box", "bunny")
    expected = ["butterflies", "keys", "fish", "stars", "boxes", "bunnies"]
    assert [lexicon.plural(noun) for noun in singular] == expected


def test_every_posture_a_noun_names_exists():
    for noun in lexicon.KINDS.values():
        assert {*noun.postures, noun.hovers} <= lexicon.POSTURES.keys()
