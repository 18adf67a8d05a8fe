"""Splits text into words, each by the language of its script. Here spaCy is loaded.

A run of Chinese characters is segmented as Chinese (jieba), and anything else by
spaCy's English rules, so that one prompt may hold both.
"""

import logging
import re
import unicodedata
import warnings
from collections.abc import Iterator
from functools import cache, lru_cache
from sys import intern
from tempfile import TemporaryDirectory

_CHINESE = re.compile(r"([\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)")
# spaCy takes time quadratic in the length of a chunk of punctuation: 50 s for 24,000
# opening brackets. No word of a caption is nearly this long.
_CHUNK = re.compile(r"\S{1,100}")
_MOST_STRINGS = 200_000  # spaCy keeps every string it has seen; then it starts afresh

# Captions are written in simplified characters, and some readers write traditional
# ones. These are the ones of the lexicon; a full table would be a dependency.
_SIMPLIFY = str.maketrans(
    "鳥樹魚貓車轎個隻條輛顆彎輪傘蘋圓禮鈴鐺飛鑰頂盞臺檯燈電紅黃綠藍兩間棟愛純邊側裡裏"
    "灘著長掛飄懸擺畫這圖們艘藝鮮雲咖帶圍",
    "鸟树鱼猫车轿个只条辆颗弯轮伞苹圆礼铃铛飞钥顶盏台台灯电红黄绿蓝两间栋爱纯边侧里里"
    "滩着长挂飘悬摆画这图们艘艺鲜云咖带围",
)


def normalize(text: str) -> str:
    """Makes alike what reads alike: width, case, character set and white space."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFY)
    if not text.isascii() or not text.isprintable():
        text = "".join(map(_printable, text))
    return " ".join(text.split())


@cache
def _printable(character: str) -> str:
    # Joiners and variation selectors only tell how an emoji is drawn.
    if unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return ""
    return " " if unicodedata.category(character)[0] in "CZ" else character


def runs(text: str) -> Iterator[tuple[str, str]]:
    """Cuts normalized text where its script changes, to (run, "en" or "zh") pairs."""
    for position, run in enumerate(_CHINESE.split(text)):
        if run.strip():
            # What the expression matches stands at the odd positions.
            yield run, "zh" if position % 2 else "en"


@lru_cache(maxsize=100_000)
def words_of_run(run: str, lang: str) -> tuple[str, ...]:
    """Splits one run into words.

    Punctuation is dropped: a word has a letter, a digit or a pictograph in it.
    """
    doc = _tokenize(run, lang)
    # The cache holds each word once, however many runs it is in.
    return tuple(intern(token.text) for token in doc if _says_something(token.text))


def content_words(text: str) -> list[str]:
    """Lists the words that say what there is, each once: not "a", "the", "在"."""
    words = (
        (word, lang)
        for run, lang in runs(normalize(text))
        for word in words_of_run(run, lang)
    )
    return list(dict.fromkeys(word for word, lang in words if word not in _stops(lang)))


@cache
def _stops(lang: str) -> frozenset[str]:
    from spacy.util import get_lang_class

    return frozenset(get_lang_class(lang).Defaults.stop_words)


def load() -> None:
    """Loads what splits words, which takes two seconds once in a process."""
    for lang in ("en", "zh"):
        _tokenizer(lang)


def letters_and_words(text: str) -> list[str]:
    """Splits text into single Chinese characters, English words and punctuation.

    Where a Chinese word ends can be left to whoever knows which words to expect.
    """
    tokens: list[str] = []
    for run, lang in runs(normalize(text)):
        tokens += run if lang == "zh" else (t.text for t in _tokenize(run, lang))
    return [token for token in tokens if not token.isspace()]


def _says_something(word: str) -> bool:
    return word.isalnum() or any(
        c.isalnum() or unicodedata.category(c) == "So" for c in word
    )


def _tokenize(run: str, lang: str):
    tokenizer = _tokenizer(lang)
    if len(tokenizer.vocab.strings) > _MOST_STRINGS:
        _tokenizer.cache_clear()
    return tokenizer(" ".join(_CHUNK.findall(run)) if lang == "en" else run)


@cache
def _tokenizer(lang: str):
    with warnings.catch_warnings():
        # jieba's source has escape sequences that Python warns of.
        warnings.simplefilter("ignore")
        import spacy

        if lang == "en":
            return spacy.blank("en").tokenizer
        _load_jieba()
        config = {"nlp": {"tokenizer": {"segmenter": "jieba"}}}
        return spacy.blank("zh", config=config).tokenizer


def _load_jieba() -> None:
    import jieba

    jieba.setLogLevel(logging.CRITICAL)
    # It would read its dictionary from a file that any user of the machine can put
    # into the shared temporary folder, and that saves no time.
    with TemporaryDirectory() as folder:
        jieba.dt.tmp_dir = folder
        jieba.initialize()
