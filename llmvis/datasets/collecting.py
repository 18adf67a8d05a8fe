"""Captioned pictures of any source to a folder of examples; nothing gets lost.

List everything, read each file's content once, group and split what was accepted, and
write it in the order of the listing. Between the passes 120 bytes of each item are
kept, and the pictures are in the cache.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from llmvis import storage
from llmvis.config import IngestConfig
from llmvis.datasets import card, cluster, reading
from llmvis.datasets.image_files import parse_color
from llmvis.datasets.item import Item, refuse_unread
from llmvis.datasets.picture_cache import Entry, PictureCache
from llmvis.datasets.place import Place
from llmvis.datasets.sources import SOURCES
from llmvis.datasets.splitting import SPLITS, Assignment, assign, read_earlier
from llmvis.errors import DataError, RefusedItem
from llmvis.processes import map_chunks
from llmvis.prompts import language
from llmvis.records import Refusal

_ITEMS_PER_CHUNK = 64  # more would make Ctrl-C slow, fewer the handing over
_CACHE = "pictures.sqlite"
_LEAK = RefusedItem(
    "the same picture, pixel for pixel, is in a later split of the source",
    "Remove one of the two, or put both into one split.",
)

_ALIKE = "left where it was, though a later split has what looks alike"


@dataclass(slots=True)
class Found:
    """What a reading of all items gave."""

    facts: np.ndarray  # (N,) reading.FACTS, of the accepted ones, in order
    refusals: dict[int, Refusal]  # by position; not those of the listing
    used: list[bytes]  # keys of the cache, those of a chunk in each
    notes: Counter


@dataclass(frozen=True, slots=True)
class Written:
    """What is left to say when the examples are written."""

    counts: dict[str, int]  # of each split, and how many items were `refused`
    notes: Counter
    used: list[bytes]  # keys of the cache, those of a chunk in each


@dataclass(frozen=True, slots=True)
class Collector:
    """Reads what `config` names; see `ingestion.ingest` for the rest."""

    config: IngestConfig
    cache: Path
    num_processes: int
    report: Callable[[int, int, str], None]

    def collect(self, folder: Path) -> dict[str, int]:
        """Replaces `folder` by the examples, the refusals and a data card.

        What it holds already, pixel for pixel, stays in its split.
        """
        parse_color(self.config.background)
        reading.forget_place()
        place = Place(self.config.path)
        loading = threading.Thread(target=language.load)  # for the card, meanwhile
        loading.start()
        with PictureCache(self._cached) as pictures, storage.staged(folder) as staging:
            written = self._fill(staging, folder, place, pictures)
            loading.join()
            card.write(staging, place.title, self.config, written.notes)
            pictures.keep_only(written.used)
        return written.counts

    def _fill(
        self, folder: Path, earlier: Path, place: Place, pictures: PictureCache
    ) -> Written:
        """Writes all but the card; listing and facts are gone when it is made."""
        listed = SOURCES[self.config.source].list_items(place)
        listed = chain(listed, refuse_unread(place))
        listing = reading.Packed(listed, _ITEMS_PER_CHUNK)
        found = self._read(listing, pictures)
        facts = found.facts
        assignment = assign(
            facts["picture"],
            facts["look"],
            captions=facts["caption"],
            given=facts["given"],
            earlier=read_earlier(earlier, facts["picture"]),
        )
        if assignment.alike.any():
            found.notes[_ALIKE] = int(assignment.alike.sum())
        with storage.ExamplesWriter(folder) as writer:
            results = _results(listing, found, assignment, pictures)
            self._write(writer, results, len(listing), place.title)
        self._require_all(writer, len(listing))
        counts = {**writer.counts, "refused": writer.num_refused}
        return Written(counts, found.notes, found.used)

    def _read(self, listing: reading.Packed, pictures: PictureCache) -> Found:
        """Reads every item; what is new goes into the cache as it comes."""
        facts, accepted = np.empty(len(listing), reading.FACTS), 0
        refusals: dict[int, Refusal] = {}
        used: list[bytes] = []
        notes: Counter[str] = Counter()
        done = 0
        for part in self._parts(listing):
            pictures.add(part.new)
            facts[accepted : accepted + len(part.facts)] = part.facts
            accepted += len(part.facts)
            used.append(part.used)
            refusals |= {done + at: refusal for at, refusal in part.refusals.items()}
            notes += part.notes
            done += part.size
            self.report(done, len(listing), f"reading {self.config.source}")
        return Found(facts[:accepted], refusals, used, notes)

    @property
    def _cached(self) -> Path:
        return self.cache / _CACHE

    def _parts(self, listing: reading.Packed) -> Iterator[reading.Reading]:
        if self.config.engine is None:
            return map_chunks(
                reading.read_chunk,
                listing.chunks,
                self.config,
                self._cached,
                chunk_size=1,
                num_processes=self.num_processes,
            )
        local = Path(self.config.path)
        there = str(local.absolute()) if local.exists() else self.config.path
        config = replace(self.config, path=there)  # workers run in other folders
        # No cache: SQLite is not to be shared between machines.
        return cluster.map_chunks(
            self.config.engine, reading.read_chunk, listing.chunks, config, None
        )

    def _write(self, writer, results, size: int, title: str) -> None:
        """Writes every result, its source named from the place on."""
        for done, result in enumerate(results, start=1):
            if isinstance(result, Refusal):
                source = _shown(f"{title}/{result.source}")
                reason = _shown(result.reason)
                writer.refuse(replace(result, source=source, reason=reason))
            else:
                source = _shown(f"{title}/{result['source']}")
                license_ = _shown(result["license"])
                writer.add_row({**result, "source": source, "license": license_})
            if done % _ITEMS_PER_CHUNK == 0 or done == size:
                self.report(done, size, f"writing {self.config.source}")

    def _require_all(self, writer: storage.ExamplesWriter, seen: int) -> None:
        accepted = sum(writer.counts.values())
        if accepted + writer.num_refused != seen:
            raise DataError(
                f"{seen} items were seen, {accepted} accepted and {writer.num_refused} "
                "refused: some got lost. Run it again while nothing writes there."
            )
        if not writer.counts.get("train"):
            first = writer.first_refusal
            why = f", the first, {first.source}: {first.reason}" if first else ""
            raise DataError(
                f"{self.config.source} gave no training example: {accepted} accepted, "
                f"{writer.num_refused} refused{why}. Check ingest.path, which is "
                f"{self.config.path}."
            )


def _shown(text: str) -> str:
    """Spells out the bytes of a file's name that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _results(
    listing: reading.Packed,
    found: Found,
    assignment: Assignment,
    pictures: PictureCache,
) -> Iterator[dict | Refusal]:
    """Makes a row of storage, or a refusal, of each item in order."""
    accepted = enumerate(pictures.in_order(found.facts["key"]))
    for position, item in enumerate(listing):
        if isinstance(item, Refusal):
            yield item
            continue
        if position in found.refusals:
            yield found.refusals[position]
            continue
        number, entry = next(accepted)
        if assignment.leak[number]:
            yield item.refused(_LEAK)
            continue
        group = f"{assignment.group[number]:016x}"
        yield _row(item, entry, SPLITS[assignment.split[number]], group)


def _row(item: Item, entry: Entry, split: str, group: str) -> dict:
    return {
        "example_id": entry.picture_id,
        "image": storage.image_cell(entry.picture_id, entry.png),
        "captions": storage.captions_cell(item.captions),
        "split": split,
        "group_id": group,
        "source": f"{item.name} from {item.origin}" if item.origin else item.name,
        "license": item.license,
        "width": entry.width,
        "height": entry.height,
        "scene": "",
    }
