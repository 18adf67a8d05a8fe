"""The words for what a scene can hold, in English and Chinese.

Whoever writes captions, reads prompts or draws things takes the names from here, so
that they agree. The first name of each tuple is the canonical one; the others are
understood as well, and captions use them now and then.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Noun:
    """Names of one kind of thing."""

    en: tuple[str, ...]
    zh: tuple[str, ...]
    measure: tuple[str, ...]  # Chinese counts by measure words: 一只鸟, 一朵花
    postures: tuple[str, ...]  # keys of POSTURES that fit it, at rest
    hovers: str  # the key of POSTURES that fits it above or below another thing
    sized: str  # the Chinese name that takes 大 or 小 in front: 大鸟, not 大小鸟

    @property
    def plurals(self) -> tuple[str, ...]:
        """English plurals, in the order of `en`."""
        return tuple(plural(name) for name in self.en)


@dataclass(frozen=True, slots=True)
class Adjective:
    """Names of one colour or size."""

    en: tuple[str, ...]
    zh: tuple[str, ...]  # stand before 的: 红色的
    zh_short: str  # stands right before a noun: 红花, 小花


@dataclass(frozen=True, slots=True)
class Place:
    """Names of one background, as phrases that end or open a sentence."""

    en: tuple[str, ...]
    zh: tuple[str, ...]  # stand after 在: 在夜空下
    zh_behind: str  # stands after 背景是


@dataclass(frozen=True, slots=True)
class RelationWords:
    """Names of one relation, and the relation seen from the other side."""

    en: tuple[str, ...]  # stand between subject and object
    zh: tuple[str, ...]  # stand after the object: 花朵上, 花朵的左边
    converse: str  # A on B is B under A


@dataclass(frozen=True, slots=True)
class Posture:
    """Forms of one verb that says how a thing is placed."""

    participle: str  # "standing"
    singular: str  # "stands"
    plural: str  # "stand"
    zh: str  # stands before 在 and before 着: 站在, 站着


_IRREGULAR_PLURALS = {"fish": "fish"}


def plural(noun: str) -> str:
    """Gives the English plural of one of the nouns below."""
    if noun in _IRREGULAR_PLURALS:
        return _IRREGULAR_PLURALS[noun]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


POSTURES = {
    "stand": Posture("standing", "stands", "stand", "站"),
    "sit": Posture("sitting", "sits", "sit", "坐"),
    "perch": Posture("perched", "is perched", "are perched", "停"),
    "rest": Posture("resting", "rests", "rest", "停"),
    "crouch": Posture("crouching", "crouches", "crouch", "蹲"),
    "lie": Posture("lying", "lies", "lie", "躺"),
    "park": Posture("parked", "is parked", "are parked", "停"),
    "moor": Posture("moored", "is moored", "are moored", "停"),
    "rise": Posture("standing", "stands", "stand", "立"),
    "grow": Posture("growing", "grows", "grow", "长"),
    "put": Posture("placed", "is placed", "are placed", "放"),
    "set": Posture("resting", "rests", "rest", "摆"),
    "land": Posture("resting", "rests", "rest", "落"),
    "hang": Posture("hanging", "hangs", "hang", "挂"),
    "float": Posture("floating", "floats", "float", "飘"),
    "hover": Posture("hovering", "hovers", "hover", "悬"),
    "fly": Posture("flying", "flies", "fly", "飞"),
    "swim": Posture("swimming", "swims", "swim", "游"),
}

_ANIMAL = ("sit", "stand", "crouch")
_OBJECT = ("put", "set")

KINDS = {
    "bird": Noun(
        ("bird", "birdie"),
        ("小鸟", "鸟", "鸟儿"),
        ("只",),
        ("stand", "sit", "perch"),
        "fly",
        "鸟",
    ),
    "flower": Noun(
        ("flower", "blossom", "bloom"),
        ("花朵", "花", "花儿", "鲜花"),
        ("朵",),
        ("grow",),
        "float",
        "花",
    ),
    "tree": Noun(("tree",), ("树",), ("棵", "株"), ("grow", "rise"), "float", "树"),
    "house": Noun(
        ("house", "cottage", "hut"),
        ("房子", "房屋", "屋子"),
        ("座", "栋", "间", "幢", "所"),
        ("rise",),
        "float",
        "房子",
    ),
    "fish": Noun(("fish",), ("鱼", "鱼儿"), ("条", "尾"), ("lie",), "swim", "鱼"),
    "cat": Noun(
        ("cat", "kitten", "kitty"),
        ("猫", "小猫", "猫咪"),
        ("只",),
        _ANIMAL,
        "float",
        "猫",
    ),
    "car": Noun(
        ("car", "automobile"),
        ("汽车", "小汽车", "轿车", "车子", "车"),
        ("辆", "台"),
        ("park",),
        "hover",
        "汽车",
    ),
    "boat": Noun(
        ("boat", "sailboat", "ship"),
        ("小船", "船", "帆船"),
        ("艘", "条", "只"),
        ("moor", "rest"),
        "float",
        "船",
    ),
    "cup": Noun(
        ("cup", "mug", "teacup"),
        ("杯子", "茶杯", "水杯"),
        ("个", "只"),
        _OBJECT,
        "float",
        "杯子",
    ),
    "star": Noun(
        ("star",), ("星星", "五角星", "星"), ("颗",), ("land",), "hang", "星星"
    ),
    "heart": Noun(
        ("heart",),
        ("爱心", "心形", "桃心", "心"),
        ("颗", "个"),
        ("land",),
        "float",
        "爱心",
    ),
    "moon": Noun(
        ("moon", "crescent moon", "crescent"),
        ("月亮", "月牙", "弯月"),
        ("弯", "个"),
        ("land",),
        "hang",
        "月亮",
    ),
    "mushroom": Noun(
        ("mushroom", "toadstool"), ("蘑菇",), ("朵", "个"), ("grow",), "float", "蘑菇"
    ),
    "butterfly": Noun(("butterfly",), ("蝴蝶",), ("只",), ("rest",), "fly", "蝴蝶"),
    "umbrella": Noun(
        ("umbrella", "parasol"), ("雨伞", "伞"), ("把",), _OBJECT, "float", "雨伞"
    ),
    "ball": Noun(
        ("ball",), ("球", "皮球", "圆球"), ("个", "颗"), _OBJECT, "float", "球"
    ),
    "apple": Noun(("apple",), ("苹果",), ("个", "颗"), _OBJECT, "float", "苹果"),
    "hat": Noun(
        ("hat", "top hat"), ("帽子", "礼帽"), ("顶", "个"), _OBJECT, "float", "帽子"
    ),
    "bell": Noun(("bell",), ("铃铛", "铃"), ("个", "只"), _OBJECT, "hang", "铃铛"),
    "rocket": Noun(
        ("rocket", "spaceship"),
        ("火箭",),
        ("枚", "支"),
        ("rise",),
        "fly",
        "火箭",
    ),
    "key": Noun(("key",), ("钥匙",), ("把",), _OBJECT, "float", "钥匙"),
    "crown": Noun(("crown",), ("皇冠", "王冠"), ("顶", "个"), _OBJECT, "float", "皇冠"),
    "rabbit": Noun(
        ("rabbit", "bunny", "hare"),
        ("兔子", "小兔子", "小兔"),
        ("只",),
        _ANIMAL,
        "float",
        "兔子",
    ),
    "lamp": Noun(
        ("lamp", "table lamp", "desk lamp"),
        ("台灯", "灯", "电灯"),
        ("盏", "个"),
        _OBJECT,
        "hang",
        "台灯",
    ),
}

COLORS = {
    "red": Adjective(("red", "crimson", "scarlet"), ("红色", "鲜红色"), "红"),
    "orange": Adjective(("orange",), ("橙色", "橘色", "橘黄色"), "橙"),
    "yellow": Adjective(("yellow",), ("黄色", "金黄色"), "黄"),
    "green": Adjective(("green",), ("绿色", "翠绿色"), "绿"),
    "blue": Adjective(("blue",), ("蓝色",), "蓝"),
    "purple": Adjective(("purple", "violet"), ("紫色",), "紫"),
    "pink": Adjective(("pink",), ("粉色", "粉红色"), "粉"),
    "brown": Adjective(("brown",), ("棕色", "褐色", "咖啡色"), "棕"),
    "black": Adjective(("black",), ("黑色",), "黑"),
    "white": Adjective(("white",), ("白色",), "白"),
    "gray": Adjective(("gray", "grey"), ("灰色",), "灰"),
}

SIZES = {
    "small": Adjective(("small", "little", "tiny"), ("小小", "很小"), "小"),
    "large": Adjective(("large", "big", "huge"), ("巨大", "很大", "大大"), "大"),
}

BACKGROUNDS = {
    "plain": Place(
        ("on a plain background", "against a plain background"),
        ("纯色背景上", "纯色背景前"),
        "纯色",
    ),
    "sky": Place(
        ("in the sky", "against the sky", "with the sky in the background"),
        ("天空中", "天空下", "天上"),
        "天空",
    ),
    "meadow": Place(
        ("in a meadow", "on the grass", "with a meadow in the background"),
        ("草地上", "草坪上"),
        "草地",
    ),
    "beach": Place(
        ("on the beach", "at the beach", "on the sand"),
        ("沙滩上", "海滩上", "海边"),
        "沙滩",
    ),
    "night": Place(
        ("at night", "under the night sky", "in the night sky"),
        ("夜空下", "夜空中", "夜里"),
        "夜空",
    ),
}

RELATIONS = {
    "on": RelationWords(("on", "on top of", "atop"), ("上", "上面", "顶上"), "under"),
    "under": RelationWords(
        ("under", "beneath", "underneath"), ("下", "下面", "底下"), "on"
    ),
    "above": RelationWords(("above", "over"), ("上方",), "below"),
    "below": RelationWords(("below",), ("下方",), "above"),
    "left_of": RelationWords(
        ("to the left of", "left of", "on the left of", "on the left side of"),
        ("左边", "左侧", "左面"),
        "right_of",
    ),
    "right_of": RelationWords(
        ("to the right of", "right of", "on the right of", "on the right side of"),
        ("右边", "右侧", "右面"),
        "left_of",
    ),
    "next_to": RelationWords(("next to", "beside", "near"), ("旁边", "旁"), "next_to"),
}

NUMBERS_EN = {1: "one", 2: "two", 3: "three"}
NUMBERS_ZH = {1: "一", 2: "两", 3: "三"}
