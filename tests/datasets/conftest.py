"""Small folders of pictures, and an ingest of them from beginning to end."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llmvis import config, storage
from llmvis.datasets.ingestion import ingest
from llmvis.datasets.item import Item
from llmvis.datasets.place import Place
from llmvis.datasets.sources import SOURCES, detect

PARAMS = config.read(Path(__file__).parents[2] / "params.yaml")
SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture
def shared():
    """Names a folder of real data; it may only be missing on a developer's machine."""

    def find(name):
        folder = SHARED / name
        if not folder.is_dir() and os.environ.get("CI") != "true":
            pytest.skip(f"no {folder}")
        return folder

    return find


@pytest.fixture
def save():
    """Saves a picture that looks like no other number's: spots of its bits."""

    def save_picture(path, number=0, size=(32, 32), **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        bits = Image.new("RGB", (4, 4))
        for i in range(16):
            bright = 255 if number * 40503 >> i & 1 else 0
            bits.putpixel((i % 4, i // 4), (bright, number * 7 % 256, 255 - bright))
        bits.resize(size, Image.Resampling.BICUBIC).save(path, **options)

    return save_picture


@pytest.fixture
def listed():
    """Lists what is at a place, which its form must say: accepted, and refused."""

    def list_place(source, path):
        place = Place(str(path))
        assert detect(place) == source
        found = list(SOURCES[source].list_items(place))
        items = [one for one in found if isinstance(one, Item)]
        return items, [one for one in found if not isinstance(one, Item)]

    return list_place


class Ingested:
    """What `ingest` wrote into a folder."""

    def __init__(self, folder, counts):
        self.folder, self.counts = folder, counts
        self.fingerprint = storage.fingerprint(folder)
        self.examples = [
            example
            for split in storage.splits(folder)
            for example in storage.read_examples(folder, split)
        ]
        refusals = storage.read_refusals(folder)
        self.reasons = dict(zip(refusals.source, refusals.reason, strict=True))

    def __getitem__(self, name):
        """The example whose source ends like this."""
        [found] = [e for e in self.examples if e.source.endswith(name)]
        return found

    def reason(self, name):
        [found] = [r for source, r in self.reasons.items() if name in source]
        return found


@pytest.fixture
def take_in(tmp_path_factory):
    """Ingests what is at a path; the cache of the test is kept between calls."""
    home = tmp_path_factory.mktemp("project")

    def run(path, source=None, **values):
        asked = {"image_size": 32, "num_train_scenes": 1, "num_test_scenes": 1}
        asked |= {"source": source or detect(Place(str(path))), "path": str(path)}
        counts = ingest(
            replace(PARAMS.ingest, **asked | values),
            home / "examples",
            cache=home / "cache",
            num_processes=1,
            report=lambda *_: None,
        )
        return Ingested(home / "examples", counts)

    run.home = home
    return run
