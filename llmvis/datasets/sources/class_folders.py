"""A folder for each class, whose name is the caption: `red_fox/0001.jpg`.

Folders `train`, `validation` and `test` may stand above the classes.
"""

import re
from collections.abc import Iterator

from llmvis.datasets import caption_text
from llmvis.datasets.item import InFile, Item, refuse
from llmvis.datasets.place import Place
from llmvis.datasets.table_items import split_named
from llmvis.errors import RefusedItem
from llmvis.records import Refusal


def is_here(place: Place) -> bool:
    """Tells by two folders or more with pictures in them."""
    if place.only:
        return False
    # A single folder is as likely to be called `images` as after a class.
    return len({_class_of(name) for name in place.image_names} - {""}) > 1


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists every file, captioned by its folder."""
    for name in place.names:
        try:
            captions, notes = caption_text.clean([(_class_of(name), None)])
        except RefusedItem:
            error = RefusedItem(
                "it is in no folder of a class", "Put it into one, or take it away."
            )
            yield refuse(name, "", error)
            continue
        yield Item(
            name=name,
            picture=InFile(name),
            captions=captions,
            names_class=True,
            split=split_named(name.partition("/")[0]),
            notes=notes,
        )


def _class_of(name: str) -> str:
    """Reads the class: the folder the file is in, numbers before it left out."""
    folders = name.split("/")[:-1]
    if folders and split_named(folders[0]):
        folders = folders[1:]
    # 017.Cardinal, n02123045-tabby, red_fox
    title = re.sub(r"^(?:\d+|n\d{8})[ ._-]+", "", folders[-1]) if folders else ""
    return re.sub(r"[_ -]+", " ", title).strip()
