"""Items to pictures, in several processes, each file's content once."""

import hashlib
import pickle
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np

from llmvis.config import IngestConfig
from llmvis.datasets import look_alikes
from llmvis.datasets.image_files import picture_id, read_square
from llmvis.datasets.item import Item
from llmvis.datasets.picture_cache import KEY_SIZE, Entry, PictureCache, salt
from llmvis.datasets.place import Place
from llmvis.datasets.splitting import SPLITS, UNKNOWN
from llmvis.errors import RefusedItem
from llmvis.png import encode_png
from llmvis.prompts import language
from llmvis.records import Refusal

# Unicode's names of one drawing in six skins: none may be tested if one is trained on.
_SKIN_TONE = re.compile(r"(?:medium-)?(?:light|medium|dark) skin tone")
_WORD = re.compile(r"[^\s:,]+")

# What is known of an accepted item while all are compared: 120 bytes of each.
FACTS = np.dtype(
    [
        ("key", "u1", KEY_SIZE),
        ("picture", "u8"),
        ("look", "u1", look_alikes.LOOK_SIZE),
        ("caption", "u8"),
        ("given", "i8"),
    ]
)


class Packed:
    """A listing in memory, in a tenth of the room that its items would take.

    A million items are a million Python objects with ten more in each.
    """

    def __init__(self, items: Iterable[Item | Refusal], chunk_size: int):
        iterator = iter(items)
        self._chunks: list[bytes] = []
        self._size = 0
        while chunk := list(islice(iterator, chunk_size)):
            self._chunks.append(zlib.compress(pickle.dumps(chunk), 1))
            self._size += len(chunk)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Item | Refusal]:
        for chunk in self._chunks:
            yield from unpack(chunk)

    @property
    def chunks(self) -> Sequence[bytes]:
        return self._chunks


def unpack(chunk: bytes) -> list[Item | Refusal]:
    """Gives the items of one chunk back."""
    return pickle.loads(zlib.decompress(chunk))  # of this process's own making


@dataclass(slots=True)
class Reading:
    """What became of a chunk of items."""

    facts: np.ndarray  # (N,) FACTS, of the accepted ones
    refusals: dict[int, Refusal]  # by position in the chunk; not those of the listing
    new: list[Entry]  # what the cache does not have yet
    used: bytes  # keys of the cache, one after another, of all that were read
    size: int
    notes: Counter = field(default_factory=Counter)


def read_chunk(
    chunks: Sequence[bytes], config: IngestConfig, cache: Path | None
) -> list[Reading]:
    """Reads chunks of a listing; what the cache has is not decoded again."""
    with PictureCache(cache) if cache else nullcontext() as pictures:
        return [_read(unpack(chunk), config, pictures) for chunk in chunks]


def forget_place() -> None:
    """Lets the next reading in this process look at the place anew."""
    _place.cache_clear()


def _read(
    items: list[Item | Refusal], config: IngestConfig, cache: PictureCache | None
) -> Reading:
    place, salted = _place(config.path), salt(config)
    reading = Reading(np.empty(0, FACTS), {}, [], b"", len(items))
    facts: list[tuple] = []
    used: list[bytes] = []
    fresh: dict[bytes, Entry] = {}
    for position, item in enumerate(items):
        if isinstance(item, Refusal):
            continue
        try:
            data = item.picture.read(place)
            key = hashlib.sha256(salted + data).digest()
            used.append(key)
        except RefusedItem as error:
            reading.refusals[position] = item.refused(error)
            continue
        entry = fresh.get(key) or (cache.get(key) if cache else None)
        if entry is None:
            entry = fresh[key] = _decode(key, data, config)
        if entry.reason:
            broken = RefusedItem(entry.reason, entry.fix)
            reading.refusals[position] = item.refused(broken)
            continue
        facts.append(_facts(item, entry))
        reading.notes.update(item.notes)
    reading.facts = np.array(facts, FACTS)
    reading.new, reading.used = list(fresh.values()), b"".join(used)
    return reading


def _facts(item: Item, entry: Entry) -> tuple:
    picture = int(entry.picture_id[:16], 16)
    return (
        np.frombuffer(entry.key, np.uint8),
        picture,
        np.frombuffer(entry.look, np.uint8),
        picture if item.names_class else caption_key(item),
        SPLITS.index(item.split) if item.split else UNKNOWN,
    )


def _decode(key: bytes, data: bytes, config: IngestConfig) -> Entry:
    try:
        pixels, (width, height) = read_square(data, config)
    except RefusedItem as error:
        return Entry(key=key, reason=error.reason, fix=error.fix)
    return Entry(
        key=key,
        picture_id=picture_id(pixels),
        look=look_alikes.look(pixels).tobytes(),
        width=width,
        height=height,
        png=encode_png(pixels),
    )


def caption_key(item: Item) -> int:
    """Names what the caption says, so that another drawing of it has the same name."""
    name = _SKIN_TONE.sub("", language.normalize(item.captions[0].text))
    name = " ".join(_WORD.findall(name))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


@lru_cache(maxsize=1)
def _place(address: str) -> Place:
    return Place(address)
