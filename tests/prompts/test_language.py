import subprocess
import sys
from threading import Thread

import pytest

from llmvis.prompts.language import letters_and_words, normalize, runs, words_of_run


def test_text_is_cut_where_its_script_changes():
    assert list(runs(normalize("一只blue bird，on红花"))) == [
        ("一只", "zh"),
        ("blue bird,on", "en"),
        ("红花", "zh"),
    ]


def test_punctuation_is_no_word_and_a_pictograph_is_one():
    assert words_of_run("a blue-green bird, (really) 🐦!", "en") == (
        "a",
        "blue",
        "green",
        "bird",
        "really",
        "🐦",
    )


def test_chinese_is_segmented_into_words():
    assert words_of_run("蓝色的蝴蝶", "zh") == ("蓝色", "的", "蝴蝶")


def test_the_parser_gets_single_characters_and_english_words():
    assert letters_and_words("一只blue bird。") == ["一", "只", "blue", "bird", "。"]


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("ＢＬＵＥ　ｂｉｒｄ", "blue bird"),
        ("blue\x00bird\u200b", "blue bird"),
        ("❤\ufe0f", "❤"),
        ("紅色的蘋果", "红色的苹果"),
        ("  a \t\n b ", "a b"),
    ],
)
def test_what_reads_alike_is_made_alike(written, normal):
    assert normalize(written) == normal


def test_threads_get_the_same_words():
    found = []
    text = "a blue bird on a red flower number "
    threads = [
        Thread(target=lambda i=i: found.append(words_of_run(text + str(i), "en")))
        for i in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(words[-1] for words in found) == [str(i) for i in range(8)]


def test_loading_says_nothing_and_leaves_no_file(tmp_path):
    code = "from llmvis.prompts.language import words_of_run as w; w('红花', 'zh')"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={"PATH": "", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout + done.stderr == ""
    assert list(tmp_path.iterdir()) == []
