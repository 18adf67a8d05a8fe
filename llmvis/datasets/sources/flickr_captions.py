"""The captions files of Flickr8k and Flickr30k, and others of their forms.

    1000268201_693b08cb0e.jpg#0 <tab> A child in a pink dress ...   Flickr8k.token.txt
    1000092795.jpg| 0| Two young guys ...                           results.csv
    1000268201_693b08cb0e.jpg,A child in a pink dress ...           captions.txt

Pictures lie beside the file or in one folder below, such as `Images/`.
`Flickr_8k.trainImages.txt` and the like beside it give the splits.
"""

import re
from collections.abc import Iterator

from llmvis.datasets import caption_text
from llmvis.datasets.encodings import decode
from llmvis.datasets.item import InFile, Item, refuse
from llmvis.datasets.place import Place
from llmvis.datasets.table_items import split_named
from llmvis.errors import DataError, RefusedItem
from llmvis.records import Refusal

_FILE = re.compile(
    r"\w+(?<!lemma)\.token(\.txt)?|results\w*\.csv|captions\.(txt|token)"
)
_LINE = re.compile(
    r"(?P<file>[^|#\t,]+\.\w{3,4})(?:#\d+\s|\s*\|\s*\d+\s*\||\s*,|\t)\s*(?P<text>.*)"
)
_SPLIT_FILE = re.compile(r"[^/]*?(train|dev|val|test)(images)?\.txt", re.IGNORECASE)


def is_here(place: Place) -> bool:
    """Tells by the first lines of a file named as theirs are."""
    file = _file(place)
    lines = decode(place.read(file))[0].splitlines()[:3] if file else ()
    return any(_LINE.fullmatch(line.strip()) for line in lines)


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists every image that a line names, and those that none does."""
    file = _file(place)
    if file is None:
        raise DataError(
            f"{place.address} has no captions file. Put captions.txt into it, with "
            "a line such as `1000268201.jpg,A child climbs the stairs.` for each."
        )
    text, encoding = decode(place.read(file))
    captions: dict[str, list[tuple[str, None]]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line.strip())
        if match:
            texts = captions.setdefault(match["file"], [])
            texts.append((match["text"].strip(' "'), None))
        elif line.strip() and number > 1:  # the first line may name the columns
            error = RefusedItem("it names no image file", "Correct the line.")
            yield refuse(f"line {number}", file, error)
    yield from _items(place, file, captions, caption_text.said_encoding(encoding))


def _items(place: Place, file: str, captions, said) -> Iterator[Item | Refusal]:
    split_of = _splits(place)
    left = {name.rpartition("/")[2]: name for name in place.image_names}
    where = f"captions in {file}"
    for title, texts in captions.items():
        name = left.pop(title, title)
        try:
            cleaned, notes = caption_text.clean(texts)
        except RefusedItem as error:
            yield refuse(name, where, error)
            continue
        yield Item(
            name=name,
            where=where,
            picture=InFile(name),
            captions=cleaned,
            split=split_of.get(title),
            notes=(*said, *notes),
        )
    for name in left.values():
        unnamed = RefusedItem("no caption is of it", "Write one, or take it away.")
        yield refuse(name, file, unnamed)


def _file(place: Place) -> str | None:
    return next((name for name in place.names if _FILE.fullmatch(name)), None)


def _splits(place: Place) -> dict[str, str | None]:
    return {
        line.strip(): split_named(match[1])
        for name in place.names
        if (match := _SPLIT_FILE.fullmatch(name))
        for line in decode(place.read(name))[0].splitlines()
    }
