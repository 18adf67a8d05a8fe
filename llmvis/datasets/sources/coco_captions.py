"""COCO's caption annotations: `annotations/captions_train2017.json` and the pictures.

A picture lies where the file says, under the split's folder (`train2017/`), or anywhere
that no other of its name does. Karpathy's `dataset_coco.json` is read too.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmvis.datasets import caption_text
from llmvis.datasets.encodings import decode
from llmvis.datasets.item import InFile, Item, refuse, refuse_rest
from llmvis.datasets.place import Place, needing
from llmvis.datasets.table_items import facts_of, split_named
from llmvis.errors import DataError, RefusedItem
from llmvis.records import Refusal

_FILES = re.compile(r"(annotations/)?(\w*captions?\w*|dataset_\w+)\.json")
_COLUMNS = {"caption": None, "captions": None, "sentences": None}
_NO_ANNOTATION = RefusedItem("it has no image_id and caption", "Correct or remove it.")
_UNNAMED = RefusedItem("no annotation is of it", "Write one, or take it away.")
_NO_IMAGE = RefusedItem("it is no object with a file_name", "Correct or remove it.")


def is_here(place: Place) -> bool:
    """Tells by a file of annotations."""
    return any(b'"images"' in place.read(name) for name in _files(place))


def list_items(place: Place) -> Iterator[Item | Refusal]:
    """Lists every image of the annotations, and the pictures that none is of."""
    places: dict[str, list[str]] = defaultdict(list)
    for name in place.image_names:
        places[name.rpartition("/")[2]].append(name)
    named: set[str] = set()
    for file in _files(place):
        yield from _list_images(place, file, places, named)
    yield from refuse_rest(place, named, _UNNAMED)


def _list_images(
    place: Place, file: str, places: dict[str, list[str]], named: set[str]
) -> Iterator[Item | Refusal]:
    content = _parse(place, file)
    split = split_named(re.sub(r"[^a-z].*", "", file.rpartition("captions_")[2]))
    licenses = {
        one.get("id"): one.get("name", "unknown")
        for one in _mappings(content.get("licenses", ()))
    }
    captions = defaultdict(list)
    for number, annotation in enumerate(content.get("annotations", ())):
        try:
            captions[annotation["image_id"]].append(annotation["caption"])
        except (TypeError, KeyError):
            yield refuse(f"annotations[{number}]", file, _NO_ANNOTATION)
    for number, image in enumerate(content["images"]):
        if not isinstance(image, Mapping):
            yield refuse(f"images[{number}]", file, _NO_IMAGE)
            continue
        row = {"split": split, "captions": captions.pop(image.get("id"), []), **image}
        row["license"] = licenses.get(image.get("license"), "unknown")
        wanted, found = _find(row, places)
        named.update(found)
        yield _item(row, file, wanted, found)
    for number, texts in captions.items():
        lost = f"it is not listed, and has captions: {texts[0]!r}"
        yield refuse(f"image {number}", file, RefusedItem(lost, "List it."))


def _find(
    row: Mapping[str, Any], places: dict[str, list[str]]
) -> tuple[str, list[str]]:
    """Gives the name that the annotations have, and the pictures that it may mean."""
    title = str(row.get("file_name") or row.get("filename") or "")
    wanted = f"{row['filepath']}/{title}" if row.get("filepath") else title
    named = places.get(title.rpartition("/")[2], [])
    ends = [name for name in named if f"/{name}".endswith(f"/{wanted}")] or named
    return wanted, [name for name in ends if (row["split"] or "")[:3] in name] or ends


def _item(
    row: Mapping[str, Any], file: str, wanted: str, found: list[str]
) -> Item | Refusal:
    where = f"captions in {file}"
    if len(found) > 1:
        which = f"it may be any of {', '.join(found[:3])}"
        return refuse(wanted, where, RefusedItem(which, f"Name its folder in {file}."))
    try:
        captions, notes = caption_text.of_row(row, _COLUMNS)
    except RefusedItem as error:
        return refuse(wanted, where, error)
    name = found[0] if found else wanted
    return Item(
        name=name,
        where=where,
        picture=InFile(name),
        captions=captions,
        notes=notes,
        **facts_of(row),
    )


def _mappings(values: Iterable[Any]) -> list[Mapping[str, Any]]:
    return [value for value in values if isinstance(value, Mapping)]


def _files(place: Place) -> list[str]:
    if place.only:
        return [place.only] if place.only.endswith(".json") else []
    return [name for name in place.names if _FILES.fullmatch(name)]


def _parse(place: Place, name: str) -> dict[str, Any]:
    with needing(name):
        data = place.read(name)
    try:
        content = json.loads(decode(data)[0])
        content["images"][:0], content.get("annotations", [])[:0]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError(
            f"{name} does not read like COCO's captions: {type(error).__name__}: "
            f"{error}. It has to be JSON with images and annotations."
        ) from error
    return content
