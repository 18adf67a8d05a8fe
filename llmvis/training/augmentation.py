"""Changed copies of training pictures: mirrored, cropped, lit or tinted otherwise.

`tokenize` makes them, not `train`: most families learn codes that are encoded once, and
to encode a picture anew at every step would take longer than the step. The copies are
rows of the tokens beside the originals; the image tokenizer is fitted to both, and
`train` need not know of it. Families of pixels make the same copies again from the
views, which are a few numbers each.

A copy must not make a caption false. What tells a side ("left", 右边) is not said of a
mirrored copy, and a picture with writing in it is not mirrored at all. Words are taken
at their worst: "left" is a side also where it is a verb, since to tell the two needs a
parser and a wrong guess teaches a wrong picture, while a caption less costs little. Of
languages other than English and Chinese only some words for sides are known; captions
in letters of other kinds are never said of a mirrored copy. A caption that names a
colour allows brightness and contrast, no tint.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from llmvis.augment_config import AugmentConfig
from llmvis.prompts.language import normalize
from llmvis.prompts.lexicon import COLORS
from llmvis.prompts.synonyms import COLORS_TOO

VIEW = np.dtype(
    [
        ("example", "i8"),
        ("mirrored", "?"),
        ("box", "f4", 4),  # left, top, right, bottom in [0, 1]; of the mirrored one
        ("brightness", "f4"),  # 1 leaves the values
        ("contrast", "f4"),
        ("tint", "f4", 3),  # of red, green and blue
    ]
)
_WHOLE = (0.0, 0.0, 1.0, 1.0)

# Chinese characters are letters to `\b`, and words of both stand side by side.
_START, _END = r"(?<![a-z])", r"(?![a-z])"
_SIDES = re.compile(
    # Not "bright" or "leftover", yet "left-handed", "rightmost", "leftwards", "righty".
    rf"{_START}(left|right)(|s|y|ies|most|hand\w*|side\w*|wards?|wing\w*){_END}"
    rf"|{_START}((counter|anti)-?)?clockwise{_END}"
    rf"|{_START}(lefties|southpaws?|starboard|port side){_END}"
    rf"|{_START}(north|south)?-?(east|west)(|ern|wards?|bound){_END}"
    rf"|{_START}(gauche|droite?|lin(ks|k[e][nrs]?)|rechts|rechte[nrs]?){_END}"
    rf"|{_START}(sinistr[aoei]|destr[aoei]|izquierd[ao]s?|derech[ao]s?){_END}"
    rf"|{_START}(esquerd[ao]s?|direit[ao]s?){_END}"
    # 左右 in any word, but 东 and 西 only as directions: not in 东西 or 西瓜.
    r"|[左右]|[东東西][边側侧面方部向北南]|[朝向往偏][东東西](?!瓜)|[顺順逆][时時][针針]"
)
_WRITING = re.compile(
    rf"{_START}(texts?|letter(s|ing|ed)?|words?|writ(ing|ten|es?)|reads?|says?){_END}"
    rf"|{_START}(saying|logos?|sign(s|age|posts?|boards?)?|labels?|labell?ed){_END}"
    rf"|{_START}(numbers?|numerals?|numeric|digits?|digital|alphabets?|keycaps?){_END}"
    rf"|{_START}(keyboards?|captions?|posters?|billboards?|newspapers?){_END}"
    rf"|{_START}(licen[cs]e plates?|clocks?|maps?|flags?){_END}"
    r"|[字钟鐘旗]|地[图圖]|招牌|[路车車]牌|[标標][志誌语語签籤牌]"
)
_MORE_COLORS = (
    *("amber", "aqua", "beige", "blond", "blonde", "bronze", "copper", "cream", "cyan"),
    *("ginger", "indigo", "khaki", "magenta", "maroon", "mauve", "olive", "rose"),
    *("salmon", "tan", "teal", "turquoise", "dark", "pale", "colorful", "colourful"),
    *("colored", "coloured", "rainbow", "multicolored", "monochrome", "pastel"),
)


def _color_pattern() -> re.Pattern:
    names = [name for color in COLORS.values() for name in color.en]
    names += [n for named in COLORS_TOO.values() for n in named if n.isascii()]
    english = "|".join(map(re.escape, sorted({*names, *_MORE_COLORS})))
    # Any word with such a character, 白菜 too: at the worst a copy keeps its colours.
    chinese = "红橙橘黄绿青蓝紫粉棕褐黑白灰金银銀彩色"
    return re.compile(rf"{_START}({english})(s|y|n|en|ish|d?ish)?{_END}|[{chinese}]")


_COLORS = _color_pattern()


def tells_side(caption: str) -> bool:
    """Says whether a caption may be false of the mirrored picture."""
    text = normalize(caption)
    return bool(_SIDES.search(text)) or any(map(_is_of_other_script, text))


def shows_writing(caption: str) -> bool:
    """Says whether a caption speaks of what nobody would see mirrored."""
    return bool(_WRITING.search(normalize(caption)))


def names_color(caption: str) -> bool:
    """Says whether a caption may be false of the tinted picture."""
    return bool(_COLORS.search(normalize(caption)))


def draw_views(
    captions: Sequence[Sequence[str]], config: AugmentConfig, seed: int
) -> tuple[np.ndarray, list[list[str]]]:
    """Draws the copies of each picture, and picks the captions that are true of them.

    What is drawn for a picture depends on the seed, its position and its captions
    alone. A copy that would be like the picture itself is left out.

    Args:
        captions: Those of each picture.
        config: How many copies, and how far they may be from the picture.
        seed: Of the copies.

    Returns:
        Views of dtype `VIEW`, each picture followed by its copies, and the captions of
        each view.
    """
    pairs = [
        pair
        for example, texts in enumerate(captions)
        for pair in _views_of(example, texts, config, seed)
    ]
    views = np.array([view for view, _ in pairs], VIEW)
    return views, [said for _, said in pairs]


def _views_of(
    example: int, captions: Sequence[str], config: AugmentConfig, seed: int
) -> Iterator[tuple[tuple, list[str]]]:
    plain = (example, False, _WHOLE, 1.0, 1.0, (1.0, 1.0, 1.0))
    yield plain, list(captions)
    of_mirrored = [text for text in captions if not tells_side(text)]
    may_flip = (
        config.flip and bool(of_mirrored) and not any(map(shows_writing, captions))
    )
    tint = 0.0 if any(map(names_color, captions)) else config.tint
    for number in range(config.num_copies):
        rng = np.random.default_rng((seed, example, number))
        mirrored = may_flip and number % 2 == 0
        view = (
            example,
            mirrored,
            _box(config.crop, rng),
            1 + config.brightness * rng.uniform(-1, 1),
            1 + config.contrast * rng.uniform(-1, 1),
            tuple(1 + tint * rng.uniform(-1, 1, 3)),
        )
        if view != plain:
            yield view, of_mirrored if mirrored else list(captions)


def _box(crop, rng):
    size = 1 - crop * rng.random()
    left, top = (1 - size) * rng.random(2)
    return (left, top, left + size, top + size)


def names_of_views(names: Sequence[str], views: np.ndarray) -> list[str]:
    """Names what is seen, from the names of the pictures it is made of.

    Args:
        names: Each of other pixels.
        views: What is made of which, dtype `VIEW`, shape `(M,)`.
    """
    made = [name for name in VIEW.names or () if name != "example"]
    return [
        " ".join([names[view["example"]], *(str(view[name].tolist()) for name in made)])
        for view in views
    ]


class AugmentedPixels:
    """Pictures seen in other ways, each made when it is asked for.

    Args:
        pixels: Shape `(N, Y, X, 3)`, uint8.
        views: What is made of which, dtype `VIEW`, shape `(M,)`.
    """

    def __init__(self, pixels: np.ndarray, views: np.ndarray):
        self._pixels, self._views = pixels, views
        self.shape = (len(views), *pixels.shape[1:])

    def __len__(self) -> int:
        return len(self._views)

    def __getitem__(self, rows) -> np.ndarray:
        """The pictures of a slice or of an array of rows, `(B, Y, X, 3)` uint8."""
        views = self._views[rows]
        return np.stack([_seen(self._pixels[v["example"]], v) for v in views])


def _seen(image: np.ndarray, view: np.void) -> np.ndarray:
    if view["mirrored"]:
        image = image[:, ::-1]
    if tuple(view["box"]) != _WHOLE:
        height, width = image.shape[:2]
        box = view["box"] * np.array([width, height, width, height], "f4")
        # Rounding may put an end a hair outside, which Pillow refuses.
        box = np.clip(box, 0, [width, height, width, height])
        whole = Image.fromarray(np.ascontiguousarray(image))
        image = np.asarray(whole.resize((width, height), box=tuple(box.tolist())))
    gains = view["brightness"] * view["tint"]
    if view["contrast"] == 1 and np.all(gains == 1):
        return image
    values = image.astype("f4")
    mean = values.mean()
    values = (mean + (values - mean) * view["contrast"]) * gains
    return np.clip(np.round(values), 0, 255).astype("uint8")


def _is_of_other_script(character: str) -> bool:
    is_chinese = "\u3400" <= character <= "\u9fff" or character >= "\U00020000"
    return character.isalpha() and not character.isascii() and not is_chinese
