import time
import unicodedata
from random import Random

import numpy as np
import pytest

from llmvis.errors import DataError, MissingStage, PromptError
from llmvis.prompts.text_tokenizer import END, PADDING, START, UNKNOWN, TextTokenizer

CAPTIONS = [
    "a blue bird standing on a red flower",
    "two yellow stars, to the left of the moon",
    "一只蓝色的小鸟站在红色的花朵上",
    "一朵黄色的花在一棵树旁边",
    "小的和红的",
    "一条小鱼，一朵小花，三棵树",
]


@pytest.fixture(scope="module")
def tokenizer():
    return TextTokenizer.train(CAPTIONS, max_tokens=24)


def row(tokenizer, text):
    return tokenizer.encode([text])[0]


def test_a_row_is_start_then_one_id_a_word_then_end_then_padding(tokenizer):
    ids = row(tokenizer, "a blue bird")
    assert ids.shape == (24,)
    assert ids.dtype == np.int32
    assert ids[0] == START
    assert ids[4] == END
    assert (ids[5:] == PADDING).all()
    assert len({*ids[1:4]} - {PADDING, START, END, UNKNOWN}) == 3


def test_training_captions_are_read_without_an_unknown_word(tokenizer):
    assert not (tokenizer.encode(CAPTIONS) == UNKNOWN).any()
    assert [tokenizer.unknown_words(caption) for caption in CAPTIONS] == [()] * 6


def test_ids_stay_below_the_vocabulary_size(tokenizer):
    assert (
        tokenizer.encode([*CAPTIONS, "zebra 斑马 🐦"]).max() < tokenizer.vocabulary_size
    )


def test_case_width_punctuation_and_spacing_make_no_difference(tokenizer):
    plain = row(tokenizer, "a blue bird standing on a red flower")
    shouted = row(tokenizer, "  A BLUE bird,\tstanding on a red flower!!\n")
    full_width = row(tokenizer, "ａ　ｂｌｕｅ　ｂｉｒｄ standing on a red flower。")
    assert (plain == shouted).all()
    assert (plain == full_width).all()


def test_traditional_characters_read_as_simplified_ones(tokenizer):
    traditional = row(tokenizer, "一隻藍色的小鳥站在紅色的花朵上")
    assert (traditional == row(tokenizer, "一只蓝色的小鸟站在红色的花朵上")).all()


def test_an_unknown_word_is_read_as_the_known_words_in_it(tokenizer):
    assert (row(tokenizer, "bluebird") == row(tokenizer, "blue bird")).all()
    assert tokenizer.unknown_words("a Bluebird") == ("bluebird",)


def test_an_unknown_word_with_no_known_word_in_it_is_spelled(tokenizer):
    ids = row(tokenizer, "a zebu")
    assert list(ids).index(END) == 6
    assert UNKNOWN not in ids
    assert tokenizer.unknown_words("a zebu on a zebu") == ("zebu",)


def test_a_chinese_compound_is_read_as_the_words_it_is_made_of(tokenizer):
    assert (row(tokenizer, "小红花") == row(tokenizer, "小 红 花")).all()
    assert tokenizer.unknown_words("小红花") == ()


def test_a_character_never_seen_becomes_unknown_and_is_named(tokenizer):
    assert list(row(tokenizer, "斑马"))[1:3] == [UNKNOWN, UNKNOWN]
    assert tokenizer.unknown_words("斑马和🐦") == ("斑马", "🐦")


def test_one_prompt_may_mix_both_languages(tokenizer):
    mixed = row(tokenizer, "一只blue bird，standing on红色的flower")
    assert UNKNOWN not in mixed
    assert tokenizer.unknown_words("一只blue bird，on红色的flower") == ()


@pytest.mark.parametrize("text", ["", "  \n\t", "...!?", "，。", "\x00", "\u200b"])
def test_a_prompt_without_words_is_refused_with_an_example(tokenizer, text):
    with pytest.raises(PromptError, match="a blue bird on a red flower"):
        tokenizer.encode([text])


def test_a_prompt_too_long_is_refused_with_both_lengths(tokenizer):
    with pytest.raises(PromptError, match="23 tokens long and the model reads 22"):
        tokenizer.encode(["bird " * 23])


def test_a_long_caption_is_cut_where_asked(tokenizer):
    ids = tokenizer.encode(["bird " * 100, ""], truncate=True)
    assert (ids[0, 1:-1] == ids[0, 1]).all()
    assert ids[0, -1] == END
    assert (ids[1] == tokenizer.empty_caption()).all()


def test_the_empty_caption_is_start_and_end(tokenizer):
    assert list(tokenizer.empty_caption()[:3]) == [START, END, PADDING]


@pytest.mark.parametrize("character", ["a", "(", "一", "🐦", "\x00", ".", "'", "é"])
def test_24000_of_any_character_are_read_in_a_moment(tokenizer, character):
    started = time.monotonic()
    tokenizer.encode([character * 24_000], truncate=True)
    tokenizer.unknown_words(character * 24_000)
    assert time.monotonic() - started < 5  # spaCy alone took 50 s for brackets


def test_a_nul_separates_words(tokenizer):
    assert (row(tokenizer, "blue\x00bird") == row(tokenizer, "blue bird")).all()


def test_any_text_is_read_and_nothing_is_dropped_in_silence(tokenizer):
    rng = Random(0)
    for _ in range(500):
        text = "".join(chr(rng.choice(_CODE_POINTS)) for _ in range(rng.randint(1, 9)))
        ids = tokenizer.encode([text], truncate=True)[0]
        assert ids[0] == START
        assert END in ids
        if UNKNOWN in ids:
            assert tokenizer.unknown_words(text)


_CODE_POINTS = [
    point
    for point in range(0x30000)
    if unicodedata.category(chr(point)) not in ("Cs", "Cn", "Co")
][::7]


def test_it_survives_a_round_trip_through_json(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "text_tokenizer.json")
    loaded = TextTokenizer.load(tmp_path / "text_tokenizer.json")
    assert loaded.fingerprint == tokenizer.fingerprint
    assert loaded.vocabulary_size == tokenizer.vocabulary_size
    texts = [*CAPTIONS, "bluebird 斑马"]
    assert (loaded.encode(texts) == tokenizer.encode(texts)).all()


def test_a_missing_file_names_the_stage_that_writes_it(tmp_path):
    with pytest.raises(MissingStage, match="llmvis tokenize"):
        TextTokenizer.load(tmp_path / "text_tokenizer.json")


def test_the_order_of_captions_makes_no_difference(tokenizer):
    again = TextTokenizer.train(reversed(CAPTIONS), max_tokens=24)
    assert again.fingerprint == tokenizer.fingerprint


def test_another_length_is_another_fingerprint(tokenizer):
    longer = TextTokenizer.train(CAPTIONS, max_tokens=25)
    assert longer.fingerprint != tokenizer.fingerprint


def test_captions_without_words_make_no_vocabulary():
    with pytest.raises(DataError, match="No caption has a word"):
        TextTokenizer.train(["", "!!"], max_tokens=24)
