"""WebDataset: tar files whose members share a name, `0001.jpg` and `0001.txt`.

As img2dataset and others write them. The captions are in `.txt` (a line each) or in
the `.json`, under `caption` or `text`. Nothing is unpacked.
"""

import json
import re
import tarfile
from collections.abc import Iterator
from typing import BinaryIO

from llmvis.datasets import caption_text, tars
from llmvis.datasets.encodings import decode
from llmvis.datasets.item import InTar, Item, refuse, refuse_rest
from llmvis.datasets.place import IMAGE_SUFFIXES, Place
from llmvis.datasets.table_items import facts_of, split_named
from llmvis.errors import RefusedItem
from llmvis.records import Refusal

_CAPTIONS = (".txt", ".caption", ".cap")
_LOOSE = RefusedItem("it is in no tar", "Pack it with its caption, or take it away.")
_ENDING = re.compile(r"\.(?=[^/]*$)")  # begins at the first dot of a/0001.seg.png
Members = dict[str, tarfile.TarInfo]  # ending -> member, of one record


def is_here(place: Place) -> bool:
    """Tells by a tar file."""
    return any(name.endswith(".tar") for name in place.names)


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists the records of all tar files, and the pictures that are in none."""
    tar_names = [name for name in place.names if name.endswith(".tar")]
    for name in tar_names:
        try:
            file = place.open(name)
        except RefusedItem as error:
            yield refuse(name, "", error)
            continue
        with file:
            yield from _records(name, file)
    yield from refuse_rest(place, frozenset(tar_names), _LOOSE)


def _records(tar: str, file: BinaryIO) -> Iterator[Item | Refusal]:
    """Records follow each other, as WebDataset asks: a new name begins a new one."""
    key, members = "", Members()
    for name, member in tars.members(tar, file):
        if isinstance(member, RefusedItem):
            yield refuse(name, tar, member)
            continue
        stem, *ending = _ENDING.split(name, maxsplit=1)
        if stem != key and members:
            yield _item(tar, key, members, file)
            members = {}
        key = stem
        members["".join([".", *ending]).lower()] = member
    if members:
        yield _item(tar, key, members, file)


def _item(tar: str, key: str, members: Members, file: BinaryIO) -> Item | Refusal:
    image = next((m for end, m in members.items() if end in IMAGE_SUFFIXES), None)
    if image is None:
        only = f"there is no picture, only {', '.join(members)}"
        return refuse(key, tar, RefusedItem(only, "Download it again."))
    text = next((members[end] for end in _CAPTIONS if end in members), None)
    try:
        row = _row(members.get(".json"), file)
        if text is None:
            captions, notes = caption_text.of_row(
                row, caption_text.caption_columns(row)
            )
        else:
            captions, notes = caption_text.of_file(tars.read(text, file))
    except RefusedItem as error:
        return refuse(key, tar, error)
    facts = facts_of(row)
    facts["split"] = facts["split"] or split_named(re.split(r"[-/]", tar)[0])
    return Item(
        name=image.name,
        where=tar,
        picture=InTar(tar, image.offset_data, image.size),
        captions=captions,
        notes=notes,
        **facts,
    )


def _row(member: tarfile.TarInfo | None, file: BinaryIO) -> dict:
    try:
        row = json.loads(decode(tars.read(member, file))[0]) if member else {}
    except (ValueError, RecursionError) as error:
        raise RefusedItem(f"its .json is broken: {error}", "Correct it.") from error
    return row if isinstance(row, dict) else {}
