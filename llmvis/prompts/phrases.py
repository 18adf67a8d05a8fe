"""Every phrase the parser understands: the lexicon's, and what people also write.

A phrase has a role in the sentence and a value:

    kind        a thing; the value is (key of KINDS, whether the word is plural)
    color       a key of COLORS
    size        a key of SIZES
    number      how many; 0 is several
    the         what follows was named before
    background  a key of BACKGROUNDS; a whole phrase: "at night"
    scenery     the same, and only its noun: "night"
    relation    stands before its object ("on"); the value may be None: a relation
                that is understood as one, but that nothing here can check ("behind")
    place       the same in Chinese, after its object (上)
    at          opens a place in Chinese (在)
    tail        a relation to a thing named before ("to its left")
    mutual      a relation of the last two things ("side by side")
    it          a thing named before
    which       the thing just named
    with        what follows belongs to the thing before
    no          what follows is not wanted
    there       begins a statement, and ends whatever came before it
    of          的, which turns what is before it into a description
    stop        punctuation and conjunctions; True where it joins things ("and")
    nothing     none of these, though a part of it looks like one of them
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from llmvis.prompts import lexicon

Meaning = tuple[str, Any]

_KINDS_TOO = {
    "bird": ("songbird", "小鸟儿", "飞鸟"),
    "flower": ("floweret",),
    "house": ("home", "cabin", "小屋", "屋", "房", "木屋"),
    "cat": ("kitty cat", "pussycat", "小猫咪", "猫儿", "猫猫"),
    "car": ("auto", "motorcar", "小轿车"),
    "boat": ("sailing boat", "sail boat", "小帆船", "船只", "轮船"),
    "cup": ("coffee cup", "tea cup", "杯", "马克杯"),
    "heart": ("love heart", "心型"),
    "moon": ("half moon", "crescent-moon", "弯弯的月亮", "新月"),
    "mushroom": ("菇",),
    "butterfly": ("蝶", "花蝴蝶"),
    "umbrella": ("brolly", "遮阳伞", "小伞"),
    "hat": ("帽",),
    "rocket": ("rocket ship", "space ship"),
    "rabbit": ("bunny rabbit", "兔", "兔兔", "小兔兔"),
    "lamp": ("灯具",),
}
_COLORS_TOO = {
    "red": ("ruby", "大红色", "深红色", "红彤彤", "红通通"),
    "orange": ("橘", "橘红色", "橙黄色", "橙红色"),
    "yellow": ("golden", "gold", "金色", "金", "黄澄澄"),
    "green": ("emerald", "碧绿", "翠绿", "绿油油"),
    "blue": ("azure", "navy", "sky-blue", "湛蓝", "天蓝色"),
    "purple": ("lilac", "lavender", "紫红色"),
    "pink": ("rosy", "粉红"),
    "brown": ("chocolate", "褐", "咖啡"),
    "black": ("jet-black", "乌黑", "漆黑"),
    "white": ("snow-white", "雪白", "洁白"),
    "gray": ("silver", "银色", "银灰色"),
}
_SIZES_TOO = {
    "small": ("mini", "miniature", "小型", "迷你", "微小", "小小", "小号"),
    "large": ("giant", "gigantic", "enormous", "massive", "大型", "庞大", "大号"),
}
_SCENERY = {
    "plain": (
        "plain background",
        "white background",
        "blank background",
        "simple background",
        "plain backdrop",
        "纯色背景",
        "白色背景",
        "空白背景",
        "纯色",
    ),
    "sky": ("sky", "blue sky", "蓝天", "天空", "天上"),
    "meadow": (
        "meadow",
        "green meadow",
        "grass",
        "green grass",
        "grassy field",
        "field",
        "lawn",
        "草地",
        "绿草地",
        "草坪",
        "草原",
        "草丛",
        "田野",
    ),
    "beach": (
        "beach",
        "sandy beach",
        "seaside",
        "seashore",
        "shore",
        "sand",
        "沙滩",
        "海滩",
        "海边",
    ),
    "night": (
        "night",
        "night sky",
        "night-time",
        "nighttime",
        "starry sky",
        "starry night",
        "dark sky",
        "夜空",
        "夜晚",
        "晚上",
        "黑夜",
        "星空",
        "深夜",
    ),
}
_RELATIONS_TOO = {
    "on": ("upon", "onto", "on the top of", "at the top of"),
    "under": (
        "topped by",
        "topped with",
        "wearing",
        "wears",
        "wear",
        "戴着",
        "戴",
        "顶着",
    ),
    "above": ("higher than", "up above"),
    "below": ("lower than", "down below"),
    "left_of": (
        "to the left side of",
        "on the left-hand side of",
        "at the left of",
        "on the left hand side of",
        "at the left side of",
    ),
    "right_of": (
        "to the right side of",
        "on the right-hand side of",
        "at the right of",
        "on the right hand side of",
        "at the right side of",
    ),
    "next_to": (
        "by",
        "close to",
        "adjacent to",
        "alongside",
        "by the side of",
        "at the side of",
        "挨着",
        "紧挨着",
        "靠着",
        "紧靠",
        "靠近",
    ),
    None: ("behind", "in front of", "inside", "in", "between", "around", "into"),
}
_PLACES_TOO = {
    "on": ("之上", "上头", "上边", "顶部", "顶端", "顶", "头上"),
    "under": ("之下", "下边", "脚下"),
    "above": ("上空", "正上方", "头顶"),
    "below": ("正下方",),
    "left_of": ("左方", "左手边", "左"),
    "right_of": ("右方", "右手边", "右"),
    "next_to": ("身旁", "身边", "边上", "一旁", "附近", "一侧"),
    None: (
        "里",
        "里面",
        "中",
        "中间",
        "之间",
        "前",
        "前面",
        "前方",
        "后面",
        "后",
        "外",
    ),
}
_TAILS = {
    "on": ("on top", "on the top"),
    "above": ("overhead",),
    "left_of": ("on its left side", "on the left", "to the left", "at the left"),
    "right_of": ("on its right side", "on the right", "to the right", "at the right"),
    "next_to": ("by its side", "at its side", "nearby", "by their side"),
}
_MUTUAL = (
    "side by side",
    "next to each other",
    "beside each other",
    "并排",
    "挨在一起",
)
_OTHERS = {
    "the": (
        "the",
        "these",
        "those",
        "那",
        "这",
        "那只",
        "那朵",
        "那个",
        "这只",
        "这个",
    ),
    "at": ("在", "位于", "处于"),
    "it": ("it", "its", "them", "their", "它", "它们", "其"),
    "which": ("which",),
    "with": ("with", "has", "have", "having", "featuring", "holds", "carries"),
    "no": ("without", "no", "没有", "无"),
    "there": ("there", "shows", "showing", "这里", "图中", "画面中", "图片中", "画中"),
    "of": ("的",),
    "stop": (
        ",",
        ";",
        ".",
        ":",
        "!",
        "?",
        "。",
        "while",
        "but",
        "whereas",
        "而",
        "并且",
    ),
    # They hold a word of the lexicon and mean something else.
    "nothing": ("中心", "开心", "小心", "花园", "灯光", "车站", "in the middle"),
}
_JOINTS = ("and", "plus", "和", "与", "跟", "、", "还有", "以及", "&")

_NUMBERS_EN = {
    0: ("several", "some", "many", "a few", "multiple", "a group of", "a lot of"),
    1: ("one", "a", "an", "1", "single", "a single", "another", "just one", "only one"),
    2: ("two", "2", "a pair of", "pair of", "a couple of", "twin"),
    3: ("three", "3", "a trio of", "trio of"),
}
_NUMBER_WORDS = ("four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS_ZH = {1: "一", 2: "两二", 3: "三", 4: "四", 5: "五", 6: "六", 7: "七", 8: "八"}
_DIGITS_ZH |= {9: "九", 10: "十", 0: "几"}


@cache
def phrases() -> dict[str, Meaning]:
    """Gives the meaning of every phrase, all in lower case."""
    table: dict[str, Meaning] = {}
    for phrase, meaning in _all_phrases():
        table.setdefault(phrase, meaning)
    return table


def _all_phrases() -> Iterator[tuple[str, Meaning]]:
    yield from _nouns()
    yield from _adjectives()
    yield from _numbers()
    for name, place in lexicon.BACKGROUNDS.items():
        yield from _same((*place.en, *place.zh), "background", name)
        yield from _same(_SCENERY[name], "scenery", name)
    for relation, names in lexicon.RELATIONS.items():
        yield from _same(names.en, "relation", relation)
        yield from _same(names.zh, "place", relation)
    for role, table in (
        ("relation", _RELATIONS_TOO),
        ("place", _PLACES_TOO),
        ("tail", _TAILS),
    ):
        for value, words in table.items():
            yield from _same(words, role, value)
    for side in ("left", "right"):
        for its in ("its", "their"):
            yield f"to {its} {side}", ("tail", f"{side}_of")
            yield f"on {its} {side}", ("tail", f"{side}_of")
    yield from _same(_MUTUAL, "mutual", "next_to")
    yield from _same(_JOINTS, "stop", True)
    for role, words in _OTHERS.items():
        yield from _same(words, role, None)


def _same(words: Iterable[str], role: str, value) -> Iterator[tuple[str, Meaning]]:
    return ((word, (role, value)) for word in words)


def _nouns() -> Iterator[tuple[str, Meaning]]:
    for key, noun in lexicon.KINDS.items():
        also = _KINDS_TOO.get(key, ())
        singular = (*noun.en, *noun.zh, noun.sized, *also)
        yield from _same(singular, "kind", (key, False))
        plurals = (*noun.plurals, *map(lexicon.plural, filter(str.isascii, also)))
        yield from _same(plurals, "kind", (key, True))


def _adjectives() -> Iterator[tuple[str, Meaning]]:
    for role, table, also in (
        ("color", lexicon.COLORS, _COLORS_TOO),
        ("size", lexicon.SIZES, _SIZES_TOO),
    ):
        for key, names in table.items():
            words = (*names.en, *names.zh, names.zh_short, *also[key])
            yield from _same(words, role, key)


def _numbers() -> Iterator[tuple[str, Meaning]]:
    for count, words in _NUMBERS_EN.items():
        yield from _same(words, "number", count)
    for count, word in enumerate(_NUMBER_WORDS, 4):
        yield from _same((word, str(count)), "number", count)
    measures = {m for noun in lexicon.KINDS.values() for m in noun.measure} | {
        *"支片匹"
    }
    for count, digits in _DIGITS_ZH.items():
        for digit in (*digits, *([str(count)] if count else [])):
            yield from ((digit + m, ("number", count)) for m in measures)
    yield from _same(("一对", "一双", "俩", "两", "一双双"), "number", 2)
    yield from _same(("仨",), "number", 3)
    yield from _same(("一些", "许多", "很多", "一群"), "number", 0)
