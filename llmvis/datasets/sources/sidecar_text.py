"""Image files, each with a text file of the same name beside it: `a.jpg`, `a.txt`.

Each line of the text file is a caption. The ending may also be `.caption`.
"""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from llmvis.datasets import caption_text
from llmvis.datasets.encodings import Codec, find_usual
from llmvis.datasets.item import InFile, Item, refuse
from llmvis.datasets.place import IMAGE_SUFFIXES, Place, suffix
from llmvis.datasets.table_items import split_named
from llmvis.errors import RefusedItem
from llmvis.records import Refusal

_TEXTS = (".txt", ".caption")
_MOST_FOR_ENCODING = 200  # texts that are read twice, to find out their encoding


def is_here(place: Place) -> bool:
    """Tells by a picture that has a text beside it."""
    return not place.only and any(_text_of(place, name) for name in place.image_names)


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists every picture, and every text that has none."""
    stems = {_stem(name) for name in place.image_names}
    usual = find_usual(_some_texts(place))
    for name in place.names:
        if suffix(name) in IMAGE_SUFFIXES:
            yield _item(place, name, usual)
        elif suffix(name) in _TEXTS and _stem(name) not in stems:
            error = RefusedItem(
                "it is a caption without a picture",
                "Put the picture beside it, with the same name.",
            )
            yield refuse(name, "", error)
        elif suffix(name) not in (*_TEXTS, ".json"):  # .json: what img2dataset knows
            error = RefusedItem("it is neither picture nor caption", "Take it away.")
            yield refuse(name, "", error)


def _some_texts(place: Place) -> Iterator[bytes]:
    names = (name for name in place.names if suffix(name) in _TEXTS)
    for name in islice(names, _MOST_FOR_ENCODING):
        with suppress(RefusedItem):  # as a caption it is refused, and so said
            yield place.read(name)


def _item(place: Place, name: str, usual: Codec | None) -> Item | Refusal:
    text = _text_of(place, name)
    try:
        data = place.read(text) if text else b""
        captions, notes = caption_text.of_file(data, usual)
    except RefusedItem as error:
        return refuse(name, f"captions in {text}" if text else "", error)
    return Item(
        name=name,
        where=text or "",
        picture=InFile(name),
        captions=captions,
        split=split_named(name.partition("/")[0]),
        notes=notes,
    )


def _text_of(place: Place, name: str) -> str | None:
    candidates = (f"{start}{end}" for end in _TEXTS for start in (_stem(name), name))
    return next((text for text in candidates if text in place.name_set), None)


def _stem(name: str) -> str:
    return name[: len(name) - len(suffix(name))]
