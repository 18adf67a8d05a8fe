"""Changed copies of pictures, and which captions are true of them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from llmvis import config, storage
from llmvis.augment_config import AugmentConfig
from llmvis.errors import ConfigError
from llmvis.prompts.lexicon import COLORS, RELATIONS
from llmvis.training.augmentation import (
    AugmentedPixels,
    draw_views,
    names_color,
    shows_writing,
    tells_side,
)

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
FLIP = AugmentConfig(
    num_copies=1, flip=True, crop=0.0, brightness=0.0, contrast=0.0, tint=0.0
)
ALL = AugmentConfig(
    num_copies=3, flip=True, crop=0.1, brightness=0.1, contrast=0.1, tint=0.1
)


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)


@pytest.mark.parametrize("relation", ["left_of", "right_of"])
def test_every_word_of_the_relations_of_sides_tells_a_side(relation):
    words = RELATIONS[relation]

    assert all(tells_side(f"a bird {phrase} a cat") for phrase in words.en)
    assert all(tells_side(f"小鸟在猫的{phrase}") for phrase in words.zh)


@pytest.mark.parametrize("relation", sorted(RELATIONS.keys() - {"left_of", "right_of"}))
def test_no_word_of_the_other_relations_does(relation):
    words = RELATIONS[relation]

    assert not any(tells_side(f"a bird {phrase} a cat") for phrase in words.en)
    assert not any(tells_side(f"小鸟在猫的{phrase}") for phrase in words.zh)


@pytest.mark.parametrize(
    "caption",
    [
        "a left-handed glove",
        "a LEFTMOST cup",
        "ｌｅｆｔ of the tree",
        "le\u200dft of the tree",
        "the bus left the station",  # a verb, and taken at its worst
        "a bird在left边",
        "left_side view",
        "a car seen from the right.",
        "a clock hand turning anticlockwise",
        "the north-west corner",
        "un chat a gauche",
        "右边有一只猫",
        "左撇子用的手套",
        "大约三只左右的鸟",
        "猫在鳥的右邊",
        "船向东航行",
        "東側的房子",
        "逆时针旋转的风车",
        "птица слева",
        "왼쪽의 새",
    ],
)
def test_what_may_tell_a_side_is_not_said_of_a_mirrored_picture(caption):
    assert tells_side(caption)


@pytest.mark.parametrize(
    "caption",
    [
        "a bright bird",
        "an upright piano beside a copyrighted book",
        "leftover pizza",
        "an Easter egg",
        "a cat next to a bird",
        "桌上的东西",
        "一个西瓜",
        "孩子向西瓜走去",
        "猫在鸟的旁边",
        "🐦",
    ],
)
def test_what_tells_none_is(caption):
    assert not tells_side(caption)


@pytest.mark.parametrize(
    "caption", ["a stop sign", "the letter A", "a wall clock", "写着字的牌子", "国旗"]
)
def test_pictures_of_writing_are_not_mirrored(caption):
    views, _ = draw_views([["a thing", caption]], FLIP, seed=0)

    assert shows_writing(caption)
    assert not views["mirrored"].any()


def test_a_mirrored_copy_comes_without_the_captions_that_tell_a_side(pixels):
    captions = [
        ["a cat left of a bird", "a cat and a bird", "猫在鸟的左边", "猫和鸟"],
        ["a cat right of a bird"],
    ]
    views, said = draw_views(captions, FLIP, seed=0)
    seen = AugmentedPixels(pixels, views)

    assert said == [captions[0], ["a cat and a bird", "猫和鸟"], captions[1]]
    assert views["example"].tolist() == [0, 0, 1]
    assert len(seen) == 3
    assert seen.shape == (3, 16, 16, 3)
    assert np.array_equal(seen[np.array([1])][0], pixels[0, :, ::-1])
    assert np.array_equal(seen[::2], pixels[:2])


def test_every_word_for_a_color_names_one():
    names = [name for color in COLORS.values() for name in (*color.en, *color.zh)]

    assert [name for name in names if not names_color(f"{name} bird")] == []
    assert names_color("Reddish leaves")
    assert names_color("一朵紅花")
    assert not names_color("a bored, tired bird on a whiteboard")


def test_a_named_color_allows_brightness_and_contrast_and_no_tint():
    captions = [["a bird", "一只红色的小鸟"], ["a bird", "一只小鸟"]]
    views, _ = draw_views(captions, dataclasses.replace(ALL, flip=False), seed=0)
    named = views["example"] == 0
    tinted = np.any(views["tint"] != 1, axis=1)
    originals = np.isin(np.arange(len(views)), [0, 4])

    assert not tinted[named].any()
    assert tinted[~named & ~originals].all()
    assert np.all((views["brightness"] != 1) == ~originals)
    assert np.abs(views["contrast"] - 1).max() <= 0.1


def test_brightness_keeps_which_channel_is_the_highest(pixels):
    red = np.full_like(pixels, [200, 30, 40])
    bright = dataclasses.replace(FLIP, flip=False, brightness=0.25, num_copies=8)
    views, _ = draw_views([["a red bird"]], bright, seed=0)
    seen = AugmentedPixels(red, views)[:]

    assert len(np.unique(seen[:, 0, 0, 0])) > 4
    assert np.all(seen[..., 0] > 2 * seen[..., 1].astype(int))


def test_a_crop_is_within_the_picture_and_shifts_it():
    ramp = np.broadcast_to(np.arange(0, 256, 16, np.uint8)[:, None], (1, 16, 16, 3))
    crop = dataclasses.replace(FLIP, flip=False, crop=0.25, num_copies=8)
    views, _ = draw_views([["a bird"]], crop, seed=0)
    boxes = views["box"]
    seen = AugmentedPixels(np.repeat(ramp[..., :1], 3, axis=3), views)[:]

    assert boxes.min() >= 0
    assert boxes.max() <= 1
    assert np.all(boxes[:, 2:] - boxes[:, :2] >= 0.75 - 1e-6)
    assert np.all(np.diff(seen[:, :, 0, 0].astype(int), axis=1) >= 0)
    assert len(np.unique(seen.reshape(len(seen), -1), axis=0)) == 9


def test_the_same_seed_gives_the_same_copies_whatever_else_there_is(pixels):
    captions = [["a bird"], ["a cat", "猫"], ["a car"]]
    views, said = draw_views(captions, ALL, seed=5)
    again, said_again = draw_views(captions, ALL, seed=5)
    fewer, _ = draw_views(captions[:2], ALL, seed=5)
    others, _ = draw_views(captions, ALL, seed=6)

    assert np.array_equal(views, again)
    assert said == said_again
    assert np.array_equal(views[: len(fewer)], fewer)
    assert not np.array_equal(views, others)
    seen = AugmentedPixels(pixels, views)
    rows = np.array([7, 1, 4])
    assert np.array_equal(seen[rows], seen[:][rows])


def test_no_copies_leave_every_picture_as_it_is():
    views, said = draw_views([["a bird"]], dataclasses.replace(ALL, num_copies=0), 0)

    assert (len(views), said) == (1, [["a bird"]])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crop": 0.5}, r"augment\.crop is 0\.5.*from 0 to 0\.25"),
        ({"flip": False}, r"nothing is to be changed.*augment\.flip to true"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(FLIP, **changes)


def test_crops_and_colors_are_refused_for_backdrops_that_come_again():
    assert dataclasses.replace(PARAMS, augment=FLIP).augment == FLIP
    with pytest.raises(ConfigError, match=r"crop and augment\.brightness.*layers"):
        dataclasses.replace(
            PARAMS, augment=dataclasses.replace(FLIP, crop=0.1, brightness=0.1)
        )


def test_views_are_the_same_when_they_are_read_again(tmp_path):
    views, _ = draw_views([["a bird"], ["a cat"]], ALL, seed=0)
    assert storage.read_views(tmp_path, "train") is None
    storage.write_views(tmp_path, "train", views)

    assert np.array_equal(storage.read_views(tmp_path, "train"), views)
